// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/import.h"

#include <string.h>

#include "build/plain.h"
#include "core/image-name.h"
#include "core/oci-digest.h"
#include "image/import-guess.h"
#include "image/import-layer.h"
#include "image/records.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/pool.h"

/* Layers read at once: more only take memory from each other. */
#define MAX_PARALLEL 8

typedef struct
{
  UlRepo *repo;
  const UlImageSource *source;
  const UlImageDocuments *image;
  const UlImageImportOptions *options;
  UlTransaction *transaction;
  UlLayerOptions layer_options;
  GArray *layers; /* of UlImportLayer, the lowest first */
} Import;

/* Layers have owners, modes, xattrs. */
static gboolean
check_repo (UlRepo *repo, GError **error)
{
  if (ul_repo_wants_canonical (repo))
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "a repository of mode %s keeps no owners and xattrs, which images have",
                     ul_repo_mode_name (repo));
  if (ul_repo_disable_xattrs (repo))
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "the repository keeps no xattrs (core.disable-xattrs), which images have");
  return TRUE;
}

/* A name with a digest is of that manifest, or of the index that it was chosen from. */
static gboolean
check_name (const char *name, const UlImageDocuments *image, GError **error)
{
  UlChecksum index;
  UlChecksum wanted;
  const char *at = strchr (name, '@');
  if (at == NULL)
    return TRUE;
  if (!ul_oci_digest_parse (at + 1, &wanted, error))
    return FALSE;
  if (image->index_bytes != NULL)
    ul_checksum_of_data (g_bytes_get_data (image->index_bytes, NULL),
                         g_bytes_get_size (image->index_bytes), &index);
  char digest[UL_OCI_DIGEST_SIZE];
  ul_oci_digest_format (&image->manifest_digest, digest);
  return ul_checksum_equal (&wanted, &image->manifest_digest)
         || (image->index_bytes != NULL && ul_checksum_equal (&wanted, &index))
         || ul_throw (error, UL_ERROR_INVALID, "%s: the image's digest is %s", name, digest);
}

static UlImportLayer *
layer_at (const Import *import, guint i)
{
  return &g_array_index (import->layers, UlImportLayer, i);
}

static const UlImportLayer *
below (const Import *import, guint i)
{
  return i > 0 ? layer_at (import, i - 1) : NULL;
}

static gboolean
init_layers (Import *import, UlImageImportResult *result, GError **error)
{
  const guint n = import->image->config->diff_ids->len;
  const gboolean keep_blobs
      = !import->options->forget_blobs && !ul_image_source_is_unpacked (import->source);
  g_array_set_size (import->layers, n);
  result->layers = n;
  for (guint i = 0; i < n; i++)
    {
      UlImportLayer *layer = layer_at (import, i);
      const gboolean is_base = i < import->options->n_base;
      if (!ul_import_layer_init (layer, import->repo, import->image, i, below (import, i),
                                 keep_blobs && !is_base, error))
        return FALSE;
      if (!layer->is_there && is_base)
        return ul_throw (error, UL_ERROR_NOT_FOUND,
                         "layer %u of the base isn't there as a whole: import the base again",
                         i + 1);
      if (!ul_import_layer_is_wanted (layer))
        continue;
      result->layers_read += !layer->is_there;
      result->blobs_kept += layer->lacks_blob;
      result->blobs_added += layer->lacks_blob && layer->is_there;
      result->bytes_read += layer->descriptor->size;
      ul_progress_add (import->options->progress, total, 1);
      ul_progress_add (import->options->progress, bytes_total, layer->descriptor->size);
    }
  return TRUE;
}

static gboolean
read_layer (gpointer item, gpointer writer, gpointer data, GError **error)
{
  Import *import = data;
  return ul_import_layer_read (item, import->source, &import->layer_options, writer,
                               import->options->progress, error);
}

static gpointer
worker_new (gpointer data)
{
  return ul_writer_new (((Import *) data)->transaction);
}

static void
worker_free (gpointer writer)
{
  ul_writer_free (writer);
}

static gboolean
read_layers (Import *import, GError **error)
{
  const guint jobs = ul_pool_jobs (import->options->jobs);
  guint n_wanted = 0;
  for (guint i = 0; i < import->layers->len; i++)
    n_wanted += ul_import_layer_is_wanted (layer_at (import, i));
  if (n_wanted == 0)
    return TRUE;
  const guint parallel = MIN (MIN (jobs, n_wanted), MAX_PARALLEL);
  /* One reads and unpacks, others hash and store: also where all CPUs have a layer to read, as some
   * are smaller than others. */
  import->layer_options.jobs = jobs == 1 ? 1 : MAX (2, jobs / parallel);
  const UlPoolOptions options = {
    .jobs = parallel,
    .run = read_layer,
    .worker_new = worker_new,
    .worker_free = worker_free,
    .data = import,
  };
  g_autoptr (UlGuess) guess = ul_import_guess_new (import->repo, import->options->name);
  import->layer_options.guess = guess;
  g_autoptr (UlPool) pool = ul_pool_new (&options);
  for (guint i = 0; i < import->layers->len; i++)
    if (ul_import_layer_is_wanted (layer_at (import, i))
        && !ul_pool_push (pool, layer_at (import, i)))
      break;
  return ul_pool_finish (pool, error);
}

static UlSource
bytes_source (GBytes *bytes)
{
  gsize len;
  const guint8 *data = g_bytes_get_data (bytes, &len);
  return (UlSource){ .data = data, .fd = -1, .size = len };
}

static gboolean
write_image (Import *import, UlWriter *writer, UlChecksum *out, GError **error)
{
  UlPlainFile files[] = {
    { UL_IMAGE_MANIFEST_FILE, bytes_source (import->image->manifest_bytes) },
    { UL_IMAGE_CONFIG_FILE, bytes_source (import->image->config_bytes) },
    { .name = UL_IMAGE_INDEX_FILE },
  };
  const gboolean has_index = import->image->index_bytes != NULL;
  if (has_index)
    files[2].source = bytes_source (import->image->index_bytes);
  g_autoptr (GPtrArray) ids = g_ptr_array_new ();
  for (guint i = 0; i < import->layers->len; i++)
    g_ptr_array_add (ids, layer_at (import, i)->id);
  g_ptr_array_add (ids, NULL);
  GVariant *metadata = ul_image_metadata (import->options->name, import->image->media_type,
                                          (const char *const *) ids->pdata);
  return ul_plain_commit (import->transaction, writer, files, has_index ? 3 : 2, metadata,
                          import->image->config->created, out, error);
}

static gboolean
finish (Import *import, UlImageImportResult *result, GError **error)
{
  g_autofree char *ref = ul_image_name_to_ref (import->options->name);
  g_autoptr (UlWriter) writer = ul_writer_new (import->transaction);
  UlTransactionStats stats;
  UlChecksum before;
  gboolean had;
  for (guint i = 0; i < import->layers->len; i++)
    if (!ul_import_layer_finish (layer_at (import, i), below (import, i), import->transaction,
                                 writer, error))
      return FALSE;
  if (!write_image (import, writer, &result->commit, error)
      || !ul_refs_find (import->repo, ref, &had, &before, error))
    return FALSE;
  result->unchanged = had && ul_checksum_equal (&before, &result->commit);
  ul_transaction_set_ref (import->transaction, ref, &result->commit);
  if (!ul_transaction_commit (import->transaction, &stats, error))
    return FALSE;
  result->bytes_written = stats.content_bytes_written;
  return TRUE;
}

static void
clear_layer (gpointer layer)
{
  ul_import_layer_clear (layer);
}

gboolean
ul_image_import (UlRepo *repo, const UlImageSource *source, const UlImageImportOptions *options,
                 UlImageImportResult *out_result, GError **error)
{
  UlTransactionOptions transaction_options = options->transaction;
  UlImageImportResult result = { 0 };
  transaction_options.jobs = options->jobs;
  if (!check_repo (repo, error)
      || !check_name (options->name, ul_image_source_documents (source), error))
    return FALSE;
  /* What is there is looked up under its lock, so that nobody prunes it before it has our refs. */
  g_autoptr (UlTransaction) transaction = ul_transaction_begin (repo, &transaction_options, error);
  if (transaction == NULL)
    return FALSE;
  g_autoptr (GArray) layers = g_array_new (FALSE, TRUE, sizeof (UlImportLayer));
  g_array_set_clear_func (layers, clear_layer);
  Import import = {
    .repo = repo,
    .source = source,
    .image = ul_image_source_documents (source),
    .options = options,
    .transaction = transaction,
    .layer_options = { .transaction = transaction, .devices = options->devices },
    .layers = layers,
  };
  if (!init_layers (&import, &result, error) || !read_layers (&import, error)
      || !finish (&import, &result, error))
    return FALSE;
  *out_result = result;
  return TRUE;
}
