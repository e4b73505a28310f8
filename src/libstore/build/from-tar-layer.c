// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-tar-layer.h"

#include <string.h>
#include <sys/stat.h>

#include "build/from-tar-names-private.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/xattr.h"

/* What begins like this isn't the whiteout of `.wh.X`, which can't be deleted at all, but AUFS's:
 * directories of hardlinks and orphans that early builders left in their layers. */
#define AUFS_PREFIX UL_WHITEOUT_LAYER_PREFIX UL_WHITEOUT_LAYER_PREFIX

gboolean
ul_tar_layer_judge (const UlTarEntry *entry, UlTarLayerUse *out, GError **error)
{
  UlTarLayerUse use = UL_TAR_LAYER_CONTENT;
  const char *name = entry->path;
  for (const char *slash; (slash = strchr (name, '/')) != NULL; name = slash + 1)
    if (g_str_has_prefix (name, AUFS_PREFIX))
      use = UL_TAR_LAYER_IGNORED;
    else if (g_str_has_prefix (name, UL_WHITEOUT_LAYER_PREFIX))
      return ul_throw (error, UL_ERROR_UNSUPPORTED, "is below a whiteout");
  const gboolean may_be_empty
      = entry->size == 0 && (entry->hardlink != NULL || S_ISREG (entry->meta.mode));
  if (may_be_empty && g_str_has_prefix (name, UL_WHITEOUT_COMMIT_PREFIX))
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "an empty file of that name is a whiteout in a commit");
  if (use == UL_TAR_LAYER_CONTENT && g_str_has_prefix (name, UL_WHITEOUT_LAYER_PREFIX))
    use = g_str_has_prefix (name, AUFS_PREFIX) && !g_str_equal (name, UL_WHITEOUT_LAYER_OPAQUE)
              ? UL_TAR_LAYER_IGNORED
              : UL_TAR_LAYER_WHITEOUT;
  *out = use;
  return TRUE;
}

void
ul_tar_layer_make_marker (UlTarEntry *entry)
{
  g_clear_pointer (&entry->hardlink, g_free);
  g_clear_pointer (&entry->meta.symlink_target, g_free);
  g_clear_pointer (&entry->meta.xattrs, g_variant_unref);
  entry->meta.xattrs = g_variant_ref (ul_xattr_empty ());
  entry->meta.mode = S_IFREG;
  entry->size = 0;
  entry->sparse = FALSE;
}

/* A whiteout of a directory that the layer has itself is of what lies below it. */
static void
make_opaque (UlTarNames *self)
{
  for (guint i = 0; i < self->whiteouts->len; i++)
    {
      const UlTarName *marker = g_array_index (self->whiteouts, UlTarWhiteout, i).name;
      const UlTarName *same = ul_tar_names_find (self, marker->parent,
                                                 marker->name + strlen (UL_WHITEOUT_COMMIT_PREFIX));
      if (same != NULL && same->dir != NULL)
        same->dir->opacity.opaque = TRUE;
    }
}

/* The directory is as below, or as one that nobody has ever said anything about. */
static void
inherit (UlTarDir *dir, UlFileMeta *below)
{
  ul_file_meta_clear (&dir->meta);
  dir->has_entry = TRUE;
  if (dir->is_below)
    {
      dir->meta = *below;
      *below = (UlFileMeta){ 0 };
      return;
    }
  dir->meta = (UlFileMeta){
    .mode = S_IFDIR | (dir->parent == NULL ? 0555 : 0755),
    .xattrs = g_variant_ref (ul_xattr_empty ()),
  };
}

static gboolean
ask_below (const UlTarBelow *below, UlTarDir *dir, UlFileMeta *out_meta, GError **error)
{
  g_autofree char *path = ul_tar_dir_path (dir);
  return below->find_dir (below->data, path + 1, &dir->is_below, out_meta, error)
         || ul_prefix (error, "%s", path);
}

/* Directories come after those they are in. */
static gboolean
settle_dir (const UlTarBelow *below, UlTarDir *dir, GError **error)
{
  const UlTarDir *parent = dir->parent;
  g_auto (UlFileMeta) meta = { 0 };
  dir->is_hidden = parent != NULL && (parent->is_hidden || parent->opacity.opaque);
  const gboolean matters = dir->has_whiteouts || dir->opacity.opaque || !dir->has_entry;
  if (below != NULL && !dir->is_hidden && matters && !ask_below (below, dir, &meta, error))
    return FALSE;
  if (!dir->has_entry)
    inherit (dir, &meta);
  /* There's nothing to hide. */
  if (!dir->is_below && dir->opacity.opaque)
    {
      dir->opacity.opaque = FALSE;
      ul_whiteout_strip_opaque (&dir->meta.xattrs);
    }
  return TRUE;
}

static gboolean
store_marker (UlWriter *writer, const UlTarWhiteout *whiteout, UlChecksum *out, GError **error)
{
  /* As the library of the container tools makes its devices: nobody may open them. */
  const UlFileMeta meta = {
    .uid = whiteout->uid,
    .gid = whiteout->gid,
    .mode = S_IFREG,
    .xattrs = ul_xattr_empty (),
  };
  const UlSource source = { .fd = -1 };
  return ul_writer_file (writer, &meta, &source, out, error);
}

static gboolean
add_markers (UlTarNames *self, UlWriter *writer, GError **error)
{
  for (guint i = 0; i < self->whiteouts->len; i++)
    {
      const UlTarWhiteout *whiteout = &g_array_index (self->whiteouts, UlTarWhiteout, i);
      const UlTarName *marker = whiteout->name;
      const UlTarDir *dir = marker->parent;
      UlChecksum checksum;
      guint n;
      const UlTarName *same
          = ul_tar_names_find (self, dir, marker->name + strlen (UL_WHITEOUT_COMMIT_PREFIX));
      if (same != NULL || !dir->is_below || dir->opacity.opaque)
        continue;
      if (!store_marker (writer, whiteout, &checksum, error)
          || !ul_tree_add_file (dir->tree, marker->name, error))
        return FALSE;
      ul_tree_added_files (dir->tree, &n)[n - 1].checksum = checksum;
    }
  return TRUE;
}

gboolean
ul_tar_names_finish_layer (UlTarNames *self, const UlTarBelow *below, UlWriter *writer,
                           GError **error)
{
  make_opaque (self);
  for (guint i = 0; i < self->dirs->len; i++)
    if (!settle_dir (below, self->dirs->pdata[i], error))
      return FALSE;
  return add_markers (self, writer, error) && ul_tar_names_finish (self, writer, error);
}

UlTarLayerFind
ul_tar_names_find_in_layer (UlTarNames *self, const char *path, const UlFileMeta **out_meta)
{
  const UlTarDir *dir = ul_tar_names_root (self);
  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  for (char **name = names; *name != NULL; name++)
    {
      const UlTarName *found = ul_tar_names_find (self, dir, *name);
      if (found == NULL)
        return dir->opacity.opaque || dir->is_hidden
                       || ul_tar_names_find_marker (self, dir, *name) != NULL
                   ? UL_TAR_LAYER_OTHER
                   : UL_TAR_LAYER_ABSENT;
      if (found->dir == NULL)
        return UL_TAR_LAYER_OTHER;
      dir = found->dir;
    }
  *out_meta = &dir->meta;
  return UL_TAR_LAYER_DIR;
}

gboolean
ul_tar_names_has_replaced (const UlTarNames *self)
{
  return self->replaced;
}

gboolean
ul_tar_names_holds_content (UlTarNames *self, const char *path)
{
  const UlTarName *name = ul_tar_names_find_path (self, path);
  return name != NULL && name->inode != NULL && name->inode->brought_by == name
         && name->inode->replaced_by == NULL;
}
