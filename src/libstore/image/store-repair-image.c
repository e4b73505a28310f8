// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-repair-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/oci-digest.h"
#include "util/error.h"
#include "util/fd.h"

#define MAX_BIG_DATA (64 * 1024 * 1024)

/* A key that ends with a digest is about a file that has it. */
static gboolean
fits_key (const char *key, const UlChecksum *sum)
{
  char digest[UL_OCI_DIGEST_SIZE];
  ul_oci_digest_format (sum, digest);
  return strstr (key, UL_OCI_DIGEST_PREFIX) == NULL || g_str_has_suffix (key, digest);
}

static gboolean
fits (const UlStoreBigData *data, gint64 size, const UlChecksum *sum)
{
  return (data->size < 0 || data->size == size)
         && (!data->has_digest || ul_checksum_equal (&data->digest, sum))
         && fits_key (data->key, sum);
}

/* *out_found: the file is there. */
static gboolean
sum_of (int dfd, const char *key, gint64 *out_size, UlChecksum *out, gboolean *out_found,
        GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *name = ul_store_big_data_name (key);
  gsize len;
  if (!ul_fd_read_file_at (dfd, name, MAX_BIG_DATA, TRUE, &bytes, error))
    return FALSE;
  *out_found = bytes != NULL;
  if (bytes == NULL)
    return TRUE;
  const void *content = g_bytes_get_data (bytes, &len);
  *out_size = (gint64) len;
  ul_checksum_of_data (content, len, out);
  return TRUE;
}

/* A file that contradicts what is said stays as it is: nobody knows which of them is right. */
static gboolean
mend_big_data (UlStoreRepair *self, int dfd, UlStoreImage *image, const UlStoreBigData *data,
               const char *object, gboolean *changed, GError **error)
{
  UlChecksum sum;
  gint64 size = -1;
  gboolean found;
  if (data->size >= 0 && data->has_digest)
    return TRUE;
  if (!sum_of (dfd, data->key, &size, &sum, &found, error))
    return FALSE;
  g_autofree char *shown = ul_json_shown (data->key);
  if (!found || !fits (data, size, &sum)
      || !ul_store_repair_begin (self, object, "%s: size and digest are said", shown))
    return TRUE;
  ul_store_image_add_big_data (image, data->key, size, &sum);
  *changed = TRUE;
  return TRUE;
}

/* One without a layer is a manifest list of podman's, which has another. */
static gboolean
mend_digest (UlStoreRepair *self, int dfd, UlStoreImage *image, const char *object,
             gboolean *changed, GError **error)
{
  const UlStoreBigData *manifest = ul_store_image_find_big_data (image, UL_STORE_MANIFEST);
  UlChecksum sum;
  gint64 size = -1;
  gboolean found;
  if (image->has_digest || image->layer == NULL || manifest == NULL)
    return TRUE;
  if (!sum_of (dfd, UL_STORE_MANIFEST, &size, &sum, &found, error))
    return FALSE;
  if (!found || !fits (manifest, size, &sum)
      || !ul_store_repair_begin (self, object, "its digest is said"))
    return TRUE;
  image->has_digest = TRUE;
  image->digest = sum;
  *changed = TRUE;
  return TRUE;
}

static gboolean
mend_file_mode (UlStoreRepair *self, int dfd, const char *key, const char *object, GError **error)
{
  g_autofree char *name = ul_store_big_data_name (key);
  return ul_store_repair_mode (self, dfd, name, object, error);
}

static gboolean
mend_files (UlStoreRepair *self, UlStoreImage *image, const char *object, gboolean *changed,
            GError **error)
{
  ul_autofd int dfd = -1;
  gboolean sealed = FALSE;
  if (faccessat (self->store->images_dfd, image->id, F_OK, AT_SYMLINK_NOFOLLOW) != 0
      && errno == ENOENT)
    return TRUE;
  if (!ul_fd_open_dir_at (self->store->images_dfd, image->id, FALSE, &dfd, error))
    return FALSE;
  for (guint i = 0; i < image->big_data->len; i++)
    {
      const UlStoreBigData *data = &g_array_index (image->big_data, UlStoreBigData, i);
      if (!mend_big_data (self, dfd, image, data, object, &sealed, error)
          || !mend_file_mode (self, dfd, data->key, object, error))
        return FALSE;
    }
  if (!mend_digest (self, dfd, image, object, &sealed, error)
      || !ul_store_repair_mode (self, dfd, ".", object, error))
    return FALSE;
  if (sealed)
    {
      ul_store_image_seal (image);
      *changed = TRUE;
    }
  return TRUE;
}

static GDateTime *
time_of (const UlStoreImage *image)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  return image->created != NULL ? g_date_time_new_from_iso8601 (image->created, utc) : NULL;
}

/* Is @image, which comes later in the list, to have a name rather than @other? */
static gboolean
is_newer (const UlStoreImage *image, const UlStoreImage *other)
{
  g_autoptr (GDateTime) ours = time_of (image);
  g_autoptr (GDateTime) theirs = time_of (other);
  if (ours == NULL || theirs == NULL)
    return theirs == NULL;
  return g_date_time_compare (ours, theirs) >= 0;
}

/* name -> the image that keeps it */
static GHashTable *
find_keepers (const GPtrArray *images)
{
  GHashTable *keepers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < images->len; i++)
    {
      UlStoreImage *image = g_ptr_array_index (images, i);
      for (guint j = 0; j < image->names->len; j++)
        {
          const UlStoreImage *other = g_hash_table_lookup (keepers, image->names->pdata[j]);
          if (other == NULL || is_newer (image, other))
            g_hash_table_replace (keepers, g_strdup (image->names->pdata[j]), image);
        }
    }
  return keepers;
}

static void
mend_names (UlStoreRepair *self, UlStoreImage *image, GHashTable *keepers, const char *object,
            gboolean *changed)
{
  gboolean write = FALSE;
  g_autoptr (GPtrArray) left = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < image->names->len; i++)
    {
      const char *name = g_ptr_array_index (image->names, i);
      const UlStoreImage *keeper = g_hash_table_lookup (keepers, name);
      g_autofree char *shown = ul_json_shown (name);
      if (keeper != image)
        write = ul_store_repair_begin (self, object, "%s is only image %s's, which is newer", shown,
                                       keeper->id);
      else if (g_ptr_array_find_with_equal_func (left, name, g_str_equal, NULL))
        write = ul_store_repair_begin (self, object, "has the name %s once", shown);
      else
        g_ptr_array_add (left, g_strdup (name));
    }
  if (!write)
    return;
  ul_store_image_set_names (image, left);
  *changed = TRUE;
}

gboolean
ul_store_repair_images (UlStoreRepair *self, const GPtrArray *images, gboolean *out_changed,
                        GError **error)
{
  g_autoptr (GHashTable) keepers = find_keepers (images);
  gboolean changed = FALSE;
  for (guint i = 0; i < images->len; i++)
    {
      UlStoreImage *image = g_ptr_array_index (images, i);
      g_autofree char *object = g_strdup_printf ("image %s", image->id);
      mend_names (self, image, keepers, object, &changed);
      if (!mend_files (self, image, object, &changed, error))
        return ul_prefix (error, "%s", object);
    }
  *out_changed = changed;
  return TRUE;
}
