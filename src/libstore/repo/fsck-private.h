// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/fsck.h"

/* The parts of fsck: objects in fsck.c, refs in fsck-refs.c, changes in fsck-mend.c. Private to
 * repo/. */

G_BEGIN_DECLS

/* Add a finding about a commit; takes @message. */
void ul_fsck_find (gpointer check, UlFsckKind kind, const UlChecksum *checksum, const char *ref,
                   char *message);

/* A commit that a ref points to is there. */
void ul_fsck_add_named (gpointer check, const UlChecksum *commit);

gboolean ul_fsck_check_refs (UlRepo *repo, const UlFsckOptions *options, gpointer check,
                             GError **error);

/* All commit objects of a repository, sorted. An array of UlChecksum. */
gboolean ul_fsck_list_commits (UlRepo *repo, GArray **out_commits, GError **error);

/* Delete what is corrupt and add tombstones, as asked. */
gboolean ul_fsck_mend (UlRepo *repo, const UlFsckOptions *options, UlFsckResult *result,
                       GError **error);

G_END_DECLS
