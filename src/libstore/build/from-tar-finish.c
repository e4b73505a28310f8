// SPDX-License-Identifier: LGPL-2.1-or-later

/* The end of an archive: what all its hardlinks stand for, and the metadata of its directories. */

#include <sys/stat.h>

#include "build/from-tar-names-private.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/xattr.h"

/* What is at @path in the tree before. */
static gboolean
find_below (UlTarNames *self, const char *path, const UlTreeFile **out_file, UlTree **out_dir,
            GError **error)
{
  const UlTarDir *dir = ul_tar_names_root (self);
  UlTree *tree = NULL; /* below what the archive knows */
  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  *out_file = NULL;
  *out_dir = dir->tree;
  for (char **name = names; *name != NULL && *out_dir != NULL; name++)
    {
      const UlTarName *known = tree == NULL ? ul_tar_names_find (self, dir, *name) : NULL;
      if (known != NULL)
        {
          dir = known->dir;
          *out_dir = dir != NULL ? dir->tree : NULL;
          continue;
        }
      if (tree != NULL && !ul_tree_open (tree, self->repo, error))
        return FALSE;
      UlTree *at = tree != NULL ? tree : dir->tree;
      *out_file = name[1] == NULL ? ul_tree_had_file (at, *name) : NULL;
      *out_dir = tree = ul_tree_had_dir (at, *name);
    }
  return TRUE;
}

static gboolean
throw_link (const UlTarName *name, const char *cause, GError **error)
{
  g_autofree char *path = ul_tar_dir_path (name->parent);
  return ul_throw (error, UL_ERROR_NOT_FOUND, "%s%s%s: hardlink to /%s, %s", path,
                   path[1] != '\0' ? "/" : "", name->name, name->target, cause);
}

/* The link's target isn't in the archive, or is a directory there. */
static gboolean
resolve_outside (UlTarNames *self, UlTarName *name, GError **error)
{
  const UlTreeFile *file;
  UlTree *dir;
  if (!find_below (self, name->target, &file, &dir, error))
    return FALSE;
  if (file == NULL)
    return throw_link (name, dir != NULL ? "a directory" : "which isn't there", error);
  name->inode = ul_tar_names_new_inode (self, NULL);
  name->inode->checksum = file->checksum;
  if (self->intake->links != NULL)
    {
      g_autofree char *path = g_strconcat ("/", name->target, NULL);
      ul_link_groups_set_file (self->intake->links, self->links_source, name->inode, path);
    }
  return TRUE;
}

/* Go from link to link until one is resolved, then all on the way are. */
static gboolean
resolve (UlTarNames *self, UlTarName *first, GError **error)
{
  UlTarName *name = first;
  while (name->inode == NULL)
    {
      UlTarName *next = ul_tar_names_find_path (self, name->target);
      if (next == NULL || next->dir != NULL)
        {
          if (!resolve_outside (self, name, error))
            return FALSE;
          break;
        }
      name->is_resolving = TRUE;
      if (next->is_resolving)
        return throw_link (first, "which leads back to it", error);
      name = next;
    }
  UlTarInode *inode = name->inode;
  for (name = first; name->inode == NULL; name = ul_tar_names_find_path (self, name->target))
    {
      name->is_resolving = FALSE;
      name->inode = inode;
    }
  return TRUE;
}

/* Which may be replaced by another, and so on: the archive says how long the chain is. */
static const UlTarInode *
final_inode (UlTarInode *inode)
{
  UlTarInode *last = inode;
  while (last->replaced_by != NULL)
    last = last->replaced_by;
  while (inode != last)
    {
      UlTarInode *next = inode->replaced_by;
      inode->replaced_by = last;
      inode = next;
    }
  return last;
}

static void
tell_links (const UlTarNames *self, const UlTarName *name, const UlTarInode *inode)
{
  UlLinkGroups *links = self->intake->links;
  if (links == NULL)
    return;
  g_autofree char *dir = ul_tar_dir_path (name->parent);
  g_autofree char *path = g_strconcat (dir, dir[1] != '\0' ? "/" : "", name->name, NULL);
  if (name->is_marker)
    ul_link_groups_add_alone (links, path);
  else
    ul_link_groups_add_file (links, path, self->links_source, inode);
}

static gboolean
fill_files (UlTarNames *self, GError **error)
{
  for (guint i = 0; i < self->order->len; i++)
    {
      UlTarName *name = self->order->pdata[i];
      guint n;
      if (name->dir != NULL || (name->is_marker && ul_tar_names_is_layer (self)))
        continue;
      if (!resolve (self, name, error))
        return FALSE;
      const UlTarInode *inode = final_inode (name->inode);
      ul_tree_added_files (name->parent->tree, &n)[name->index].checksum = inode->checksum;
      tell_links (self, name, inode);
    }
  return TRUE;
}

static GVariant *
with_opaque (GVariant *xattrs)
{
  g_auto (GVariantBuilder) builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ayay)"));
  for (gsize i = 0; i < g_variant_n_children (xattrs); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (xattrs, i);
      g_variant_builder_add_value (&builder, entry);
    }
  g_variant_builder_add (&builder, "(^ay@ay)", UL_WHITEOUT_OPAQUE_TRUSTED,
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, "y", 1, 1));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static gboolean
store_meta (UlTarNames *self, UlWriter *writer, const UlTarDir *dir, UlChecksum *out,
            GError **error)
{
  const gboolean opaque = dir->opacity.opaque && self->intake->modifier->retarget_whiteouts;
  if (dir->has_entry)
    {
      g_autofree char *path = ul_tar_dir_path (dir);
      /* The modifier takes all forms of it for one. */
      g_autoptr (GVariant) xattrs
          = opaque ? with_opaque (dir->meta.xattrs) : g_variant_ref (dir->meta.xattrs);
      return ul_opacity_check (&dir->opacity, self->intake->modifier, UL_SIGHT_ALL, dir->meta.uid,
                               error)
             && ul_intake_store_dirmeta (self->intake, writer, path, dir->meta.uid, dir->meta.gid,
                                         dir->meta.mode, xattrs, out, error);
    }
  /* What is made along the way is the same under every option, as ostree has it. */
  g_autoptr (GVariant) meta
      = g_variant_ref_sink (ul_dirmeta_new (0, 0, S_IFDIR | 0755, ul_xattr_empty ()));
  return ul_writer_metadata (writer, UL_OBJECT_DIRMETA, meta, out, error);
}

static gboolean
fill_dir (UlTarNames *self, UlWriter *writer, const UlTarDir *dir, GError **error)
{
  UlChecksum meta;
  if (!dir->has_entry && dir->opacity.opaque)
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "opaque, but the archive has no entry for the directory itself");
  if (!dir->has_entry && (ul_tree_has_meta (dir->tree) || self->parents == UL_TAR_PARENTS_REQUIRED))
    return TRUE;
  if (!store_meta (self, writer, dir, &meta, error))
    return FALSE;
  ul_tree_set_meta (dir->tree, &meta);
  return TRUE;
}

gboolean
ul_tar_names_finish (UlTarNames *self, UlWriter *writer, GError **error)
{
  if (!fill_files (self, error))
    return FALSE;
  for (guint i = 0; i < self->dirs->len; i++)
    {
      const UlTarDir *dir = self->dirs->pdata[i];
      if (!fill_dir (self, writer, dir, error))
        {
          g_autofree char *path = ul_tar_dir_path (dir);
          return ul_prefix (error, "%s", path);
        }
    }
  return TRUE;
}
