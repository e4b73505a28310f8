// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/records.h"

#include <fcntl.h>

#include "core/image-name.h"
#include "core/store-names.h"
#include "repo/objects.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/sort.h"
#include "util/tmpfile.h"

void
ul_image_layer_id (const char *parent, const UlChecksum *diff_id, char out[UL_CHECKSUM_HEX_LEN + 1])
{
  UlChecksum id;
  ul_store_layer_id (parent, diff_id, &id);
  ul_checksum_to_hex (&id, out);
}

char *
ul_image_layer_ref (const char *id)
{
  return g_strconcat (UL_IMAGE_LAYER_PREFIX, id, NULL);
}

static char *
digest_ref (const char *prefix, const UlChecksum *digest)
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (digest, hex);
  return g_strconcat (prefix, hex, NULL);
}

char *
ul_image_tar_split_ref (const UlChecksum *diff_id)
{
  return digest_ref (UL_IMAGE_TAR_SPLIT_PREFIX, diff_id);
}

char *
ul_image_blob_ref (const UlChecksum *digest)
{
  return digest_ref (UL_IMAGE_BLOB_PREFIX, digest);
}

GVariant *
ul_image_layer_metadata (const char *parent, const UlChecksum *diff_id, guint64 size)
{
  char digest[UL_OCI_DIGEST_SIZE];
  g_auto (GVariantBuilder) builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  ul_oci_digest_format (diff_id, digest);
  g_variant_builder_add (&builder, "{sv}", UL_LAYER_KEY_DIFF_ID, g_variant_new_string (digest));
  if (parent != NULL)
    g_variant_builder_add (&builder, "{sv}", UL_LAYER_KEY_PARENT, g_variant_new_string (parent));
  g_variant_builder_add (&builder, "{sv}", UL_LAYER_KEY_SIZE,
                         g_variant_new_uint64 (GUINT64_TO_BE (size)));
  return g_variant_builder_end (&builder);
}

GVariant *
ul_image_metadata (const char *name, const char *media_type, const char *const *layers)
{
  g_auto (GVariantBuilder) builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", UL_IMAGE_KEY_NAME, g_variant_new_string (name));
  g_variant_builder_add (&builder, "{sv}", UL_IMAGE_KEY_MEDIA_TYPE,
                         g_variant_new_string (media_type));
  g_variant_builder_add (&builder, "{sv}", UL_IMAGE_KEY_LAYERS, g_variant_new_strv (layers, -1));
  return g_variant_builder_end (&builder);
}

void
ul_image_layer_free (UlImageLayer *layer)
{
  if (layer == NULL)
    return;
  g_free (layer->id);
  g_free (layer->parent);
  g_free (layer);
}

/* What the commit says of itself, which has to give its id. */
static gboolean
read_layer (const UlCommit *commit, UlImageLayer *out, GError **error)
{
  const char *digest;
  const char *parent = NULL;
  char id[UL_CHECKSUM_HEX_LEN + 1];
  if (!g_variant_lookup (commit->metadata, UL_LAYER_KEY_DIFF_ID, "&s", &digest)
      || !g_variant_lookup (commit->metadata, UL_LAYER_KEY_SIZE, "t", &out->size))
    return ul_throw (error, UL_ERROR_CORRUPT, "not the commit of a layer");
  if (!ul_oci_digest_parse (digest, &out->diff_id, error))
    return FALSE;
  out->size = GUINT64_FROM_BE (out->size);
  (void) g_variant_lookup (commit->metadata, UL_LAYER_KEY_PARENT, "&s", &parent);
  ul_image_layer_id (parent, &out->diff_id, id);
  if (!g_str_equal (id, out->id))
    return ul_throw (error, UL_ERROR_CORRUPT, "its commit is that of layer %s", id);
  out->parent = g_strdup (parent);
  return TRUE;
}

gboolean
ul_image_layer_find (UlRepo *repo, const char *id, UlImageLayer **out, GError **error)
{
  g_autofree char *ref = ul_image_layer_ref (id);
  g_autoptr (UlImageLayer) layer = g_new0 (UlImageLayer, 1);
  g_auto (UlCommit) commit = { 0 };
  gboolean found;
  gboolean partial = TRUE;
  layer->id = g_strdup (id);
  if (!ul_refs_find (repo, ref, &found, &layer->commit, error)
      || (found && !ul_objects_commit_is_partial (repo, &layer->commit, &partial, error)))
    return FALSE;
  if (partial)
    {
      *out = NULL;
      return TRUE;
    }
  if (!ul_objects_load_commit (repo, &layer->commit, &commit, error)
      || !read_layer (&commit, layer, error))
    return ul_prefix (error, "%s", ref);
  *out = g_steal_pointer (&layer);
  return TRUE;
}

/* File @name in the root of @commit, *out_found FALSE if there is none. */
static gboolean
find_file (UlRepo *repo, const UlCommit *commit, const char *name, gboolean *out_found,
           UlChecksum *out, GError **error)
{
  UlEntry entry;
  if (!ul_objects_lookup_path (repo, &commit->tree, &commit->meta, name, out_found, &entry, error))
    return FALSE;
  if (*out_found && entry.kind != UL_ENTRY_FILE)
    return ul_throw (error, UL_ERROR_CORRUPT, "%s: not a file", name);
  if (*out_found)
    *out = entry.checksum;
  return TRUE;
}

/* The same, opened; *out_content is NULL if there is none. */
static gboolean
open_file (UlRepo *repo, const UlCommit *commit, const char *name, UlContent **out_content,
           GError **error)
{
  UlChecksum checksum;
  gboolean found;
  if (!find_file (repo, commit, name, &found, &checksum, error))
    return FALSE;
  if (found)
    return ul_objects_open_file (repo, &checksum, out_content, error);
  *out_content = NULL;
  return TRUE;
}

/* *out is NULL where there is no such file. */
static gboolean
load_document (UlRepo *repo, const UlCommit *commit, const char *name, GBytes **out, GError **error)
{
  UlContent *content;
  if (!open_file (repo, commit, name, &content, error))
    return FALSE;
  *out = NULL;
  if (content == NULL)
    return TRUE;
  const guint64 size = ul_content_size (content);
  g_autoptr (UlContentBuffers) buffers = ul_content_buffers_new ();
  gboolean ok = size <= UL_OCI_MAX_DOCUMENT
                || ul_throw (error, UL_ERROR_CORRUPT,
                             "%s: %" G_GUINT64_FORMAT " bytes, more than the allowed %d", name,
                             size, UL_OCI_MAX_DOCUMENT);
  g_autofree guint8 *bytes = ok ? g_malloc (size) : NULL;
  ok = ok && ul_content_read_all (content, buffers, bytes, error);
  ul_content_free (content);
  if (ok)
    *out = g_bytes_new_take (g_steal_pointer (&bytes), (gsize) size);
  return ok;
}

static gboolean
need_document (UlRepo *repo, const UlCommit *commit, const char *name, GBytes **out, GError **error)
{
  if (!load_document (repo, commit, name, out, error))
    return FALSE;
  return *out != NULL || ul_throw (error, UL_ERROR_CORRUPT, "no %s in its commit", name);
}

GPtrArray *
ul_image_layer_ids (const UlImage *image)
{
  const GArray *diff_ids = image->documents->config->diff_ids;
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  char id[UL_CHECKSUM_HEX_LEN + 1];
  for (guint i = 0; i < diff_ids->len; i++)
    {
      const char *parent = i > 0 ? ids->pdata[i - 1] : NULL;
      ul_image_layer_id (parent, &g_array_index (diff_ids, UlChecksum, i), id);
      g_ptr_array_add (ids, g_strdup (id));
    }
  return ids;
}

/* Whoever decides by the commit alone what an image needs has to be right. */
static gboolean
check_layer_ids (const UlCommit *commit, const UlImage *image, GError **error)
{
  g_autoptr (GPtrArray) ids = ul_image_layer_ids (image);
  g_autofree const char **named = NULL;
  gboolean same = g_variant_lookup (commit->metadata, UL_IMAGE_KEY_LAYERS, "^a&s", &named)
                  && g_strv_length ((char **) named) == ids->len;
  for (guint i = 0; same && i < ids->len; i++)
    same = g_str_equal (named[i], ids->pdata[i]);
  return same
         || ul_throw (error, UL_ERROR_CORRUPT, "its commit names other layers than its config");
}

static gboolean
load_layers (UlRepo *repo, UlImage *image, GError **error)
{
  g_autoptr (GPtrArray) ids = ul_image_layer_ids (image);
  image->layers = g_ptr_array_new_with_free_func ((GDestroyNotify) ul_image_layer_free);
  for (guint i = 0; i < ids->len; i++)
    {
      UlImageLayer *layer;
      const char *id = ids->pdata[i];
      if (!ul_image_layer_find (repo, id, &layer, error))
        return FALSE;
      if (layer == NULL)
        return ul_throw (error, UL_ERROR_NOT_FOUND, "layer %s isn't there", id);
      g_ptr_array_add (image->layers, layer);
    }
  return TRUE;
}

static gboolean
load_documents (UlRepo *repo, UlImage *image, GError **error)
{
  g_auto (UlCommit) commit = { 0 };
  g_autoptr (GBytes) manifest = NULL;
  g_autoptr (GBytes) config = NULL;
  const char *media_type;
  if (!ul_objects_load_commit (repo, &image->commit, &commit, error))
    return FALSE;
  if (!g_variant_lookup (commit.metadata, UL_IMAGE_KEY_MEDIA_TYPE, "&s", &media_type))
    return ul_throw (error, UL_ERROR_CORRUPT, "not the commit of an image");
  if (!need_document (repo, &commit, UL_IMAGE_MANIFEST_FILE, &manifest, error)
      || !need_document (repo, &commit, UL_IMAGE_CONFIG_FILE, &config, error))
    return FALSE;
  image->documents = ul_image_documents_new (manifest, media_type, UL_IMAGE_MANIFEST_FILE, error);
  return image->documents != NULL
         && load_document (repo, &commit, UL_IMAGE_INDEX_FILE, &image->documents->index_bytes,
                           error)
         && ul_image_documents_set_config (image->documents, config, error)
         && check_layer_ids (&commit, image, error);
}

static UlImage *
load (UlRepo *repo, const char *name, gboolean with_layers, GError **error)
{
  g_autofree char *ref = ul_image_name_to_ref (name);
  g_autoptr (UlImage) image = g_new0 (UlImage, 1);
  gboolean found = FALSE;
  image->name = g_strdup (name);
  gboolean ok = ul_refs_find (repo, ref, &found, &image->commit, error);
  if (ok && !found)
    ok = ul_throw (error, UL_ERROR_NOT_FOUND, "not there");
  if (ok && load_documents (repo, image, error)
      && (!with_layers || load_layers (repo, image, error)))
    return g_steal_pointer (&image);
  ul_prefix (error, "image %s", name);
  return NULL;
}

UlImage *
ul_image_load (UlRepo *repo, const char *name, GError **error)
{
  return load (repo, name, TRUE, error);
}

UlImage *
ul_image_load_documents (UlRepo *repo, const char *name, GError **error)
{
  return load (repo, name, FALSE, error);
}

guint64
ul_image_size (const UlImage *image)
{
  guint64 size = 0;
  for (guint i = 0; i < image->layers->len; i++)
    size += ((const UlImageLayer *) image->layers->pdata[i])->size;
  return size;
}

void
ul_image_free (UlImage *image)
{
  if (image == NULL)
    return;
  g_free (image->name);
  ul_image_documents_free (image->documents);
  g_clear_pointer (&image->layers, g_ptr_array_unref);
  g_free (image);
}

gboolean
ul_image_list (UlRepo *repo, GPtrArray **out_names, GError **error)
{
  g_autoptr (GPtrArray) refs = NULL;
  if (!ul_refs_list (repo, "image", UL_REFS_LIST_NO_REMOTES | UL_REFS_LIST_NAMES, &refs, error))
    return FALSE;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < refs->len; i++)
    {
      char *name;
      if (ul_image_name_from_ref (((const UlRef *) refs->pdata[i])->refspec, &name))
        g_ptr_array_add (names, name);
    }
  g_ptr_array_sort (names, ul_compare_strings);
  *out_names = g_steal_pointer (&names);
  return TRUE;
}

/* A descriptor of its own, also where the object lies compressed. */
static gboolean
give_fd (UlRepo *repo, UlContent *content, int *out_fd, GError **error)
{
  const int own = ul_content_fd (content);
  if (own >= 0)
    {
      *out_fd = fcntl (own, F_DUPFD_CLOEXEC, 3);
      return *out_fd >= 0 || ul_throw_errno (error, "dup");
    }
  g_auto (UlTmpFile) tmp = UL_TMP_FILE_INIT;
  if (!ul_tmp_file_open (&tmp, ul_repo_tmp_dfd (repo), TRUE, 0600, error)
      || !ul_content_copy_to (content, tmp.fd, error))
    return FALSE;
  if (lseek (tmp.fd, 0, SEEK_SET) != 0)
    return ul_throw_errno (error, "lseek");
  *out_fd = fcntl (tmp.fd, F_DUPFD_CLOEXEC, 3);
  return *out_fd >= 0 || ul_throw_errno (error, "dup");
}

/* The first of the files @names (NULL-terminated) that the commit has for which @ref stands;
 * *out_name is NULL if there is no such ref. */
static gboolean
find_kept (UlRepo *repo, const char *ref, const char *const *names, const char **out_name,
           UlChecksum *out, GError **error)
{
  g_auto (UlCommit) commit = { 0 };
  UlChecksum checksum;
  gboolean found;
  *out_name = NULL;
  if (!ul_refs_find (repo, ref, &found, &checksum, error))
    return FALSE;
  if (!found)
    return TRUE;
  if (!ul_objects_load_commit (repo, &checksum, &commit, error))
    return ul_prefix (error, "%s", ref);
  for (const char *const *name = names; *name != NULL; name++)
    {
      if (!find_file (repo, &commit, *name, &found, out, error))
        return ul_prefix (error, "%s", ref);
      *out_name = *name;
      if (found)
        return TRUE;
    }
  return ul_throw (error, UL_ERROR_CORRUPT, "%s: no %s", ref, *out_name);
}

static gboolean
open_kept (UlRepo *repo, const char *ref, const UlChecksum *file, int *out_fd, GError **error)
{
  g_autoptr (UlContent) content = NULL;
  return (ul_objects_open_file (repo, file, &content, error)
          && give_fd (repo, content, out_fd, error))
         || ul_prefix (error, "%s", ref);
}

gboolean
ul_image_find_tar_split (UlRepo *repo, const UlChecksum *diff_id, UlChecksum *out, GError **error)
{
  g_autofree char *ref = ul_image_tar_split_ref (diff_id);
  const char *name;
  if (!find_kept (repo, ref, (const char *[]){ UL_IMAGE_TAR_SPLIT_FILE, NULL }, &name, out, error))
    return FALSE;
  return name != NULL || ul_throw (error, UL_ERROR_NOT_FOUND, "%s: not there", ref);
}

gboolean
ul_image_open_tar_split (UlRepo *repo, const UlChecksum *diff_id, int *out_fd, GError **error)
{
  g_autofree char *ref = ul_image_tar_split_ref (diff_id);
  UlChecksum file;
  return ul_image_find_tar_split (repo, diff_id, &file, error)
         && open_kept (repo, ref, &file, out_fd, error);
}

gboolean
ul_image_open_blob (UlRepo *repo, const UlChecksum *digest, int *out_fd, gboolean *out_is_split,
                    GError **error)
{
  static const char *const names[] = { UL_IMAGE_BLOB_FILE, UL_IMAGE_BLOB_SPLIT, NULL };
  g_autofree char *ref = ul_image_blob_ref (digest);
  const char *name;
  UlChecksum file;
  if (!find_kept (repo, ref, names, &name, &file, error))
    return FALSE;
  *out_is_split = g_strcmp0 (name, UL_IMAGE_BLOB_SPLIT) == 0;
  if (name != NULL)
    return open_kept (repo, ref, &file, out_fd, error);
  *out_fd = -1;
  return TRUE;
}
