// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/repo.h"

/* Removing images: their refs, and those of layers, tar-splits and kept blobs that no other image
 * needs. What they take on disk is freed by a prune. Options struct: zero is the default. */

G_BEGIN_DECLS

typedef struct
{
  const char *const *names; /* in full, NULL-terminated; NULL: none */
  gboolean unused;          /* also layers, tar-splits, blobs that no image has */
  gboolean dry_run;         /* only find out */
} UlImageRemoveOptions;

/* Each in the order in which they went: images first, then their layers from the top, then the
 * unused ones by ID. */
typedef struct
{
  GPtrArray *images;     /* names: char * */
  GPtrArray *layers;     /* ids */
  GPtrArray *tar_splits; /* diff IDs, in hex */
  GPtrArray *blobs;      /* digests, in hex */
  GPtrArray *unread;     /* those of @images that are damaged: without @unused their layers stay */
} UlImageRemoveResult;

void ul_image_remove_result_clear (UlImageRemoveResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlImageRemoveResult, ul_image_remove_result_clear)

/* All is decided before anything goes: UL_ERROR_NOT_FOUND for a name that isn't there;
 * UL_ERROR_INVALID for a ref to which an alias leads that stays. An image that stays and can't be
 * read is an error, as what it needs isn't known then. Images go before layers, so that an
 * interrupted removal leaves no image without its layers, only unused layers.
 *
 * Under the exclusive lock, as an import counts on layers that it has found; a dry run takes none.
 * Durable on return unless fsync is off. */
gboolean ul_image_remove (UlRepo *repo, const UlImageRemoveOptions *options,
                          UlImageRemoveResult *out_result, GError **error);

G_END_DECLS
