// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-layer.h"

#include <sys/stat.h>

#include "build/from-tar-import.h"
#include "build/from-tar-layer.h"
#include "build/opacity.h"
#include "core/whiteout.h"
#include "repo/objects.h"
#include "util/error.h"

struct _UlLayer
{
  UlRepo *repo;
  UlLayer *below;
  UlTree *tree;
  UlTarNames *names; /* NULL: it was stored before, and tree has it */
  gboolean lost;
  /* What the names refer to. */
  UlIntake intake;
  UlModifier modifier;
};

static UlLayer *
new_layer (UlRepo *repo)
{
  UlLayer *self = g_new0 (UlLayer, 1);
  self->repo = g_object_ref (repo);
  self->tree = ul_tree_new ();
  return self;
}

void
ul_layer_free (UlLayer *self)
{
  if (self == NULL)
    return;
  ul_tar_names_free (self->names);
  ul_tree_free (self->tree);
  g_object_unref (self->repo);
  g_free (self);
}

UlLayer *
ul_layer_load (UlRepo *repo, const UlChecksum *commit, GError **error)
{
  g_auto (UlCommit) parsed = { 0 };
  if (!ul_objects_load_commit (repo, commit, &parsed, error))
    return NULL;
  UlLayer *self = new_layer (repo);
  ul_tree_set_base (self->tree, &parsed.tree, &parsed.meta);
  return self;
}

void
ul_layer_set_below (UlLayer *self, UlLayer *below)
{
  self->below = below;
}

static gboolean
read_all (UlLayer *self, UlTarReader *reader, GError **error)
{
  static const UlTarOptions options = { 0 };
  g_autoptr (UlWriter) writer = ul_writer_new (self->intake.transaction);
  g_autoptr (UlTarStore) store = ul_tar_store_new (&self->intake, reader, writer);
  g_autoptr (GPtrArray) offenders = g_ptr_array_new_with_free_func (g_free);
  UlTarImport import = {
    .intake = &self->intake,
    .options = &options,
    .reader = reader,
    .names = self->names,
    .store = store,
    .is_layer = TRUE,
    .offenders = offenders,
  };
  if (!ul_tar_import_run (&import, error))
    return FALSE;
  self->lost = import.lost;
  return TRUE;
}

UlLayer *
ul_layer_read (const UlLayerOptions *options, const UlStream *stream, GError **error)
{
  g_autoptr (UlTarReader) reader = ul_tar_reader_new (stream, error);
  if (reader == NULL)
    return NULL;
  g_autoptr (UlLayer) self = new_layer (ul_transaction_repo (options->transaction));
  self->modifier.retarget_whiteouts = TRUE;
  self->modifier.devices = options->devices;
  self->intake = (UlIntake){
    .transaction = options->transaction,
    .modifier = &self->modifier,
    .jobs = options->jobs,
    .progress = options->progress,
    .guess = options->guess,
  };
  self->names = ul_tar_names_new (&self->intake, UL_TAR_PARENTS_INHERITED, self->tree, error);
  if (self->names == NULL || !read_all (self, reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

static gboolean
load_meta (UlLayer *self, UlTree *tree, UlFileMeta *out, GError **error)
{
  g_autoptr (GVariant) dirmeta = NULL;
  if (!ul_objects_load (self->repo, UL_OBJECT_DIRMETA, ul_tree_meta (tree), &dirmeta, error))
    return FALSE;
  ul_dirmeta_get (dirmeta, &out->uid, &out->gid, &out->mode, &out->xattrs);
  return TRUE;
}

static gboolean
is_opaque (UlLayer *self, UlTree *dir, gboolean *out, GError **error)
{
  g_auto (UlFileMeta) meta = { 0 };
  UlOpacity opacity;
  if (!load_meta (self, dir, &meta, error))
    return FALSE;
  ul_opacity_read (meta.xattrs, &opacity);
  *out = opacity.opaque;
  return TRUE;
}

/* Has the directory something else than a directory called @name, or says that it's deleted? */
static gboolean
has_other (UlTree *dir, const char *name)
{
  g_autofree char *marker = g_strconcat (UL_WHITEOUT_COMMIT_PREFIX, name, NULL);
  return ul_tree_had (dir, name) || ul_tree_had (dir, marker);
}

static gboolean
find_in_tree (UlLayer *self, const char *path, UlTarLayerFind *out, UlFileMeta *out_meta,
              GError **error)
{
  UlTree *dir = self->tree;
  gboolean hidden = FALSE; /* by an opaque directory on the way */
  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  for (char **name = names; *name != NULL; name++)
    {
      gboolean opaque;
      if (!ul_tree_open (dir, self->repo, error) || !is_opaque (self, dir, &opaque, error))
        return FALSE;
      hidden |= opaque;
      UlTree *next = ul_tree_had_dir (dir, *name);
      if (next == NULL)
        {
          *out = hidden || has_other (dir, *name) ? UL_TAR_LAYER_OTHER : UL_TAR_LAYER_ABSENT;
          return TRUE;
        }
      dir = next;
    }
  *out = UL_TAR_LAYER_DIR;
  return load_meta (self, dir, out_meta, error);
}

static void
copy_meta (const UlFileMeta *meta, UlFileMeta *out)
{
  *out = *meta;
  out->symlink_target = NULL;
  out->xattrs = g_variant_ref (meta->xattrs);
}

static gboolean
find (UlLayer *self, const char *path, UlTarLayerFind *out, UlFileMeta *out_meta, GError **error)
{
  const UlFileMeta *meta;
  if (self->names == NULL)
    return find_in_tree (self, path, out, out_meta, error);
  *out = ul_tar_names_find_in_layer (self->names, path, &meta);
  if (*out == UL_TAR_LAYER_DIR)
    copy_meta (meta, out_meta);
  return TRUE;
}

/* UlTarBelow.find_dir: @data is the uppermost layer. */
static gboolean
find_dir (gpointer data, const char *path, gboolean *out_found, UlFileMeta *out_meta,
          GError **error)
{
  UlTarLayerFind found = UL_TAR_LAYER_ABSENT;
  for (UlLayer *layer = data; layer != NULL && found == UL_TAR_LAYER_ABSENT; layer = layer->below)
    if (!find (layer, path, &found, out_meta, error))
      return FALSE;
  *out_found = found == UL_TAR_LAYER_DIR;
  if (*out_found)
    (void) ul_whiteout_strip_opaque (&out_meta->xattrs);
  return TRUE;
}

gboolean
ul_layer_finish (UlLayer *self, UlLayer *below, UlWriter *writer, UlChecksum *out_contents,
                 UlChecksum *out_meta, GError **error)
{
  g_assert (self->names != NULL);
  const UlTarBelow lookup = { .find_dir = find_dir, .data = below };
  self->below = below;
  return ul_tar_names_finish_layer (self->names, below != NULL ? &lookup : NULL, writer, error)
         && ul_tree_write (self->tree, writer, out_contents, out_meta, error);
}

gboolean
ul_layer_has_lost_content (const UlLayer *self)
{
  return self->lost || ul_tar_names_has_replaced (self->names);
}

gboolean
ul_layer_holds_content (const UlLayer *self, const char *path)
{
  return ul_tar_names_holds_content (self->names, path);
}
