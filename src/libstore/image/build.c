// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/build.h"

#include <sys/stat.h>

#include "core/dirtree.h"
#include "core/refspec.h"
#include "core/whiteout.h"
#include "image/blob-digest.h"
#include "image/layout-writer.h"
#include "image/merged.h"
#include "image/records.h"
#include "repo/objects.h"
#include "repo/refs.h"
#include "util/error.h"

#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar"

static const char *const layer_types[] = {
  [UL_TO_TAR_PLAIN] = LAYER_TYPE,
  [UL_TO_TAR_GZIP] = LAYER_TYPE "+gzip",
  [UL_TO_TAR_ZSTD] = LAYER_TYPE "+zstd",
};

typedef struct
{
  UlRepo *repo;
  const UlImageBuildOptions *options;
  UlImage *base;    /* NULL: none */
  GArray *commits;  /* UlChecksum: of the layers */
  GArray *layers;   /* UlBuiltLayer */
  GString *entries; /* of these in the manifest */
  gint64 created;
  UlLayoutWriter *writer;
  UlImageBuildResult result;
} Build;

static void
clear_layer (gpointer data)
{
  g_free (((UlBuiltLayer *) data)->comment);
}

static void
build_clear (Build *self)
{
  ul_image_free (self->base);
  g_array_unref (self->commits);
  g_array_unref (self->layers);
  g_string_free (self->entries, TRUE);
  ul_layout_writer_free (self->writer);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Build, build_clear)

static void
add_entry (Build *self, const char *type, const UlChecksum *digest, guint64 size)
{
  char text[UL_OCI_DIGEST_SIZE];
  ul_oci_digest_format (digest, text);
  g_string_append_printf (
      self->entries, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%" G_GUINT64_FORMAT "}",
      self->entries->len > 0 ? "," : "", type, text, size);
}

/* What it stands on, as a layout has it. A layer that is the tar itself is that, whatever somebody
 * has said of it (image/export-manifest.c). */
static gboolean
load_base (Build *self, GError **error)
{
  if (self->options->base == NULL)
    return TRUE;
  self->base = ul_image_load (self->repo, self->options->base, error);
  if (self->base == NULL)
    return FALSE;
  const UlImageDocuments *documents = self->base->documents;
  for (guint i = 0; i < documents->manifest->layers->len; i++)
    {
      const UlOciDescriptor *layer = ul_oci_descriptor_at (documents->manifest->layers, i);
      const UlChecksum *diff_id = &g_array_index (documents->config->diff_ids, UlChecksum, i);
      const gboolean is_tar = ul_checksum_equal (&layer->digest, diff_id);
      add_entry (self, is_tar ? LAYER_TYPE : ul_oci_media_type_in_oci (layer->type)->name,
                 &layer->digest, layer->size);
    }
  self->created = documents->config->created;
  return TRUE;
}

/* A ref called so comes before a checksum that begins so: the wrong tree would go unnoticed. */
static gboolean
find_commit (UlRepo *repo, const char *rev, UlChecksum *out, GError **error)
{
  gboolean found = FALSE;
  if (ul_ref_validate (rev, NULL) && !ul_refs_find (repo, rev, &found, out, error))
    return FALSE;
  return found || ul_refs_resolve (repo, rev, NULL, out, error);
}

static gboolean
find_commits (Build *self, GError **error)
{
  for (const char *const *rev = self->options->revs; *rev != NULL; rev++)
    {
      UlChecksum checksum;
      if (!find_commit (self->repo, *rev, &checksum, error))
        return FALSE;
      g_array_append_val (self->commits, checksum);
    }
  return TRUE;
}

/* What only leads to layers is no layer; and the kernel shows what is below an opaque root all the
 * same, others don't. */
static gboolean
check_commit (const Build *self, const UlCommit *commit, GError **error)
{
  g_autoptr (GVariant) dirmeta = NULL;
  g_autoptr (GVariant) xattrs = NULL;
  if (g_variant_lookup (commit->metadata, UL_IMAGE_KEY_NAME, "s", NULL))
    return ul_throw (error, UL_ERROR_INVALID,
                     "holds an image's documents; its layers are to be had by --base");
  if (!ul_objects_load (self->repo, UL_OBJECT_DIRMETA, &commit->meta, &dirmeta, error))
    return FALSE;
  ul_dirmeta_get (dirmeta, NULL, NULL, NULL, &xattrs);
  return !ul_whiteout_strip_opaque (&xattrs)
         || ul_throw (error, UL_ERROR_UNSUPPORTED,
                      "its root is opaque, which an overlay doesn't heed and other tools do");
}

/* What is said of the commit that is made of them. */
static gboolean
describe_all (const Build *self, char **out_subject, guint64 *out_newest, GError **error)
{
  g_autoptr (GPtrArray) subjects = g_ptr_array_new_with_free_func (g_free);
  guint64 newest = 0;
  for (guint i = 0; i < self->commits->len; i++)
    {
      g_auto (UlCommit) commit = { 0 };
      if (!ul_objects_load_commit (self->repo, &g_array_index (self->commits, UlChecksum, i),
                                   &commit, error)
          || !check_commit (self, &commit, error))
        return FALSE;
      newest = MAX (newest, commit.timestamp);
      if (*commit.subject != '\0')
        g_ptr_array_add (subjects, g_strdup (commit.subject));
    }
  g_ptr_array_add (subjects, NULL);
  *out_subject = g_strjoinv ("; ", (char **) subjects->pdata);
  *out_newest = newest;
  return TRUE;
}

/* One commit in the place of all, which no ref leads to. */
static gboolean
squash (Build *self, GError **error)
{
  g_autofree char *subject = NULL;
  guint64 newest;
  UlChecksum tree;
  UlChecksum meta;
  UlChecksum squashed;
  UlTransactionStats stats;
  g_autoptr (UlTransaction) transaction
      = ul_transaction_begin (self->repo, &self->options->transaction, error);
  if (transaction == NULL || !describe_all (self, &subject, &newest, error))
    return FALSE;
  g_autoptr (UlMerged) merged = ul_merged_new (self->repo, self->commits, UL_MERGED_LAYER, error);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  if (merged == NULL || !ul_merged_write (merged, writer, &tree, &meta, error))
    return FALSE;
  g_autoptr (GVariant) commit
      = g_variant_ref_sink (ul_commit_new (NULL, NULL, subject, NULL, newest, &tree, &meta));
  if (!ul_writer_metadata (writer, UL_OBJECT_COMMIT, commit, &squashed, error)
      || !ul_transaction_commit (transaction, &stats, error))
    return FALSE;
  g_array_set_size (self->commits, 0);
  g_array_append_val (self->commits, squashed);
  return TRUE;
}

/* What the history says of the layer. */
static gboolean
describe (Build *self, const UlChecksum *checksum, UlBuiltLayer *out, GError **error)
{
  g_auto (UlCommit) commit = { 0 };
  if (!ul_objects_load_commit (self->repo, checksum, &commit, error)
      || !check_commit (self, &commit, error))
    return FALSE;
  out->created
      = self->options->has_timestamp ? self->options->timestamp : (gint64) commit.timestamp;
  out->comment = *commit.subject != '\0' ? g_strdup (commit.subject) : NULL;
  self->created = MAX (self->created, out->created);
  return TRUE;
}

static gboolean
write_tar (Build *self, const UlChecksum *commit, UlHasher *hasher, int fd, GError **error)
{
  const UlToTarOptions options = {
    .whiteouts = UL_TO_TAR_WHITEOUTS_LAYER,
    .compression = self->options->compression,
    .no_labels = !self->options->keep_labels,
    .has_mtime = self->options->has_timestamp,
    .mtime = self->options->timestamp,
    .hasher = hasher,
    .jobs = self->options->jobs,
    .progress = self->options->progress,
  };
  return ul_checkout_to_tar (self->repo, commit, &options, fd, "layer", error);
}

/* Into the layout. One after another, as each is read and packed by several threads. */
static gboolean
pack_layer (Build *self, const UlChecksum *commit, UlChecksum *out_diff_id, GError **error)
{
  g_auto (UlTmpFile) file = UL_TMP_FILE_INIT;
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  UlChecksum digest;
  struct stat st;
  ul_hasher_start (hasher);
  if (!ul_layout_writer_open_file (self->writer, &file, error)
      || !write_tar (self, commit, hasher, file.fd, error))
    return FALSE;
  ul_hasher_finish (hasher, out_diff_id);
  if (fstat (file.fd, &st) != 0)
    return ul_throw_errno (error, "stat");
  if (!ul_blob_digest (file.fd, &digest, error)
      || !ul_layout_writer_add_file (self->writer, &file, &digest, (guint64) st.st_size, error))
    return FALSE;
  add_entry (self, layer_types[self->options->compression], &digest, (guint64) st.st_size);
  return TRUE;
}

static gboolean
add_layer (Build *self, const UlChecksum *commit, GError **error)
{
  UlBuiltLayer layer = { 0 };
  g_autofree char *hex = ul_checksum_dup_hex (commit);
  const gboolean ok
      = describe (self, commit, &layer, error) && pack_layer (self, commit, &layer.diff_id, error);
  g_array_append_val (self->layers, layer);
  return ok || ul_prefix (error, "commit %s", hex);
}

/* The manifest's annotations as an object's members. */
static gboolean
format_annotations (char **annotations, GString *out, GError **error)
{
  for (char **one = annotations; one != NULL && *one != NULL; one++)
    {
      const char *equals = strchr (*one, '=');
      if (equals == NULL || equals == *one)
        return ul_throw (error, UL_ERROR_INVALID, "annotation '%s': not NAME=VALUE", *one);
      g_autofree char *plain_name = g_strndup (*one, (gsize) (equals - *one));
      g_autofree char *name = ul_json_quote (plain_name);
      g_autofree char *value = ul_json_quote (equals + 1);
      g_string_append_printf (out, "%s%s:%s", out->len > 0 ? "," : "", name, value);
    }
  return TRUE;
}

static gboolean
make_manifest (const Build *self, gsize config_size, GBytes **out, GError **error)
{
  char config[UL_OCI_DIGEST_SIZE];
  g_autoptr (GString) annotations = g_string_new (NULL);
  if (!format_annotations (self->options->annotations, annotations, error))
    return FALSE;
  ul_oci_digest_format (&self->result.config, config);
  GString *text = g_string_new (NULL);
  g_string_printf (text,
                   "{\"schemaVersion\":2,\"mediaType\":\"" UL_OCI_MANIFEST_TYPE "\","
                   "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
                   "\"digest\":\"%s\",\"size\":%" G_GSIZE_FORMAT "},\"layers\":[%s]",
                   config, config_size, self->entries->str);
  if (annotations->len > 0)
    g_string_append_printf (text, ",\"annotations\":{%s}", annotations->str);
  g_string_append_c (text, '}');
  *out = g_string_free_to_bytes (text);
  return TRUE;
}

static gboolean
publish (Build *self, GError **error)
{
  g_autoptr (GBytes) manifest = NULL;
  const gint64 created = self->options->has_timestamp ? self->options->timestamp : self->created;
  g_autoptr (GBytes) config
      = ul_build_config_make (self->base != NULL ? self->base->documents->config_bytes : NULL,
                              self->options->settings, self->layers, created, error);
  return config != NULL
         && ul_layout_writer_add_blob (self->writer, config, &self->result.config, error)
         && make_manifest (self, g_bytes_get_size (config), &manifest, error)
         && ul_layout_writer_add_blob (self->writer, manifest, &self->result.manifest, error)
         && ul_layout_writer_publish (self->writer, NULL, UL_OCI_MANIFEST_TYPE,
                                      &self->result.manifest, g_bytes_get_size (manifest), error);
}

/* Layers of the base are there, and the layout doesn't have them. */
static gboolean
import (Build *self, int layout, GError **error)
{
  const UlImageBuildOptions *options = self->options;
  const UlImageSourceOptions where = {
    .platform = options->settings->default_platform,
    .tmp_dfd = ul_repo_tmp_dfd (self->repo),
  };
  const UlImageImportOptions request = {
    .name = options->name,
    .forget_blobs = !options->keep_blobs,
    .n_base = self->base != NULL ? self->base->layers->len : 0,
    .jobs = options->jobs,
    .transaction = options->transaction,
  };
  g_autoptr (UlImageSource) source
      = ul_image_source_open_layout (layout, "the new image", &where, error);
  return source != NULL
         && ul_image_import (self->repo, source, &request, &self->result.import, error);
}

static gboolean
build_in (Build *self, int layout, GError **error)
{
  self->writer = ul_layout_writer_open (layout, ".", error);
  if (self->writer == NULL)
    return FALSE;
  for (guint i = 0; i < self->commits->len; i++)
    if (!add_layer (self, &g_array_index (self->commits, UlChecksum, i), error))
      return FALSE;
  return publish (self, error) && import (self, layout, error);
}

gboolean
ul_image_build (UlRepo *repo, const UlImageBuildOptions *options, UlImageBuildResult *out_result,
                GError **error)
{
  g_auto (UlTmpDir) dir = UL_TMP_DIR_INIT;
  g_auto (Build) self = {
    .repo = repo,
    .options = options,
    .commits = g_array_new (FALSE, FALSE, sizeof (UlChecksum)),
    .layers = g_array_new (FALSE, FALSE, sizeof (UlBuiltLayer)),
    .entries = g_string_new (NULL),
  };
  g_array_set_clear_func (self.layers, clear_layer);
  if (!ul_repo_check_writable (repo, error) || !load_base (&self, error)
      || !find_commits (&self, error)
      || (options->squash && self.commits->len > 1 && !squash (&self, error))
      || !ul_tmp_dir_open (&dir, ul_repo_tmp_dfd (repo), error) || !build_in (&self, dir.fd, error)
      || !ul_tmp_dir_remove (&dir, error))
    return FALSE;
  *out_result = self.result;
  return TRUE;
}
