// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "repo/repo.h"

/* How many files trees have, for numbering them as core/hardlinks.h does. A dirtree is loaded once,
 * however often it is named: a small commit may have more paths than could ever be walked. One
 * thread. */

G_BEGIN_DECLS

typedef struct _UlFileCounts UlFileCounts;

UlFileCounts *ul_file_counts_new (UlRepo *repo);
void ul_file_counts_free (UlFileCounts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlFileCounts, ul_file_counts_free)

/* Add the number of files in and below a dirtree to *n. UL_ERROR_UNSUPPORTED if that is more than
 * 32 bits hold. */
gboolean ul_file_counts_add (UlFileCounts *self, const UlChecksum *tree, guint32 *n,
                             GError **error);

/* The number of the first file in or below directory @path of the tree, which is there. */
gboolean ul_file_counts_before (UlFileCounts *self, const UlChecksum *tree, const char *path,
                                guint32 *out_n, GError **error);

/* *n += more, with the same error. */
gboolean ul_file_counts_sum (guint32 *n, gsize more, GError **error);

G_END_DECLS
