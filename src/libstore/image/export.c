// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/export.h"

#include <fcntl.h>
#include <string.h>

#include "core/oci-index.h"
#include "image/export-archive.h"
#include "image/export-manifest.h"
#include "image/layout.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"
#include "util/pool.h"

/* Layers made at once: each has up to two files beside the one in the layout. */
#define MAX_PARALLEL 3

typedef struct
{
  const UlImage *image;
  const UlImageExportOptions *options;
  UlLayoutWriter *writer;
  UlLayerPack *packs; /* one a layer */
  guint n_packs;
} Export;

static gboolean
check_exact (const UlLayerPack *pack, GError **error)
{
  char digest[UL_OCI_DIGEST_SIZE];
  if (pack->is_exact)
    return TRUE;
  ul_oci_digest_format (&pack->descriptor->digest, digest);
  return ul_throw (error, UL_ERROR_UNSUPPORTED,
                   "blob %s: no way to pack the layer gives it again, and it wasn't kept "
                   "(image import --keep-blobs)",
                   digest);
}

static gboolean
pack_layer (gpointer item, G_GNUC_UNUSED gpointer worker, gpointer data, GError **error)
{
  const Export *export = data;
  return ul_layer_pack (item, error) && (!export->options->exact || check_exact (item, error));
}

static gboolean
pack_layers (Export *self, GError **error)
{
  const UlPoolOptions options = {
    .jobs = MIN (ul_pool_jobs (self->options->jobs), MAX_PARALLEL),
    .run = pack_layer,
    .data = self,
  };
  g_autoptr (UlPool) pool = ul_pool_new (&options);
  for (guint i = 0; i < self->n_packs; i++)
    if (!ul_pool_push (pool, &self->packs[i]))
      break;
  return ul_pool_finish (pool, error);
}

static gboolean
publish (Export *self, const char *tag, UlImageExportResult *result, GError **error)
{
  const UlImageDocuments *documents = self->image->documents;
  g_autoptr (GBytes) manifest = NULL;
  const char *type;
  UlChecksum config;
  return ul_export_manifest_make (documents, self->packs, &manifest, &type, error)
         && ul_layout_writer_add_blob (self->writer, documents->config_bytes, &config, error)
         && ul_layout_writer_add_blob (self->writer, manifest, &result->manifest, error)
         && ul_layout_writer_publish (self->writer, tag, type, &result->manifest,
                                      g_bytes_get_size (manifest), error);
}

static void
count (const Export *self, UlImageExportResult *result)
{
  for (guint i = 0; i < self->n_packs; i++)
    {
      result->layers_changed += !self->packs[i].is_exact;
      result->bytes_written += self->packs[i].bytes_written;
    }
}

static gboolean
export_image (UlRepo *repo, const UlImage *image, UlLayoutWriter *writer, const char *tag,
              const UlImageExportOptions *options, UlImageExportResult *result, GError **error)
{
  const guint n = image->layers->len;
  const guint jobs = ul_pool_jobs (options->jobs);
  g_autofree UlLayerPack *packs = g_new0 (UlLayerPack, n);
  Export self
      = { .image = image, .options = options, .writer = writer, .packs = packs, .n_packs = n };
  for (guint i = 0; i < n; i++)
    packs[i] = (UlLayerPack){
      .repo = repo,
      .layer = image->layers->pdata[i],
      .descriptor = ul_oci_descriptor_at (image->documents->manifest->layers, i),
      .writer = writer,
      .jobs = MAX (1, jobs / CLAMP (n, 1, MAX_PARALLEL)),
      .progress = options->progress,
    };
  ul_progress_add (options->progress, total, n);
  result->layers = n;
  result->original = image->documents->manifest_digest;
  result->converted = ul_export_manifest_is_docker (image->documents);
  if (options->exact && result->converted)
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "the image has a manifest of Docker's, which a layout can't have");
  if (!pack_layers (&self, error) || !publish (&self, tag, result, error))
    return FALSE;
  count (&self, result);
  return TRUE;
}

static gboolean
export_to_layout (UlRepo *repo, const UlImage *image, const char *path, const char *tag,
                  const UlImageExportOptions *options, UlImageExportResult *result, GError **error)
{
  g_autoptr (UlLayoutWriter) writer = ul_layout_writer_open (AT_FDCWD, path, error);
  return writer != NULL && export_image (repo, image, writer, tag, options, result, error);
}

/* A layout that is there for as long as its archive is being written. */
static gboolean
export_through (UlRepo *repo, const UlImage *image, int dfd, const char *path, const char *tag,
                const UlImageExportOptions *options, UlImageExportResult *result, GError **error)
{
  g_autoptr (UlLayoutWriter) writer = ul_layout_writer_open (dfd, ".", error);
  return writer != NULL && export_image (repo, image, writer, tag, options, result, error)
         && ul_export_archive_write (dfd, path, error);
}

static gboolean
check_directory_of (const char *path, GError **error)
{
  struct stat st;
  g_autofree char *dir = g_path_get_dirname (path);
  if (stat (path, &st) == 0 && S_ISDIR (st.st_mode))
    return ul_throw (error, UL_ERROR_INVALID, "%s: is a directory", path);
  return stat (dir, &st) == 0 || ul_throw_errno (error, "%s", dir);
}

static gboolean
export_to_archive (UlRepo *repo, const UlImage *image, const char *path, const char *tag,
                   const UlImageExportOptions *options, UlImageExportResult *result, GError **error)
{
  const int tmp = ul_repo_tmp_dfd (repo);
  char name[UL_TMP_NAME_MAX];
  ul_autofd int dfd = -1;
  if (!check_directory_of (path, error))
    return FALSE;
  ul_tmp_name_random (name);
  /* A layout of the image's size is not to be left behind. */
  ul_interrupt_hold ();
  gboolean ok
      = mkdirat (tmp, name, 0700) == 0 || ul_throw_errno (error, "make a temporary directory");
  if (ok)
    {
      ok = ul_fd_open_dir_at (tmp, name, FALSE, &dfd, error)
           && export_through (repo, image, dfd, path, tag, options, result, error);
      ok = ul_fd_remove_tree_at (tmp, name, ok ? error : NULL) && ok;
    }
  ul_interrupt_release ();
  return ok;
}

static const struct
{
  const char *prefix;
  gboolean (*run) (UlRepo *repo, const UlImage *image, const char *path, const char *tag,
                   const UlImageExportOptions *options, UlImageExportResult *result,
                   GError **error);
} transports[] = {
  { "oci:", export_to_layout },
  { "oci-archive:", export_to_archive },
};

static gboolean
export_to (UlRepo *repo, const char *name, gsize transport, const char *location,
           const UlImageExportOptions *options, UlImageExportResult *result, GError **error)
{
  g_autofree char *path = NULL;
  g_autofree char *tag = NULL;
  ul_layout_split (location, &path, &tag);
  if (*path == '\0')
    return ul_throw (error, UL_ERROR_INVALID, "no path");
  if (tag != NULL && !ul_oci_ref_name_check (tag, error))
    return FALSE;
  g_autoptr (UlImage) image = ul_image_load (repo, name, error);
  return image != NULL
         && transports[transport].run (repo, image, path, tag, options, result, error);
}

gboolean
ul_image_export (UlRepo *repo, const char *name, const char *location,
                 const UlImageExportOptions *options, UlImageExportResult *out_result,
                 GError **error)
{
  UlImageExportResult result = { 0 };
  for (gsize i = 0; i < G_N_ELEMENTS (transports); i++)
    {
      const char *prefix = transports[i].prefix;
      if (!g_str_has_prefix (location, prefix))
        continue;
      if (!export_to (repo, name, i, location + strlen (prefix), options, &result, error))
        return ul_prefix (error, "%.*s", (int) strlen (prefix) - 1, prefix);
      *out_result = result;
      return TRUE;
    }
  return ul_throw (error, UL_ERROR_UNSUPPORTED,
                   "%s: not where an image can be exported to, which begins with oci: or "
                   "oci-archive:",
                   location);
}
