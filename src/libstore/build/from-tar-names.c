// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-tar-names.h"

#include <string.h>
#include <sys/stat.h>

#include "build/opacity.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/xattr.h"

/* What stands under one name in one directory; borrowed strings belong to the chunk. */
typedef struct _Name
{
  const UlTarDir *parent;
  const char *name;
  UlTarDir *dir;         /* a directory */
  UlTarInode *inode;     /* a file, or a link that is resolved */
  const char *target;    /* a link whose target hasn't come yet */
  guint index;           /* of the file in the tree, among those added */
  gboolean is_marker;    /* made of a whiteout */
  gboolean is_resolving; /* on the way from link to link */
} Name;

struct _UlTarDir
{
  UlTree *tree;
  char *path; /* "" for the root, "a/b" */
  guint depth;
  gboolean has_entry; /* meta is what the archive says; else the tree's own, or the default */
  UlFileMeta meta;
  UlOpacity opacity;
};

struct _UlTarNames
{
  const UlIntake *intake;
  UlRepo *repo;
  gboolean autocreate;
  GHashTable *names; /* a set of Name, by parent and name */
  GPtrArray *order;  /* the same in the order they came, owned */
  GPtrArray *inodes; /* owned */
  GPtrArray *dirs;   /* of UlTarDir, owned; the first one is the root */
  GStringChunk *strings;
  UlTarDir *last; /* the directory entered last */
};

static guint
name_hash (gconstpointer key)
{
  const Name *name = key;
  return g_direct_hash (name->parent) / 16 * 31 + g_str_hash (name->name);
}

static gboolean
name_equal (gconstpointer a, gconstpointer b)
{
  const Name *x = a;
  const Name *y = b;
  return x->parent == y->parent && g_str_equal (x->name, y->name);
}

static void
dir_free (gpointer data)
{
  UlTarDir *dir = data;
  g_free (dir->path);
  ul_file_meta_clear (&dir->meta);
  g_free (dir);
}

/* Opened once, here: a second time would sort what was added. */
static gboolean
new_dir (UlTarNames *self, UlTree *tree, char *path, guint depth, UlTarDir **out, GError **error)
{
  UlTarDir *dir = g_new0 (UlTarDir, 1);
  dir->tree = tree;
  dir->path = path;
  dir->depth = depth;
  g_ptr_array_add (self->dirs, dir);
  if (depth > UL_INTAKE_MAX_DEPTH)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "directories nested deeper than %d levels",
                     UL_INTAKE_MAX_DEPTH);
  if (!ul_tree_open (tree, self->repo, error))
    return FALSE;
  *out = dir;
  return TRUE;
}

UlTarNames *
ul_tar_names_new (const UlIntake *intake, gboolean autocreate_parents, UlTree *root, GError **error)
{
  g_autoptr (UlTarNames) self = g_new0 (UlTarNames, 1);
  self->intake = intake;
  self->repo = ul_transaction_repo (intake->transaction);
  self->autocreate = autocreate_parents;
  self->names = g_hash_table_new (name_hash, name_equal);
  self->order = g_ptr_array_new_with_free_func (g_free);
  self->inodes = g_ptr_array_new_with_free_func (g_free);
  self->dirs = g_ptr_array_new_with_free_func (dir_free);
  self->strings = g_string_chunk_new (64 * 1024);
  if (!new_dir (self, root, g_strdup (""), 1, &self->last, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
ul_tar_names_free (UlTarNames *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->names);
  g_ptr_array_unref (self->order);
  g_ptr_array_unref (self->inodes);
  g_ptr_array_unref (self->dirs);
  g_string_chunk_free (self->strings);
  g_free (self);
}

static Name *
find (UlTarNames *self, const UlTarDir *dir, const char *name)
{
  const Name key = { .parent = dir, .name = name };
  return g_hash_table_lookup (self->names, &key);
}

static Name *
new_name (UlTarNames *self, const UlTarDir *dir, const char *name)
{
  Name *entry = g_new0 (Name, 1);
  entry->parent = dir;
  entry->name = g_string_chunk_insert (self->strings, name);
  g_ptr_array_add (self->order, entry);
  g_hash_table_add (self->names, entry);
  return entry;
}

/* With retarget_whiteouts: a name beside a whiteout of it. */
static gboolean
check_no_marker (UlTarNames *self, UlTarDir *dir, const char *name, GError **error)
{
  if (!self->intake->modifier->retarget_whiteouts)
    return TRUE;
  g_autofree char *marker = g_strconcat (UL_WHITEOUT_COMMIT_PREFIX, name, NULL);
  const Name *found = find (self, dir, marker);
  if (found != NULL && found->is_marker)
    return ul_throw (error, UL_ERROR_INVALID, "both %s and a whiteout of it come together", name);
  return ul_intake_check_name (self->intake, dir->tree, name, error);
}

/* The subdirectory @name, known or of the tree before; *out_dir is NULL if there is none. */
static gboolean
enter_known (UlTarNames *self, UlTarDir *dir, const char *name, UlTarDir **out_dir, GError **error)
{
  Name *known = find (self, dir, name);
  if (known == NULL)
    {
      UlTree *tree = ul_tree_had_dir (dir->tree, name);
      *out_dir = NULL;
      if (tree == NULL)
        return TRUE;
      known = new_name (self, dir, name);
      g_autofree char *path = g_strconcat (dir->path, *dir->path ? "/" : "", name, NULL);
      return new_dir (self, tree, g_steal_pointer (&path), dir->depth + 1, &known->dir, error)
             && (*out_dir = known->dir);
    }
  if (known->dir == NULL)
    return ul_throw (error, UL_ERROR_EXISTS, "Not a directory: %s%s%s", dir->path,
                     *dir->path ? "/" : "", name);
  *out_dir = known->dir;
  return TRUE;
}

static gboolean
make_dir (UlTarNames *self, UlTarDir *dir, const char *name, UlTarDir **out_dir, GError **error)
{
  UlTree *tree;
  if (!check_no_marker (self, dir, name, error)
      || !ul_tree_ensure_dir (dir->tree, name, &tree, error))
    return FALSE;
  Name *made = new_name (self, dir, name);
  g_autofree char *path = g_strconcat (dir->path, *dir->path ? "/" : "", name, NULL);
  if (!new_dir (self, tree, g_steal_pointer (&path), dir->depth + 1, &made->dir, error))
    return FALSE;
  *out_dir = made->dir;
  return TRUE;
}

static UlTarDir *
root_of (UlTarNames *self)
{
  return self->dirs->pdata[0];
}

static gboolean
enter (UlTarNames *self, const char *path, gsize len, UlTarDir **out_dir, GError **error)
{
  /* Entries come by directory, mostly. */
  if (strncmp (self->last->path, path, len) == 0 && self->last->path[len] == '\0')
    {
      *out_dir = self->last;
      return TRUE;
    }
  UlTarDir *dir = root_of (self);
  g_autofree char *names = g_strndup (path, len);
  for (char *name = names; name != NULL && *name != '\0';)
    {
      char *slash = strchr (name, '/');
      UlTarDir *next;
      if (slash != NULL)
        *slash = '\0';
      if (!enter_known (self, dir, name, &next, error))
        return FALSE;
      if (next == NULL && !self->autocreate)
        return ul_throw (error, UL_ERROR_NOT_FOUND, "No such file or directory: %.*s",
                         (int) (name + strlen (name) - names), path);
      if (next == NULL && !make_dir (self, dir, name, &next, error))
        return FALSE;
      dir = next;
      name = slash != NULL ? slash + 1 : NULL;
    }
  self->last = dir;
  *out_dir = dir;
  return TRUE;
}

gboolean
ul_tar_names_enter (UlTarNames *self, const char *path, UlTarDir **out_dir, const char **out_name,
                    GError **error)
{
  const char *slash = strrchr (path, '/');
  *out_name = slash != NULL ? slash + 1 : path;
  return enter (self, path, slash != NULL ? (gsize) (slash - path) : 0, out_dir, error);
}

gboolean
ul_tar_dir_is_opaque (const UlTarDir *dir)
{
  return dir->opacity.opaque;
}

gboolean
ul_tar_dir_has_xattr_whiteouts (const UlTarDir *dir)
{
  return dir->opacity.xattr_whiteouts;
}

void
ul_tar_dir_set_opaque (UlTarDir *dir)
{
  dir->opacity.opaque = TRUE;
}

gboolean
ul_tar_names_add_dir (UlTarNames *self, const char *path, const UlFileMeta *meta, GError **error)
{
  UlTarDir *dir = root_of (self);
  if (*path != '\0')
    {
      UlTarDir *parent;
      const char *name;
      if (!ul_tar_names_enter (self, path, &parent, &name, error))
        return FALSE;
      const Name *known = find (self, parent, name);
      if (known != NULL && known->dir == NULL)
        return ul_throw (error, UL_ERROR_EXISTS, "Can't replace file with directory: %s", name);
      if (!enter_known (self, parent, name, &dir, error)
          || (dir == NULL && !make_dir (self, parent, name, &dir, error)))
        return FALSE;
    }
  const gboolean opaque = dir->opacity.opaque;
  dir->has_entry = TRUE;
  ul_file_meta_clear (&dir->meta);
  dir->meta = *meta;
  dir->meta.symlink_target = NULL;
  dir->meta.xattrs = g_variant_ref (meta->xattrs);
  ul_opacity_read (meta->xattrs, &dir->opacity);
  dir->opacity.opaque |= opaque;
  return TRUE;
}

static UlTarInode *
new_inode (UlTarNames *self)
{
  UlTarInode *inode = g_new0 (UlTarInode, 1);
  g_ptr_array_add (self->inodes, inode);
  return inode;
}

/* The name for something that is no directory, new or in place of what was there. */
static gboolean
claim (UlTarNames *self, UlTarDir *dir, const char *name, gboolean is_marker, Name **out,
       GError **error)
{
  Name *entry = find (self, dir, name);
  if (entry != NULL && entry->dir != NULL)
    return ul_throw (error, UL_ERROR_EXISTS, "Can't replace directory with file: %s", name);
  /* Two entries would become one. */
  if (entry != NULL && entry->is_marker != is_marker)
    return ul_throw (error, UL_ERROR_INVALID, "both whiteout %s and its marker %s are there",
                     name + strlen (UL_WHITEOUT_COMMIT_PREFIX), name);
  if (entry == NULL)
    {
      guint n;
      if (!ul_tree_add_file (dir->tree, name, error))
        return FALSE;
      ul_tree_added_files (dir->tree, &n);
      entry = new_name (self, dir, name);
      entry->index = n - 1;
      entry->is_marker = is_marker;
    }
  entry->inode = NULL;
  entry->target = NULL;
  *out = entry;
  return TRUE;
}

gboolean
ul_tar_names_add_file (UlTarNames *self, UlTarDir *dir, const char *name, UlTarInode **out_inode,
                       GError **error)
{
  Name *entry;
  if (!check_no_marker (self, dir, name, error) || !claim (self, dir, name, FALSE, &entry, error))
    return FALSE;
  entry->inode = new_inode (self);
  *out_inode = entry->inode;
  return TRUE;
}

gboolean
ul_tar_names_add_marker (UlTarNames *self, UlTarDir *dir, const char *name, UlTarInode **out_inode,
                         GError **error)
{
  g_autofree char *marker = NULL;
  Name *entry;
  if (!ul_whiteout_encode (UL_WHITEOUT_COMMIT, name, &marker, error))
    return FALSE;
  if (find (self, dir, name) != NULL)
    return ul_throw (error, UL_ERROR_INVALID, "both %s and a whiteout of it come together", name);
  if (!ul_intake_check_marker (self->intake, dir->tree, name, error)
      || !claim (self, dir, marker, TRUE, &entry, error))
    return FALSE;
  entry->inode = new_inode (self);
  *out_inode = entry->inode;
  return TRUE;
}

/* Look a path of the archive up; NULL if it has had no such entry. */
static Name *
find_path (UlTarNames *self, const char *path)
{
  const UlTarDir *dir = root_of (self);
  g_autofree char *names = g_strdup (path);
  Name *entry = NULL;
  for (char *name = names; name != NULL;)
    {
      char *slash = strchr (name, '/');
      if (slash != NULL)
        *slash = '\0';
      entry = dir != NULL ? find (self, dir, name) : NULL;
      dir = entry != NULL ? entry->dir : NULL;
      name = slash != NULL ? slash + 1 : NULL;
    }
  return entry;
}

gboolean
ul_tar_names_add_link (UlTarNames *self, UlTarDir *dir, const char *name, const char *target,
                       GError **error)
{
  const Name *found = find_path (self, target);
  UlTarInode *inode = found != NULL ? found->inode : NULL;
  Name *entry;
  if (!check_no_marker (self, dir, name, error) || !claim (self, dir, name, FALSE, &entry, error))
    return FALSE;
  entry->inode = inode;
  if (inode == NULL)
    entry->target = g_string_chunk_insert (self->strings, target);
  return TRUE;
}

gboolean
ul_tar_names_add_link_with_content (UlTarNames *self, UlTarDir *dir, const char *name,
                                    const char *target, UlTarInode **out_inode, GError **error)
{
  const Name *found = find_path (self, target);
  UlTarInode *inode = found != NULL ? found->inode : NULL;
  if (!ul_tar_names_add_file (self, dir, name, out_inode, error))
    return FALSE;
  while (inode != NULL && inode->replaced_by != NULL)
    inode = inode->replaced_by;
  if (inode != NULL)
    inode->replaced_by = *out_inode;
  return TRUE;
}

/* What is at @path in the tree before. */
static gboolean
find_below (UlTarNames *self, const char *path, const UlTreeFile **out_file, UlTree **out_dir,
            GError **error)
{
  const UlTarDir *dir = root_of (self);
  UlTree *tree = NULL; /* below what the archive knows */
  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  *out_file = NULL;
  *out_dir = dir->tree;
  for (char **name = names; *name != NULL && *out_dir != NULL; name++)
    {
      const Name *known = tree == NULL ? find (self, dir, *name) : NULL;
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
throw_link (const Name *name, const char *cause, GError **error)
{
  return ul_throw (error, UL_ERROR_NOT_FOUND, "/%s%s%s: hardlink to /%s, %s", name->parent->path,
                   *name->parent->path ? "/" : "", name->name, name->target, cause);
}

/* The link's target isn't in the archive, or is a directory there. */
static gboolean
resolve_outside (UlTarNames *self, Name *name, GError **error)
{
  const UlTreeFile *file;
  UlTree *dir;
  if (!find_below (self, name->target, &file, &dir, error))
    return FALSE;
  if (file == NULL)
    return throw_link (name, dir != NULL ? "a directory" : "which isn't there", error);
  name->inode = new_inode (self);
  name->inode->checksum = file->checksum;
  return TRUE;
}

/* Go from link to link until one is resolved, then all on the way are. */
static gboolean
resolve (UlTarNames *self, Name *first, GError **error)
{
  Name *name = first;
  while (name->inode == NULL)
    {
      Name *next = find_path (self, name->target);
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
  for (name = first; name->inode == NULL; name = find_path (self, name->target))
    {
      name->is_resolving = FALSE;
      name->inode = inode;
    }
  return TRUE;
}

/* Which may be replaced by another, and so on: the archive says how long the chain is. */
static const UlChecksum *
final_checksum (UlTarInode *inode)
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
  return &last->checksum;
}

static gboolean
fill_files (UlTarNames *self, GError **error)
{
  for (guint i = 0; i < self->order->len; i++)
    {
      Name *name = self->order->pdata[i];
      guint n;
      if (name->dir != NULL)
        continue;
      if (!resolve (self, name, error))
        return FALSE;
      ul_tree_added_files (name->parent->tree, &n)[name->index].checksum
          = *final_checksum (name->inode);
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
  g_autofree char *path = g_strconcat ("/", dir->path, NULL);
  const gboolean opaque = dir->opacity.opaque && self->intake->modifier->retarget_whiteouts;
  if (dir->has_entry)
    {
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
  if (!dir->has_entry && (ul_tree_has_meta (dir->tree) || !self->autocreate))
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
        return ul_prefix (error, "/%s", dir->path);
    }
  return TRUE;
}
