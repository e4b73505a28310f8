// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-verify-private.h"

#include <errno.h>
#include <fcntl.h>

#include "core/oci-digest.h"
#include "core/store-names.h"
#include "util/error.h"
#include "util/fd.h"

#define MAX_BIG_DATA (64 * 1024 * 1024)

/* The manifest and the config: without them every command of every user fails. */
static gboolean
is_document (const UlStoreImage *image, const char *key)
{
  return g_str_equal (key, UL_STORE_MANIFEST)
         || (g_str_has_prefix (key, UL_OCI_DIGEST_PREFIX)
             && g_str_equal (key + sizeof UL_OCI_DIGEST_PREFIX - 1, image->id));
}

static void
verify_content (UlStoreVerify *self, const UlStoreBigData *data, GBytes *bytes, const char *object)
{
  UlChecksum sum;
  gsize len;
  const void *content = g_bytes_get_data (bytes, &len);
  g_autofree char *shown = ul_json_shown (data->key);
  ul_checksum_of_data (content, len, &sum);
  if (data->size < 0 || !data->has_digest)
    ul_store_verify_add (self, UL_STORE_FAULT_NO_DIGEST, object, "%s: size and digest aren't said",
                         shown);
  else if (data->size != (gint64) len || !ul_checksum_equal (&sum, &data->digest))
    ul_store_verify_add (self, UL_STORE_FAULT_DIGEST, object, "%s: not the size and digest said",
                         shown);
}

static gboolean
verify_big_data (UlStoreVerify *self, int dfd, const UlStoreImage *image,
                 const UlStoreBigData *data, const char *object, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *name = ul_store_big_data_name (data->key);
  g_autofree char *shown = ul_json_shown (data->key);
  if (!ul_fd_read_file_at (dfd, name, MAX_BIG_DATA, TRUE, &bytes, error))
    return FALSE;
  if (bytes == NULL)
    {
      ul_store_verify_add (
          self, is_document (image, data->key) ? UL_STORE_FAULT_DOCUMENT : UL_STORE_FAULT_BIG_DATA,
          object, "%s: its file is not there", shown);
      return TRUE;
    }
  verify_content (self, data, bytes, object);
  return ul_store_verify_mode (self, dfd, name, object, error);
}

/* The keys that have to be there, and what they say of each other. The file of each is as said or
 * has been named by now. */
static void
verify_documents (UlStoreVerify *self, const UlStoreImage *image, const char *object)
{
  g_autofree char *key = g_strconcat (UL_OCI_DIGEST_PREFIX, image->id, NULL);
  const UlStoreBigData *manifest = ul_store_image_find_big_data (image, UL_STORE_MANIFEST);
  const UlStoreBigData *config = ul_store_image_find_big_data (image, key);
  UlChecksum id;
  (void) ul_checksum_from_hex (image->id, &id); /* it is one */
  if (manifest == NULL)
    ul_store_verify_add (self, UL_STORE_FAULT_DOCUMENT, object, "it has no manifest");
  if (config == NULL)
    ul_store_verify_add (self, UL_STORE_FAULT_DOCUMENT, object, "it has no config");
  if (!image->has_digest)
    ul_store_verify_add (self, UL_STORE_FAULT_NO_DIGEST, object, "its digest isn't said");
  else if (manifest != NULL && manifest->has_digest
           && !ul_checksum_equal (&manifest->digest, &image->digest))
    ul_store_verify_add (self, UL_STORE_FAULT_DIGEST, object, "its digest is not the manifest's");
  if (config != NULL && config->has_digest && !ul_checksum_equal (&config->digest, &id))
    ul_store_verify_add (self, UL_STORE_FAULT_DIGEST, object, "its id is not the config's digest");
}

/* One without a layer is a manifest list that podman made, and has no config. */
static void
verify_entry (UlStoreVerify *self, const UlStoreImage *image, const char *object)
{
  if (image->layer == NULL)
    {
      ul_store_verify_add (self, UL_STORE_FAULT_NO_LAYER, object, "it has no layer");
      return;
    }
  if (!g_hash_table_contains (self->layers, image->layer))
    ul_store_verify_add (self, UL_STORE_FAULT_TOP_LAYER, object, "its layer %s is not there",
                         image->layer);
  verify_documents (self, image, object);
}

static gboolean
verify_files (UlStoreVerify *self, const UlStoreImage *image, const char *object, GError **error)
{
  ul_autofd int dfd = -1;
  if (image->big_data->len == 0)
    return TRUE;
  if (faccessat (self->store->images_dfd, image->id, F_OK, AT_SYMLINK_NOFOLLOW) != 0
      && errno == ENOENT)
    {
      ul_store_verify_add (self, UL_STORE_FAULT_DOCUMENT, object, "its directory is not there");
      return TRUE;
    }
  if (!ul_fd_open_dir_at (self->store->images_dfd, image->id, FALSE, &dfd, error)
      || !ul_store_verify_mode (self, dfd, ".", object, error))
    return FALSE;
  for (guint i = 0; i < image->big_data->len; i++)
    if (!verify_big_data (self, dfd, image, &g_array_index (image->big_data, UlStoreBigData, i),
                          object, error))
      return FALSE;
  return TRUE;
}

gboolean
ul_store_verify_image (UlStoreVerify *self, const UlStoreImage *image, GError **error)
{
  g_autofree char *object = g_strdup_printf ("image %s", image->id);
  verify_entry (self, image, object);
  return verify_files (self, image, object, error) || ul_prefix (error, "%s", object);
}
