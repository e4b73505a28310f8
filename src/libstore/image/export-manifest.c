// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/export-manifest.h"

#include "util/json.h"

typedef struct
{
  GArray *list;      /* of UlJsonEdit */
  GPtrArray *values; /* their texts, owned */
} Edits;

static void
edits_clear (Edits *self)
{
  g_array_unref (self->list);
  g_ptr_array_unref (self->values);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Edits, edits_clear)

/* Takes @value. */
static void
edit (Edits *self, const char *in, guint index, const char *name, char *value)
{
  const UlJsonEdit one = { in, index, name, value };
  g_ptr_array_add (self->values, value);
  g_array_append_val (self->list, one);
}

static const UlOciMediaType *
type_of (const UlImageDocuments *image)
{
  return ul_oci_media_type_find (image->media_type);
}

gboolean
ul_export_manifest_is_docker (const UlImageDocuments *image)
{
  const UlOciMediaType *type = type_of (image);
  return type != NULL && ul_oci_media_type_in_oci (type) != type;
}

static void
edit_type (Edits *self, const char *in, guint index, const UlOciMediaType *type)
{
  const UlOciMediaType *wanted = ul_oci_media_type_in_oci (type);
  if (wanted != type)
    edit (self, in, index, "mediaType", ul_json_quote (wanted->name));
}

/* skopeo says gzip of layers that lie unpacked in a docker-archive, and umoci believes it. */
static void
edit_layer_type (Edits *self, const UlImageDocuments *image, guint index)
{
  const UlOciDescriptor *layer = ul_oci_descriptor_at (image->manifest->layers, index);
  const UlChecksum *diff_id = &g_array_index (image->config->diff_ids, UlChecksum, index);
  UlOciMediaType type = *layer->type;
  if (ul_checksum_equal (&layer->digest, diff_id))
    type.compression = UL_OCI_PLAIN;
  edit_type (self, "layers", index, &type);
}

static void
edit_types (Edits *self, const UlImageDocuments *image)
{
  const UlOciManifest *manifest = image->manifest;
  if (manifest->type != NULL)
    edit_type (self, NULL, 0, manifest->type);
  if (manifest->config.type != NULL)
    edit_type (self, "config", 0, manifest->config.type);
  for (guint i = 0; i < manifest->layers->len; i++)
    edit_layer_type (self, image, i);
}

static void
edit_layer (Edits *self, guint index, const UlLayerPack *pack)
{
  char digest[UL_OCI_DIGEST_SIZE];
  ul_oci_digest_format (&pack->digest, digest);
  edit (self, "layers", index, "digest", ul_json_quote (digest));
  edit (self, "layers", index, "size", g_strdup_printf ("%" G_GUINT64_FORMAT, pack->size));
}

gboolean
ul_export_manifest_make (const UlImageDocuments *image, const UlLayerPack *packs, gboolean in_oci,
                         GBytes **out, const char **out_type, GError **error)
{
  const gboolean converts = in_oci && ul_export_manifest_is_docker (image);
  g_auto (Edits) edits = {
    .list = g_array_new (FALSE, FALSE, sizeof (UlJsonEdit)),
    .values = g_ptr_array_new_with_free_func (g_free),
  };
  if (converts)
    edit_types (&edits, image);
  for (guint i = 0; i < image->manifest->layers->len; i++)
    if (packs[i].stands_in)
      edit_layer (&edits, i, &packs[i]);
  GBytes *bytes
      = converts || edits.list->len > 0
            ? ul_json_with_values (image->manifest_bytes, "manifest",
                                   (const UlJsonEdit *) edits.list->data, edits.list->len, error)
            : g_bytes_ref (image->manifest_bytes);
  if (bytes == NULL)
    return FALSE;
  *out = bytes;
  *out_type = converts ? ul_oci_media_type_in_oci (type_of (image))->name : image->media_type;
  return TRUE;
}
