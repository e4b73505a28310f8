// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/fsck-private.h"

/* Where in a checkout are the files that a repository has lost? The commits' trees say under which
 * paths, and the directory which of them there are. Nothing there is believed: no symlink is
 * followed, and a file is taken only if it is exactly the object. Private to repair.c. */

G_BEGIN_DECLS

typedef struct _UlRepairPaths UlRepairPaths;

/* For the content objects among the findings. @dir is the caller's own path. */
UlRepairPaths *ul_repair_paths_find (UlRepo *repo, const UlFsckResult *result, const char *dir,
                                     GError **error);
void ul_repair_paths_free (UlRepairPaths *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlRepairPaths, ul_repair_paths_free)

/* Stage the object from the first file that is it; *out_source is its path, or NULL, and then a
 * line about why is added to @reasons. FALSE: it can't be written. Any thread. */
gboolean ul_repair_paths_fetch (UlRepairPaths *self, UlWriter *writer, const UlChecksum *checksum,
                                GString *reasons, char **out_source, GError **error);

G_END_DECLS
