// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/transaction.h"
#include "repo/tree-diff.h"

/* What an overlay of layers shows, as a tree: the view of an image as a container has it. A
 * directory that only one layer brings is that layer's dirtree; one of several is made when it's
 * asked for, and is called by the dirtrees that it is made of. So trees of two images that have the
 * same layers below are equal there without a look at them.
 *
 * A marker hides what is below, an opaque directory and a file end what is merged; opaque xattrs
 * aren't seen. As for the kernel, the root is merged even if it's opaque, and markers in a
 * directory that only one layer has are names like others: an import leaves none there.
 *
 * One thread at a time. Takes memory by the directories that were asked for. */

G_BEGIN_DECLS

typedef struct _UlMerged UlMerged;

typedef enum
{
  UL_MERGED_SHOWN, /* what there is to be seen */
  UL_MERGED_LAYER, /* what is to lie on other layers: all that may hide something there stays */
} UlMergedPurpose;

/* @layers: of UlChecksum, commits, the lowest first. */
UlMerged *ul_merged_new (UlRepo *repo, const GArray *layers, UlMergedPurpose purpose,
                         GError **error);
void ul_merged_free (UlMerged *merged);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlMerged, ul_merged_free)

/* To be compared; it borrows @merged. */
UlTreeDiffSide ul_merged_side (UlMerged *merged);

/* Write all of it. Directories that only one layer brings stay the objects that they are. */
gboolean ul_merged_write (UlMerged *merged, UlWriter *writer, UlChecksum *out_tree,
                          UlChecksum *out_meta, GError **error);

G_END_DECLS
