// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/objects.h"

/* Many files of one tree looked up by path. The directories on the way to the last one stay loaded,
 * so that paths in an order that keeps directories together, as archives have it, load each of them
 * about once. Dirtrees are verified against their checksums: what leads somewhere else, or in a
 * circle, is UL_ERROR_CORRUPT. One thread at a time. */

G_BEGIN_DECLS

typedef struct _UlLookup UlLookup;

/* NULL if the root isn't there. */
UlLookup *ul_lookup_new (UlRepo *repo, const UlChecksum *root_tree, GError **error);
void ul_lookup_free (UlLookup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlLookup, ul_lookup_free)

/* The file at @path, "a/b". *out_found is FALSE where there is no such file; a directory is none,
 * and symlinks aren't followed. */
gboolean ul_lookup_file (UlLookup *self, const char *path, gboolean *out_found, UlChecksum *out,
                         GError **error);

G_END_DECLS
