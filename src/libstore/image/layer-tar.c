// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/layer-tar.h"

#include "core/crc64.h"
#include "core/oci-digest.h"
#include "core/tar-path.h"
#include "image/tar-split-file.h"
#include "repo/lookup.h"
#include "util/error.h"

typedef struct
{
  UlRepo *repo;
  UlLookup *lookup;
  UlHasher *hasher; /* of the whole archive */
  UlContentBuffers *buffers;
  UlLayerTarSink sink;
  gpointer data;
} Layer;

static gboolean
emit (const guint8 *bytes, gsize len, gpointer data, GError **error)
{
  Layer *layer = data;
  ul_hasher_update (layer->hasher, bytes, len);
  return layer->sink (bytes, len, layer->data, error);
}

/* Where @name is in the tree, which has it: the importer keeps the content of others as bytes. */
static gboolean
find (Layer *layer, const char *name, UlChecksum *out, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) cause = NULL;
  gboolean found;
  if (!ul_tar_path_normalize (name, &path, &cause))
    return ul_throw (error, UL_ERROR_CORRUPT, "%s", cause->message);
  return ul_lookup_file (layer->lookup, path, &found, out, error)
         && (found || ul_throw (error, UL_ERROR_CORRUPT, "no such file in the layer's commit"));
}

/* What is small is unpacked at once, where it's compressed. */
static gboolean
emit_content (Layer *layer, UlContent *content, guint64 *out_crc, GError **error)
{
  guint8 *buffer = ul_hasher_buffer (layer->hasher);
  guint64 left = ul_content_size (content);
  guint64 crc = 0;
  const gboolean whole = left <= UL_HASHER_BUFFER;
  while (left > 0)
    {
      gsize n = (gsize) left;
      if (!(whole ? ul_content_read_all (content, layer->buffers, buffer, error)
                  : ul_content_read (content, buffer, UL_HASHER_BUFFER, &n, error)))
        return FALSE;
      crc = ul_crc64_update (crc, buffer, n);
      if (!emit (buffer, n, layer, error))
        return FALSE;
      left -= n;
    }
  *out_crc = crc;
  return TRUE;
}

static gboolean
emit_object (Layer *layer, const UlChecksum *object, guint64 size, guint64 crc, GError **error)
{
  g_autoptr (UlContent) content = NULL;
  guint64 actual_crc;
  if (!ul_objects_open_file (layer->repo, object, &content, error))
    return FALSE;
  if (ul_content_size (content) != size)
    return ul_throw (error, UL_ERROR_CORRUPT,
                     "%" G_GUINT64_FORMAT " bytes, expected %" G_GUINT64_FORMAT,
                     ul_content_size (content), size);
  return emit_content (layer, content, &actual_crc, error)
         && (actual_crc == crc
             || ul_throw (error, UL_ERROR_CORRUPT, "its content isn't the one of the tar"));
}

static gboolean
emit_file (const char *name, guint64 size, guint64 crc, gpointer data, GError **error)
{
  Layer *layer = data;
  UlChecksum object;
  if (find (layer, name, &object, error) && emit_object (layer, &object, size, crc, error))
    return TRUE;
  g_autofree char *shown = ul_json_shown (name);
  return ul_prefix (error, "%s", shown);
}

static gboolean
read_lines (Layer *layer, int tar_split, GError **error)
{
  static const UlTarSplitReaderSink sink = { .bytes = emit, .file = emit_file };
  return ul_tar_split_file_read (tar_split, &sink, layer, error);
}

static gboolean
check_digest (Layer *layer, const UlChecksum *diff_id, GError **error)
{
  char actual[UL_OCI_DIGEST_SIZE];
  UlChecksum digest;
  ul_hasher_finish (layer->hasher, &digest);
  ul_oci_digest_format (&digest, actual);
  return ul_checksum_equal (&digest, diff_id)
         || ul_throw (error, UL_ERROR_CORRUPT, "its tar-split and commit make %s", actual);
}

static gboolean
write_layer (Layer *layer, const UlChecksum *commit_checksum, const UlChecksum *diff_id,
             int tar_split, GError **error)
{
  g_auto (UlCommit) commit = { 0 };
  if (!ul_objects_load_commit (layer->repo, commit_checksum, &commit, error))
    return FALSE;
  g_autoptr (UlLookup) lookup = ul_lookup_new (layer->repo, &commit.tree, error);
  if (lookup == NULL)
    return FALSE;
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  g_autoptr (UlContentBuffers) buffers = ul_content_buffers_new ();
  layer->lookup = lookup;
  layer->hasher = hasher;
  layer->buffers = buffers;
  ul_hasher_start (hasher);
  return read_lines (layer, tar_split, error) && check_digest (layer, diff_id, error);
}

gboolean
ul_layer_tar_write (UlRepo *repo, const UlChecksum *commit, const UlChecksum *diff_id,
                    int tar_split, UlLayerTarSink sink, gpointer data, GError **error)
{
  Layer layer = { .repo = repo, .sink = sink, .data = data };
  char digest[UL_OCI_DIGEST_SIZE];
  if (write_layer (&layer, commit, diff_id, tar_split, error))
    return TRUE;
  ul_oci_digest_format (diff_id, digest);
  return ul_prefix (error, "layer %s", digest);
}
