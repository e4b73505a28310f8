// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/import-layer.h"

#include "build/plain-draft.h"
#include "core/commit.h"
#include "image/layer-blob.h"
#include "image/layer-keep.h"
#include "image/records.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/gzip.h"
#include "util/tmpfile.h"

void
ul_import_layer_clear (UlImportLayer *self)
{
  g_clear_pointer (&self->layer, ul_layer_free);
}

/* A tar that isn't packed can be made again in any case. */
static gboolean
init_blob (UlImportLayer *self, UlRepo *repo, gboolean keep, GError **error)
{
  UlChecksum blob;
  gboolean has;
  if (!keep || ul_checksum_equal (&self->descriptor->digest, &self->diff_id))
    return TRUE;
  g_autofree char *ref = ul_image_blob_ref (&self->descriptor->digest);
  if (!ul_refs_find (repo, ref, &has, &blob, error))
    return FALSE;
  self->lacks_blob = !has;
  return TRUE;
}

gboolean
ul_import_layer_init (UlImportLayer *self, UlRepo *repo, const UlImageDocuments *image, guint index,
                      const UlImportLayer *parent, gboolean keep_blob, GError **error)
{
  g_autoptr (UlImageLayer) stored = NULL;
  gboolean has_split = FALSE;
  UlChecksum split;
  *self = (UlImportLayer){
    .index = index,
    .diff_id = g_array_index (image->config->diff_ids, UlChecksum, index),
    .descriptor = ul_oci_descriptor_at (image->manifest->layers, index),
  };
  ul_image_layer_id (parent != NULL ? parent->id : NULL, &self->diff_id, self->id);
  g_autofree char *split_ref = ul_image_tar_split_ref (&self->diff_id);
  if (!ul_image_layer_find (repo, self->id, &stored, error)
      || !ul_refs_find (repo, split_ref, &has_split, &split, error)
      || !init_blob (self, repo, keep_blob, error))
    return FALSE;
  self->is_there = stored != NULL && has_split;
  if (!self->is_there)
    return TRUE;
  self->commit = stored->commit;
  self->tar_split = split;
  self->layer = ul_layer_load (repo, &stored->commit, error);
  return self->layer != NULL;
}

static gboolean
write_lines (const char *lines, gsize len, gpointer gzip, GError **error)
{
  return ul_gzip_write (gzip, lines, len, error);
}

static gboolean
check_sums (const UlImportLayer *self, gboolean is_unpacked, const UlLayerBlobSums *sums,
            GError **error)
{
  char digest[UL_OCI_DIGEST_SIZE];
  if (!is_unpacked && !ul_checksum_equal (&sums->digest, &self->descriptor->digest))
    {
      ul_oci_digest_format (&sums->digest, digest);
      return ul_throw (error, UL_ERROR_CORRUPT, "its digest is %s", digest);
    }
  if (!ul_checksum_equal (&sums->diff_id, &self->diff_id))
    {
      ul_oci_digest_format (&sums->diff_id, digest);
      return ul_throw (error, UL_ERROR_CORRUPT, "unpacked, its digest is %s, not the diff ID",
                       digest);
    }
  return TRUE;
}

static UlLayerBlob *
open_blob (const UlImportLayer *self, const UlImageSource *source, UlGzip *split,
           UlProgress *progress, GError **error)
{
  g_auto (UlExtent) extent = UL_EXTENT_INIT;
  if (!ul_image_source_open_layer (source, self->index, &extent, error))
    return NULL;
  return ul_layer_blob_new (&extent, split != NULL ? write_lines : NULL, split, progress, error);
}

/* What makes the blob again goes to @recipe, unless that is NULL; the blob itself, where its
 * gzip-split turned out to be of no use. */
static UlLayerBlob *
open_blob_to_keep (UlImportLayer *self, const UlImageSource *source, UlGzip *split,
                   UlPlainDraft *recipe, gboolean threaded, UlProgress *progress, GError **error)
{
  g_autoptr (UlLayerBlob) blob = open_blob (self, source, split, progress, error);
  if (blob == NULL)
    return NULL;
  if (recipe != NULL)
    ul_layer_blob_write_recipe (blob, recipe, self->recipe == UL_RECIPE_NONE);
  if (threaded)
    ul_layer_blob_use_threads (blob);
  return g_steal_pointer (&blob);
}

/* From the blob to files, which are stored, and lines of tar-split, which go to @split. */
static gboolean
read_blob (UlImportLayer *self, const UlImageSource *source, const UlLayerOptions *options,
           UlGzip *split, UlPlainDraft *recipe, UlProgress *progress, GError **error)
{
  UlLayerBlobSums sums;
  g_autoptr (UlLayerBlob) blob
      = open_blob_to_keep (self, source, split, recipe, options->jobs > 1, progress, error);
  if (blob == NULL)
    return FALSE;
  const UlStream stream = ul_layer_blob_stream (blob);
  self->layer = ul_layer_read (options, &stream, error);
  if (self->layer == NULL || !ul_layer_blob_finish (blob, &sums, error)
      || !check_sums (self, ul_image_source_is_unpacked (source), &sums, error))
    return FALSE;
  self->size = sums.diff_size;
  self->recipe = sums.recipe;
  return ul_gzip_finish (split, error);
}

/* The tar-split once more, with the contents that no tree has: which these are is known after the
 * whole archive was seen. What was verified may be something else by now. */
static gboolean
split_again (UlImportLayer *self, const UlImageSource *source, int fd, GError **error)
{
  UlLayerBlobSums sums;
  if (ftruncate (fd, 0) != 0 || lseek (fd, 0, SEEK_SET) != 0)
    return ul_throw_errno (error, "truncate");
  g_autoptr (UlGzip) split = ul_gzip_new (fd, "tar-split", UL_GZIP_QUICK, 1);
  g_autoptr (UlLayerBlob) first = open_blob (self, source, NULL, NULL, error);
  if (first == NULL)
    return FALSE;
  const UlStream stream = ul_layer_blob_stream (first);
  g_autoptr (UlLayerKeep) keep = ul_layer_keep_new (self->layer, &stream, error);
  if (keep == NULL)
    return FALSE;
  g_autoptr (UlLayerBlob) second = open_blob (self, source, split, NULL, error);
  if (second == NULL)
    return FALSE;
  ul_layer_blob_keep (second, ul_layer_keep_ask, keep);
  return ul_layer_blob_drain (second, &sums, error)
         && check_sums (self, ul_image_source_is_unpacked (source), &sums, error)
         && ul_gzip_finish (split, error);
}

static gboolean
store_file (const char *name, const UlSource *source, UlTransaction *transaction, UlWriter *writer,
            UlChecksum *out, GError **error)
{
  const UlPlainFile file = { .name = name, .source = *source };
  return ul_plain_commit (transaction, writer, &file, 1, NULL, 0, out, error);
}

static gboolean
store_lines (int fd, UlTransaction *transaction, UlWriter *writer, UlChecksum *out, GError **error)
{
  struct stat st;
  if (fstat (fd, &st) != 0)
    return ul_throw_errno (error, "stat");
  const UlSource source = { .fd = fd, .size = (guint64) st.st_size };
  return store_file (UL_IMAGE_TAR_SPLIT_FILE, &source, transaction, writer, out, error);
}

static gboolean
open_tmp (const UlLayerOptions *options, UlTmpFile *out, GError **error)
{
  const int dfd = ul_repo_tmp_dfd (ul_transaction_repo (options->transaction));
  return ul_tmp_file_open (out, dfd, TRUE, 0600, error);
}

static gboolean
read_layer (UlImportLayer *self, const UlImageSource *source, const UlLayerOptions *options,
            UlWriter *writer, UlPlainDraft *recipe, UlProgress *progress, GError **error)
{
  g_auto (UlTmpFile) lines = UL_TMP_FILE_INIT;
  if (!open_tmp (options, &lines, error))
    return FALSE;
  /* Not on the thread that reads the tar: others would wait for it. */
  g_autoptr (UlGzip) split
      = ul_gzip_new (lines.fd, "tar-split", UL_GZIP_QUICK, options->jobs > 1 ? 2 : 1);
  if (!read_blob (self, source, options, split, recipe, progress, error))
    return FALSE;
  if (ul_layer_has_lost_content (self->layer) && !split_again (self, source, lines.fd, error))
    return FALSE;
  return store_lines (lines.fd, options->transaction, writer, &self->tar_split, error);
}

/* Of a layer that is there. */
static gboolean
read_blob_alone (UlImportLayer *self, const UlImageSource *source, const UlLayerOptions *options,
                 UlPlainDraft *recipe, UlProgress *progress, GError **error)
{
  UlLayerBlobSums sums;
  g_autoptr (UlLayerBlob) blob
      = open_blob_to_keep (self, source, NULL, recipe, options->jobs > 1, progress, error);
  if (blob == NULL || !ul_layer_blob_drain (blob, &sums, error))
    return FALSE;
  self->recipe = sums.recipe;
  return check_sums (self, FALSE, &sums, error);
}

static gboolean
store_recipe (UlImportLayer *self, UlPlainDraft *recipe, const UlLayerOptions *options,
              UlWriter *writer, GError **error)
{
  UlSource source;
  ul_plain_draft_finish (recipe, &source);
  return store_file (self->recipe == UL_RECIPE_SPLIT ? UL_IMAGE_BLOB_SPLIT : UL_IMAGE_BLOB_FILE,
                     &source, options->transaction, writer, &self->blob, error);
}

static gboolean
read_what_lacks (UlImportLayer *self, const UlImageSource *source, const UlLayerOptions *options,
                 UlWriter *writer, UlProgress *progress, GError **error)
{
  g_autoptr (UlPlainDraft) recipe = NULL;
  self->recipe = UL_RECIPE_BLOB;
  if (self->lacks_blob)
    {
      recipe = ul_plain_draft_new (options->transaction, error);
      if (recipe == NULL)
        return FALSE;
    }
  if (!(self->is_there ? read_blob_alone (self, source, options, recipe, progress, error)
                       : read_layer (self, source, options, writer, recipe, progress, error)))
    return FALSE;
  /* Once more, to be kept as it is: where that is shorter than what it's made of. */
  if (self->recipe == UL_RECIPE_NONE
      && (!ul_plain_draft_restart (recipe, error)
          || !read_blob_alone (self, source, options, recipe, NULL, error)))
    return FALSE;
  return recipe == NULL || store_recipe (self, recipe, options, writer, error);
}

gboolean
ul_import_layer_read (UlImportLayer *self, const UlImageSource *source,
                      const UlLayerOptions *options, UlWriter *writer, UlProgress *progress,
                      GError **error)
{
  char digest[UL_OCI_DIGEST_SIZE];
  if (read_what_lacks (self, source, options, writer, progress, error))
    {
      ul_progress_add (progress, done, 1);
      return TRUE;
    }
  ul_oci_digest_format (&self->descriptor->digest, digest);
  return ul_prefix (error, "layer %u, %s%s", self->index + 1, digest,
                    self->is_there ? ", which is there but for its blob (--no-keep-blobs)" : "");
}

static gboolean
write_commit (UlImportLayer *self, const char *parent, const UlChecksum *contents,
              const UlChecksum *meta, UlWriter *writer, GError **error)
{
  /* Nothing of now and here: the same layer is the same commit everywhere. */
  g_autoptr (GVariant) metadata
      = g_variant_ref_sink (ul_image_layer_metadata (parent, &self->diff_id, self->size));
  g_autoptr (GVariant) commit
      = g_variant_ref_sink (ul_commit_new (metadata, NULL, NULL, NULL, 0, contents, meta));
  return ul_writer_metadata (writer, UL_OBJECT_COMMIT, commit, &self->commit, error);
}

gboolean
ul_import_layer_finish (UlImportLayer *self, const UlImportLayer *parent,
                        UlTransaction *transaction, UlWriter *writer, GError **error)
{
  UlChecksum contents;
  UlChecksum meta;
  g_autofree char *ref = ul_image_layer_ref (self->id);
  g_autofree char *split_ref = ul_image_tar_split_ref (&self->diff_id);
  UlLayer *below = parent != NULL ? parent->layer : NULL;
  /* Also of one that is there: the layer below may have been read anew. */
  ul_layer_set_below (self->layer, below);
  if (!self->is_there
      && (!ul_layer_finish (self->layer, below, writer, &contents, &meta, error)
          || !write_commit (self, parent != NULL ? parent->id : NULL, &contents, &meta, writer,
                            error)))
    return ul_prefix (error, "layer %u", self->index + 1);
  ul_transaction_set_ref (transaction, ref, &self->commit);
  ul_transaction_set_ref (transaction, split_ref, &self->tar_split);
  if (self->lacks_blob)
    {
      g_autofree char *blob_ref = ul_image_blob_ref (&self->descriptor->digest);
      ul_transaction_set_ref (transaction, blob_ref, &self->blob);
    }
  return TRUE;
}
