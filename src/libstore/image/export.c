// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/export.h"

#include <fcntl.h>
#include <string.h>

#include "core/oci-index.h"
#include "image/export-archive.h"
#include "image/export-manifest.h"
#include "image/export-registry.h"
#include "image/layout.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"
#include "util/pool.h"

/* Layers made at once: each has up to two files beside the one in the layout. */
#define MAX_PARALLEL 3

/* Where it goes in the end. */
typedef struct
{
  UlRepo *repo;
  const UlImage *image;
  const char *where; /* a directory, an archive, or the location in a registry */
  const char *tag;
  const UlImageExportOptions *options;
  UlImageExportResult *result;
} Passage;

typedef struct
{
  const Passage *passage;
  UlLayoutWriter *writer;
  int layout;         /* the one of @writer, if it's only on the way to a registry; else -1 */
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

/* Layers from @first on that aren't exact, which are needed, go out as they are now. */
static gboolean
accept (Export *self, guint first, GError **error)
{
  for (guint i = first; i < self->n_packs; i++)
    {
      UlLayerPack *pack = &self->packs[i];
      if (pack->is_exact || !pack->is_made)
        continue;
      if (self->passage->options->exact)
        return check_exact (pack, error);
      pack->stands_in = TRUE;
    }
  return TRUE;
}

static gboolean
pack_layer (gpointer item, G_GNUC_UNUSED gpointer worker, gpointer data, GError **error)
{
  const Export *export = data;
  /* Of a registry's it's only known later. */
  const gboolean is_needed = export->layout < 0;
  return ul_layer_pack (item, error)
         && (!is_needed || !export->passage->options->exact || check_exact (item, error));
}

/* The first of the same blob: an image may have a layer several times. */
static UlLayerPack *
first_of (const Export *self, guint i)
{
  guint first = 0;
  while (!ul_checksum_equal (&self->packs[first].descriptor->digest,
                             &self->packs[i].descriptor->digest))
    first++;
  return &self->packs[first];
}

static void
share (const Export *self, guint first)
{
  for (guint i = first; i < self->n_packs; i++)
    {
      UlLayerPack *pack = &self->packs[i];
      const UlLayerPack *same = first_of (self, i);
      if (pack == same || pack->is_made)
        continue;
      pack->is_made = same->is_made;
      pack->is_exact = same->is_exact;
      pack->digest = same->digest;
      pack->size = same->size;
    }
}

/* Those from @first on that aren't made yet. */
static gboolean
pack_layers (Export *self, guint first, GError **error)
{
  const guint jobs = ul_pool_jobs (self->passage->options->jobs);
  const guint parallel = CLAMP (self->n_packs - first, 1, MAX_PARALLEL);
  const UlPoolOptions options = {
    .jobs = MIN (jobs, parallel),
    .run = pack_layer,
    .data = self,
  };
  g_autoptr (UlPool) pool = ul_pool_new (&options);
  for (guint i = first; i < self->n_packs; i++)
    {
      UlLayerPack *pack = &self->packs[i];
      if (pack->is_made || pack != first_of (self, i))
        continue;
      pack->jobs = MAX (1, jobs / parallel);
      ul_progress_add (self->passage->options->progress, total, 1);
      if (!ul_pool_push (pool, pack))
        break;
    }
  if (!ul_pool_finish (pool, error))
    return FALSE;
  share (self, first);
  return TRUE;
}

static gboolean
add_config (Export *self, UlChecksum *out, GError **error)
{
  return ul_layout_writer_add_blob (self->writer, self->passage->image->documents->config_bytes,
                                    out, error);
}

static gboolean
send_to_layout (Export *self, GError **error)
{
  const Passage *passage = self->passage;
  UlImageExportResult *result = passage->result;
  g_autoptr (GBytes) manifest = NULL;
  UlChecksum config;
  const char *type;
  return pack_layers (self, 0, error) && accept (self, 0, error)
         && add_config (self, &config, error)
         && ul_export_manifest_make (passage->image->documents, self->packs, TRUE, &manifest, &type,
                                     error)
         && ul_layout_writer_add_blob (self->writer, manifest, &result->manifest, error)
         && ul_layout_writer_publish (self->writer, passage->tag, type, &result->manifest,
                                      g_bytes_get_size (manifest), error);
}

/* The manifest with what stands in so far. FALSE with *out_lacking >= 0: neither the registry nor
 * we have that layer. */
static gboolean
offer (Export *self, const UlChecksum *config, gint *out_lacking, GError **error)
{
  const Passage *passage = self->passage;
  g_autoptr (GBytes) manifest = NULL;
  const char *type;
  *out_lacking = -1;
  if (!ul_export_manifest_make (passage->image->documents, self->packs, FALSE, &manifest, &type,
                                error))
    return FALSE;
  ul_checksum_of_data (g_bytes_get_data (manifest, NULL), g_bytes_get_size (manifest),
                       &passage->result->manifest);
  return ul_export_registry_push (self->layout, manifest, config, self->packs, self->n_packs,
                                  passage->where, &passage->options->skopeo, out_lacking, error);
}

/* The registry may have layers, so that it's offered the image before anything is packed. What it
 * has are the lower ones, so that all from the first on that it lacks are packed then; but only one
 * of which it has said that it lacks it may be another than it was. */
static gboolean
send_to_registry (Export *self, GError **error)
{
  UlChecksum config;
  if (!add_config (self, &config, error))
    return FALSE;
  for (;;)
    {
      g_autoptr (GError) failure = NULL;
      gint lacking;
      if (offer (self, &config, &lacking, &failure))
        return TRUE;
      if (lacking < 0)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
      if (!pack_layers (self, (guint) lacking, error)
          || (!self->packs[lacking].is_exact && !accept (self, (guint) lacking, error)))
        return FALSE;
    }
}

static void
count (const Export *self, UlImageExportResult *result)
{
  for (guint i = 0; i < self->n_packs; i++)
    {
      result->layers_changed += self->packs[i].stands_in;
      result->bytes_written += self->packs[i].bytes_written;
    }
}

/* @layout: the one of @writer, where it's only on the way to a registry; else -1. */
static gboolean
export_image (const Passage *passage, UlLayoutWriter *writer, int layout, GError **error)
{
  const UlImage *image = passage->image;
  const UlImageExportOptions *options = passage->options;
  UlImageExportResult *result = passage->result;
  const guint n = image->layers->len;
  g_autofree UlLayerPack *packs = g_new0 (UlLayerPack, n);
  Export self = {
    .passage = passage,
    .writer = writer,
    .layout = layout,
    .packs = packs,
    .n_packs = n,
  };
  for (guint i = 0; i < n; i++)
    packs[i] = (UlLayerPack){
      .repo = passage->repo,
      .layer = image->layers->pdata[i],
      .descriptor = ul_oci_descriptor_at (image->documents->manifest->layers, i),
      .writer = writer,
      .one_way = options->repack,
      .progress = options->progress,
    };
  result->layers = n;
  result->original = image->documents->manifest_digest;
  result->converted = layout < 0 && ul_export_manifest_is_docker (image->documents);
  if (options->exact && result->converted)
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "the image has a manifest of Docker's, which a layout can't have");
  if (!(layout < 0 ? send_to_layout (&self, error) : send_to_registry (&self, error)))
    return FALSE;
  count (&self, result);
  return TRUE;
}

static gboolean
export_to_layout (Passage *passage, GError **error)
{
  g_autoptr (UlLayoutWriter) writer = ul_layout_writer_open (AT_FDCWD, passage->where, error);
  return writer != NULL && export_image (passage, writer, -1, error);
}

/* A layout that is there for as long as its archive is being written. */
static gboolean
write_archive (int dfd, const Passage *passage, GError **error)
{
  g_autoptr (UlLayoutWriter) writer = ul_layout_writer_open (dfd, ".", error);
  return writer != NULL && export_image (passage, writer, -1, error)
         && ul_export_archive_write (dfd, passage->where, error);
}

/* The same for as long as skopeo reads it. */
static gboolean
write_registry (int dfd, const Passage *passage, GError **error)
{
  g_autoptr (UlLayoutWriter) writer = ul_layout_writer_open (dfd, ".", error);
  return writer != NULL && export_image (passage, writer, dfd, error);
}

/* In the repository; or where programs have such, if it can't be written. */
static gboolean
open_tmp_dir (UlRepo *repo, int *out_system, UlTmpDir *out, GError **error)
{
  if (ul_repo_tmp_dfd (repo) >= 0)
    return ul_tmp_dir_open (out, ul_repo_tmp_dfd (repo), error);
  *out_system = open (g_get_tmp_dir (), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (*out_system < 0)
    return ul_throw_errno (error, "open %s", g_get_tmp_dir ());
  return ul_tmp_dir_open (out, *out_system, error);
}

static gboolean
with_tmp_dir (gboolean (*run) (int dfd, const Passage *passage, GError **error),
              const Passage *passage, GError **error)
{
  ul_autofd int system = -1;
  g_auto (UlTmpDir) dir = UL_TMP_DIR_INIT;
  return open_tmp_dir (passage->repo, &system, &dir, error) && run (dir.fd, passage, error)
         && ul_tmp_dir_remove (&dir, error);
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
export_to_archive (Passage *passage, GError **error)
{
  return check_directory_of (passage->where, error) && with_tmp_dir (write_archive, passage, error);
}

static gboolean
export_to_registry (Passage *passage, GError **error)
{
  return with_tmp_dir (write_registry, passage, error);
}

static const struct
{
  const char *prefix;
  gboolean (*run) (Passage *passage, GError **error);
  gboolean is_whole; /* the location isn't PATH:TAG */
} transports[] = {
  { "oci:", export_to_layout, FALSE },
  { "oci-archive:", export_to_archive, FALSE },
  { "docker://", export_to_registry, TRUE },
};

static gboolean
export_to (UlRepo *repo, const char *name, gsize transport, const char *location,
           const UlImageExportOptions *options, UlImageExportResult *result, GError **error)
{
  g_autofree char *path = NULL;
  g_autofree char *tag = NULL;
  const char *rest = location + strlen (transports[transport].prefix);
  if (transports[transport].is_whole)
    path = g_strdup (*rest != '\0' ? location : "");
  else
    ul_layout_split (rest, &path, &tag);
  if (*path == '\0')
    return ul_throw (error, UL_ERROR_INVALID, "no path");
  if (tag != NULL && !ul_oci_ref_name_check (tag, error))
    return FALSE;
  g_autoptr (UlImage) image = ul_image_load (repo, name, error);
  Passage passage = { repo, image, path, tag, options, result };
  return image != NULL && transports[transport].run (&passage, error);
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
      if (!export_to (repo, name, i, location, options, &result, error))
        return ul_prefix (error, "%.*s", (int) strcspn (prefix, ":"), prefix);
      *out_result = result;
      return TRUE;
    }
  return ul_throw (error, UL_ERROR_UNSUPPORTED,
                   "%s: not where an image can be exported to, which begins with oci:, "
                   "oci-archive: or docker://",
                   location);
}
