// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-fill.h"

#include <stdlib.h>

#include "image/layer-stats.h"
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

/* Owners in a layer: those with a namespace of their own need to know how many ids they need. */
typedef struct
{
  GHashTable *uids;
  GHashTable *gids;
} Owners;

static gboolean
see_owner (G_GNUC_UNUSED const char *path, const UlTarStat *stat, G_GNUC_UNUSED const char *target,
           gpointer data, G_GNUC_UNUSED GError **error)
{
  const Owners *owners = data;
  g_hash_table_add (owners->uids, GUINT_TO_POINTER ((guint) stat->uid));
  g_hash_table_add (owners->gids, GUINT_TO_POINTER ((guint) stat->gid));
  return TRUE;
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  const guint32 x = *(const guint32 *) a;
  const guint32 y = *(const guint32 *) b;
  return x < y ? -1 : x > y;
}

static GArray *
sorted_ids (GHashTable *set)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, set);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      const guint32 id = GPOINTER_TO_UINT (key);
      g_array_append_val (ids, id);
    }
  g_array_sort (ids, compare_ids);
  return ids;
}

static gboolean
read_owners (int tar_split, UlStoreLayer *out, GError **error)
{
  Owners owners = { .uids = g_hash_table_new (NULL, NULL), .gids = g_hash_table_new (NULL, NULL) };
  const UlLayerStatsSink sink = { .entry = see_owner, .data = &owners };
  const gboolean ok = ul_layer_stats_read (tar_split, &sink, error);
  if (ok)
    {
      g_array_unref (out->uids);
      g_array_unref (out->gids);
      out->uids = sorted_ids (owners.uids);
      out->gids = sorted_ids (owners.gids);
    }
  g_hash_table_unref (owners.uids);
  g_hash_table_unref (owners.gids);
  return ok;
}

static UlStoreCompression
compression_of (const UlOciDescriptor *descriptor)
{
  switch (descriptor->type->compression)
    {
    case UL_OCI_GZIP:
      return UL_STORE_GZIP;
    case UL_OCI_ZSTD:
      return UL_STORE_ZSTD;
    case UL_OCI_PLAIN:
      break;
    }
  return UL_STORE_UNCOMPRESSED;
}

/* A time in the config, or the beginning of it: the same image is the same in every store. */
static char *
created_text (const UlOciConfig *config)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (config->created);
  return time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ")
                      : g_strdup ("1970-01-01T00:00:00Z");
}

static UlStoreLayer *
describe (const UlImage *image, guint index, int tar_split, GError **error)
{
  const UlImageLayer *layer = image->layers->pdata[index];
  const UlOciDescriptor *descriptor
      = ul_oci_descriptor_at (image->documents->manifest->layers, index);
  g_autoptr (UlStoreLayer) out = ul_store_layer_new (layer->id);
  out->parent = g_strdup (layer->parent);
  out->created = created_text (image->documents->config);
  out->has_diff = TRUE;
  out->diff_digest = layer->diff_id;
  out->diff_size = (gint64) layer->size;
  out->has_compressed = TRUE;
  out->compressed_digest = descriptor->digest;
  out->compressed_size = (gint64) descriptor->size;
  out->compression = compression_of (descriptor);
  return read_owners (tar_split, out, error) ? g_steal_pointer (&out) : NULL;
}

static gboolean
add_layer (UlStoreChange *change, UlRepo *repo, const UlImage *image, guint index,
           const UlStoreDiffOptions *options, UlStoreFillStats *io_stats, GError **error)
{
  const UlImageLayer *layer = image->layers->pdata[index];
  ul_autofd int tar_split = -1;
  if (!ul_image_open_tar_split (repo, &layer->diff_id, &tar_split, error))
    return FALSE;
  UlStoreLayer *described = describe (image, index, tar_split, error);
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
  const UlImageDocuments *documents = image->documents;
  const char *const names[] = { image->name, NULL };
  g_autofree char *created = created_text (documents->config);
  const UlImageLayer *top
      = image->layers->len > 0 ? image->layers->pdata[image->layers->len - 1] : NULL;
  if (top == NULL)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "image %s: it has no layers", image->name);
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
  const UlStoreImageSpec spec = {
    .layer = top->id,
    .manifest = documents->manifest_bytes,
    .config = documents->config_bytes,
    .index = documents->index_bytes,
    .names = names,
    .created = created,
    .remove_nameless = TRUE,
  };
  io_stats->images++;
  return ul_store_change_add_image (change, &spec, error)
         || ul_prefix (error, "image %s", image->name);
}
