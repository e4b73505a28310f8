// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-fill.h"

#include "image/store-describe.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/pool.h"

/* Layers made at once. */
#define MAX_PARALLEL 4

/* A layer that isn't there yet. */
typedef struct
{
  UlRepo *repo;
  const UlImageLayer *layer;
  const UlStoreDiffOptions *options;
  int tar_split;
  UlStoreDiffStats stats;
} Diff;

static void
diff_clear (gpointer data)
{
  ul_fd_clear (&((Diff *) data)->tar_split);
}

/* UlStoreLayerSource.make_diff */
static gboolean
make_diff (int dfd, const char *name, UlStoreLayer *layer, gpointer data, GError **error)
{
  Diff *diff = data;
  g_auto (UlStoreOwners) owners;
  ul_store_owners_init (&owners);
  if (!ul_store_diff_make (diff->repo, diff->layer, diff->tar_split, diff->options, dfd, name,
                           &owners, &diff->stats, error))
    return FALSE;
  ul_store_owners_give (&owners, layer);
  return TRUE;
}

/* Those of the image that the store won't have: their indexes, and what is needed to make them. */
static gboolean
find_missing (const UlStoreChange *change, UlRepo *repo, const UlImage *image,
              const UlStoreDiffOptions *options, GArray *indexes, GArray *diffs, GError **error)
{
  for (guint i = 0; i < image->layers->len; i++)
    {
      const UlImageLayer *layer = image->layers->pdata[i];
      Diff diff = { .repo = repo, .layer = layer, .options = options, .tar_split = -1 };
      if (ul_store_change_has_layer (change, layer->id))
        continue;
      if (!ul_image_open_tar_split (repo, &layer->diff_id, &diff.tar_split, error))
        return ul_prefix (error, "layer %u", i + 1);
      g_array_append_val (indexes, i);
      g_array_append_val (diffs, diff);
    }
  return TRUE;
}

/* A layer is made in turns by one thread and by several: two at a time keep all of them busy. */
static gboolean
add_layers (UlStoreChange *change, UlRepo *repo, const UlImage *image,
            const UlStoreDiffOptions *options, UlStoreFillStats *io_stats, GError **error)
{
  UlStoreDiffOptions each = *options;
  g_autoptr (GArray) indexes = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GArray) diffs = g_array_new (FALSE, FALSE, sizeof (Diff));
  g_array_set_clear_func (diffs, diff_clear);
  if (!find_missing (change, repo, image, &each, indexes, diffs, error))
    return FALSE;
  const guint n = diffs->len;
  const guint jobs = ul_pool_jobs (options->jobs);
  const guint parallel = CLAMP (MIN (jobs, n), 1, MAX_PARALLEL);
  g_autofree UlStoreNewLayer *layers = g_new (UlStoreNewLayer, n);
  each.jobs = jobs == 1 ? 1 : MAX (2, jobs / parallel);
  for (guint i = 0; i < n; i++)
    {
      Diff *diff = &g_array_index (diffs, Diff, i);
      layers[i] = (UlStoreNewLayer){
        .layer = ul_store_describe_layer (image, g_array_index (indexes, guint, i)),
        .source = { .make_diff = make_diff, .data = diff, .tar_split_fd = diff->tar_split },
      };
    }
  if (!ul_store_change_add_layers (change, layers, n, parallel, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    ul_store_diff_stats_add (&io_stats->diff, &g_array_index (diffs, Diff, i).stats);
  io_stats->layers += n;
  return TRUE;
}

/* Has the store this image by this name, and all its layers? */
static gboolean
is_there (const UlStoreChange *change, const UlStore *store, const UlImage *image)
{
  const UlStoreImage *there = ul_store_find_image (store, image->name);
  if (there == NULL || !there->has_digest || there->layer == NULL
      || !ul_checksum_equal (&there->digest, &image->documents->manifest_digest))
    return FALSE;
  for (guint i = 0; i < image->layers->len; i++)
    if (!ul_store_change_has_layer (change, ((const UlImageLayer *) image->layers->pdata[i])->id))
      return FALSE;
  return TRUE;
}

gboolean
ul_store_fill (UlStoreChange *change, const UlStore *store, UlRepo *repo, const UlImage *image,
               const UlStoreDiffOptions *options, UlStoreFillStats *io_stats, GError **error)
{
  g_auto (UlStoreImageText) text = { 0 };
  if (!ul_store_describe_image (image, &text, error))
    return FALSE;
  if (is_there (change, store, image))
    {
      io_stats->unchanged++;
      return TRUE;
    }
  if (!add_layers (change, repo, image, options, io_stats, error))
    return ul_prefix (error, "image %s", image->name);
  io_stats->images++;
  return ul_store_change_add_image (change, &text.spec, error)
         || ul_prefix (error, "image %s", image->name);
}
