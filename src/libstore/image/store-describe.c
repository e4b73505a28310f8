// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-describe.h"

#include "core/oci-digest.h"
#include "core/store-names.h"
#include "image/layer-stats.h"
#include "util/error.h"

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  const guint32 x = *(const guint32 *) a;
  const guint32 y = *(const guint32 *) b;
  return x < y ? -1 : x > y;
}

GArray *
ul_store_sorted_ids (GHashTable *set)
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

void
ul_store_owners_init (UlStoreOwners *owners)
{
  owners->uids = g_hash_table_new (NULL, NULL);
  owners->gids = g_hash_table_new (NULL, NULL);
}

void
ul_store_owners_clear (UlStoreOwners *owners)
{
  g_hash_table_unref (owners->uids);
  g_hash_table_unref (owners->gids);
}

void
ul_store_owners_see (UlStoreOwners *owners, const UlTarStat *stat)
{
  g_hash_table_add (owners->uids, GUINT_TO_POINTER ((guint) stat->uid));
  g_hash_table_add (owners->gids, GUINT_TO_POINTER ((guint) stat->gid));
}

void
ul_store_owners_give (const UlStoreOwners *owners, UlStoreLayer *layer)
{
  g_array_unref (layer->uids);
  g_array_unref (layer->gids);
  layer->uids = ul_store_sorted_ids (owners->uids);
  layer->gids = ul_store_sorted_ids (owners->gids);
}

/* UlLayerStatsSink.entry */
static gboolean
see_owner (G_GNUC_UNUSED const char *path, const UlTarStat *stat, G_GNUC_UNUSED const char *target,
           gpointer data, G_GNUC_UNUSED GError **error)
{
  ul_store_owners_see (data, stat);
  return TRUE;
}

gboolean
ul_store_read_owners (int tar_split, UlStoreLayer *layer, GError **error)
{
  g_auto (UlStoreOwners) owners;
  ul_store_owners_init (&owners);
  const UlLayerStatsSink sink = { .entry = see_owner, .data = &owners };
  if (!ul_layer_stats_read (tar_split, &sink, error))
    return FALSE;
  ul_store_owners_give (&owners, layer);
  return TRUE;
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

UlStoreLayer *
ul_store_describe_layer (const UlImage *image, guint index)
{
  const UlImageLayer *layer = image->layers->pdata[index];
  const UlOciDescriptor *descriptor
      = ul_oci_descriptor_at (image->documents->manifest->layers, index);
  UlStoreLayer *out = ul_store_layer_new (layer->id);
  out->parent = g_strdup (layer->parent);
  out->created = created_text (image->documents->config);
  out->has_diff = TRUE;
  out->diff_digest = layer->diff_id;
  out->diff_size = (gint64) layer->size;
  out->has_compressed = TRUE;
  out->compressed_digest = descriptor->digest;
  out->compressed_size = (gint64) descriptor->size;
  out->compression = compression_of (descriptor);
  return out;
}

gboolean
ul_store_describe_image (const UlImage *image, UlStoreImageText *out, GError **error)
{
  const UlImageDocuments *documents = image->documents;
  if (image->layers->len == 0)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "image %s: it has no layers", image->name);
  const UlImageLayer *top = image->layers->pdata[image->layers->len - 1];
  out->created = created_text (documents->config);
  out->names[0] = image->name;
  out->spec = (UlStoreImageSpec){
    .layer = top->id,
    .manifest = documents->manifest_bytes,
    .config = documents->config_bytes,
    .index = documents->index_bytes,
    .names = out->names,
    .created = out->created,
    .remove_nameless = TRUE,
  };
  return TRUE;
}

void
ul_store_image_text_clear (UlStoreImageText *text)
{
  g_clear_pointer (&text->created, g_free);
}

UlStoreImage *
ul_store_image_of_spec (const UlStoreImageSpec *spec)
{
  UlChecksum config;
  char id[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_of_data (g_bytes_get_data (spec->config, NULL), g_bytes_get_size (spec->config),
                       &config);
  ul_checksum_to_hex (&config, id);
  UlStoreImage *image = ul_store_image_new (id);
  image->layer = g_strdup (spec->layer);
  image->created = g_strdup (spec->created);
  image->has_digest = TRUE;
  ul_checksum_of_data (g_bytes_get_data (spec->manifest, NULL), g_bytes_get_size (spec->manifest),
                       &image->digest);
  for (guint i = 0; spec->names != NULL && spec->names[i] != NULL; i++)
    if (!ul_store_image_has_name (image, spec->names[i]))
      {
        g_ptr_array_add (image->names, g_strdup (spec->names[i]));
        g_ptr_array_add (image->names_history, g_strdup (spec->names[i]));
      }
  return image;
}

static gboolean
put (UlStoreImage *image, const char *key, GBytes *content, UlStorePutFile func, gpointer data,
     GError **error)
{
  gsize len;
  const void *bytes = g_bytes_get_data (content, &len);
  g_autofree char *name = ul_store_big_data_name (key);
  UlChecksum digest;
  ul_checksum_of_data (bytes, len, &digest);
  ul_store_image_add_big_data (image, key, (gint64) len, &digest);
  return func (name, content, data, error);
}

static gboolean
put_document (UlStoreImage *image, const char *prefix, GBytes *content, UlStorePutFile func,
              gpointer data, GError **error)
{
  UlChecksum sum;
  char digest[UL_OCI_DIGEST_SIZE];
  ul_checksum_of_data (g_bytes_get_data (content, NULL), g_bytes_get_size (content), &sum);
  ul_oci_digest_format (&sum, digest);
  g_autofree char *key = g_strconcat (prefix, digest, NULL);
  return put (image, key, content, func, data, error);
}

gboolean
ul_store_put_big_data (UlStoreImage *image, const UlStoreImageSpec *spec, UlStorePutFile func,
                       gpointer data, GError **error)
{
  return put_document (image, "", spec->config, func, data, error)
         && put_document (image, UL_STORE_MANIFEST_PREFIX, spec->manifest, func, data, error)
         && (spec->index == NULL
             || put_document (image, UL_STORE_MANIFEST_PREFIX, spec->index, func, data, error))
         && put (image, UL_STORE_MANIFEST, spec->manifest, func, data, error);
}
