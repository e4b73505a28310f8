// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-fill.h"

#include "image/store-describe.h"
#include "util/error.h"
#include "util/fd.h"

typedef struct
{
  UlRepo *repo;
  const UlImageLayer *layer;
  const UlStoreDiffOptions *options;
  int tar_split;
  UlStoreDiffStats *stats;
} Diff;

static gboolean
make_diff (int dfd, const char *name, gpointer data, GError **error)
{
  const Diff *diff = data;
  return ul_store_diff_make (diff->repo, diff->layer, diff->tar_split, diff->options, dfd, name,
                             diff->stats, error);
}

static gboolean
add_layer (UlStoreChange *change, UlRepo *repo, const UlImage *image, guint index,
           const UlStoreDiffOptions *options, UlStoreFillStats *io_stats, GError **error)
{
  const UlImageLayer *layer = image->layers->pdata[index];
  ul_autofd int tar_split = -1;
  if (!ul_image_open_tar_split (repo, &layer->diff_id, &tar_split, error))
    return FALSE;
  UlStoreLayer *described = ul_store_describe_layer (image, index, tar_split, error);
  if (described == NULL)
    return FALSE;
  Diff diff = {
    .repo = repo,
    .layer = layer,
    .options = options,
    .tar_split = tar_split,
    .stats = &io_stats->diff,
  };
  const UlStoreLayerSource source
      = { .make_diff = make_diff, .data = &diff, .tar_split_fd = tar_split };
  if (!ul_store_change_add_layer (change, described, &source, error))
    return FALSE;
  io_stats->layers++;
  return TRUE;
}

/* Has the store this image by this name? */
static gboolean
is_there (const UlStore *store, const UlImage *image)
{
  const UlStoreImage *there = ul_store_find_image (store, image->name);
  return there != NULL && there->has_digest && there->layer != NULL
         && ul_checksum_equal (&there->digest, &image->documents->manifest_digest);
}

gboolean
ul_store_fill (UlStoreChange *change, const UlStore *store, UlRepo *repo, const UlImage *image,
               const UlStoreDiffOptions *options, UlStoreFillStats *io_stats, GError **error)
{
  g_auto (UlStoreImageText) text = { 0 };
  if (!ul_store_describe_image (image, &text, error))
    return FALSE;
  if (is_there (store, image))
    {
      io_stats->unchanged++;
      return TRUE;
    }
  for (guint i = 0; i < image->layers->len; i++)
    {
      const UlImageLayer *layer = image->layers->pdata[i];
      if (!ul_store_change_has_layer (change, layer->id)
          && !add_layer (change, repo, image, i, options, io_stats, error))
        return ul_prefix (error, "image %s: layer %u", image->name, i + 1);
    }
  io_stats->images++;
  return ul_store_change_add_image (change, &text.spec, error)
         || ul_prefix (error, "image %s", image->name);
}
