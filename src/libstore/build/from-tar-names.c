// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-tar-names-private.h"

#include <string.h>

#include "core/whiteout.h"
#include "util/error.h"

/* A polynomial with a point that nobody can foresee, modulo a prime: the names of an archive may
 * have been chosen to have the same hash. */
static guint
hash_name (const UlTarNames *self, const UlTarDir *parent, const char *name)
{
  const guint64 prime = (1U << 31) - 1;
  guint64 hash = (gsize) parent / 16 % prime;
  for (const char *p = name; *p != '\0'; p++)
    hash = (hash * self->secret + (guint8) *p) % prime;
  return (guint) hash;
}

static guint
name_hash (gconstpointer key)
{
  return ((const UlTarName *) key)->hash;
}

static gboolean
name_equal (gconstpointer a, gconstpointer b)
{
  const UlTarName *x = a;
  const UlTarName *y = b;
  return x->parent == y->parent && g_str_equal (x->name, y->name);
}

static void
dir_free (gpointer data)
{
  UlTarDir *dir = data;
  ul_file_meta_clear (&dir->meta);
  g_free (dir);
}

/* Opened once, here: a second time would sort what was added. @name stays with the caller; NULL, as
 * the parent, for the root. */
static gboolean
new_dir (UlTarNames *self, UlTree *tree, const UlTarDir *parent, const char *name, UlTarDir **out,
         GError **error)
{
  UlTarDir *dir = g_new0 (UlTarDir, 1);
  dir->tree = tree;
  dir->parent = parent;
  dir->name = name;
  dir->depth = parent != NULL ? parent->depth + 1 : 1;
  g_ptr_array_add (self->dirs, dir);
  if (dir->depth > UL_INTAKE_MAX_DEPTH)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "directories nested deeper than %d levels",
                     UL_INTAKE_MAX_DEPTH);
  if (!ul_tree_open (tree, self->repo, error))
    return FALSE;
  *out = dir;
  return TRUE;
}

UlTarNames *
ul_tar_names_new (const UlIntake *intake, UlTarParents parents, UlTree *root, GError **error)
{
  g_autoptr (UlTarNames) self = g_new0 (UlTarNames, 1);
  self->intake = intake;
  self->repo = ul_transaction_repo (intake->transaction);
  self->parents = parents;
  self->secret = (guint32) g_random_int_range (0x10000, G_MAXINT32);
  self->names = g_hash_table_new (name_hash, name_equal);
  self->order = g_ptr_array_new_with_free_func (g_free);
  self->inodes = g_ptr_array_new_with_free_func (g_free);
  self->dirs = g_ptr_array_new_with_free_func (dir_free);
  self->strings = g_string_chunk_new (64 * 1024);
  self->last_path = g_string_new (NULL);
  self->whiteouts = g_array_new (FALSE, FALSE, sizeof (UlTarWhiteout));
  if (intake->links != NULL)
    self->links_source = ul_link_groups_new_source (intake->links);
  if (!new_dir (self, root, NULL, NULL, &self->last, error))
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
  g_string_free (self->last_path, TRUE);
  g_array_unref (self->whiteouts);
  g_free (self);
}

UlTarName *
ul_tar_names_find (UlTarNames *self, const UlTarDir *dir, const char *name)
{
  const UlTarName key = {
    .parent = dir,
    .name = name,
    .hash = hash_name (self, dir, name),
  };
  return g_hash_table_lookup (self->names, &key);
}

static UlTarName *
new_name (UlTarNames *self, const UlTarDir *dir, const char *name)
{
  UlTarName *entry = g_new0 (UlTarName, 1);
  entry->parent = dir;
  entry->name = g_string_chunk_insert (self->strings, name);
  entry->hash = hash_name (self, dir, name);
  g_ptr_array_add (self->order, entry);
  g_hash_table_add (self->names, entry);
  return entry;
}

UlTarName *
ul_tar_names_find_marker (UlTarNames *self, const UlTarDir *dir, const char *name)
{
  g_autofree char *marker = g_strconcat (UL_WHITEOUT_COMMIT_PREFIX, name, NULL);
  UlTarName *found = ul_tar_names_find (self, dir, marker);
  return found != NULL && found->is_marker ? found : NULL;
}

/* With retarget_whiteouts: a name beside a whiteout of it. */
static gboolean
check_no_marker (UlTarNames *self, UlTarDir *dir, const char *name, GError **error)
{
  /* In a layer, the whiteout is of what lies below. */
  if (!self->intake->modifier->retarget_whiteouts || ul_tar_names_is_layer (self))
    return TRUE;
  if (ul_tar_names_find_marker (self, dir, name) != NULL)
    return ul_throw (error, UL_ERROR_INVALID, "both %s and a whiteout of it come together", name);
  return ul_intake_check_name (self->intake, dir->tree, name, error);
}

/* The subdirectory @name, known or of the tree before; *out_dir is NULL if there is none. */
static gboolean
enter_known (UlTarNames *self, UlTarDir *dir, const char *name, UlTarDir **out_dir, GError **error)
{
  UlTarName *known = ul_tar_names_find (self, dir, name);
  if (known == NULL)
    {
      UlTree *tree = ul_tree_had_dir (dir->tree, name);
      *out_dir = NULL;
      if (tree == NULL)
        return TRUE;
      known = new_name (self, dir, name);
      return new_dir (self, tree, dir, known->name, &known->dir, error) && (*out_dir = known->dir);
    }
  if (known->dir == NULL)
    {
      g_autofree char *path = ul_tar_dir_path (dir);
      return ul_throw (error, UL_ERROR_EXISTS, "Not a directory: %s%s%s", path + 1,
                       path[1] != '\0' ? "/" : "", name);
    }
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
  UlTarName *made = new_name (self, dir, name);
  if (!new_dir (self, tree, dir, made->name, &made->dir, error))
    return FALSE;
  *out_dir = made->dir;
  return TRUE;
}

UlTarDir *
ul_tar_names_root (UlTarNames *self)
{
  return self->dirs->pdata[0];
}

char *
ul_tar_dir_path (const UlTarDir *dir)
{
  if (dir->parent == NULL)
    return g_strdup ("/");
  gsize len = 0;
  for (const UlTarDir *at = dir; at->parent != NULL; at = at->parent)
    len += 1 + strlen (at->name);
  char *path = g_malloc (len + 1);
  char *end = path + len;
  *end = '\0';
  for (const UlTarDir *at = dir; at->parent != NULL; at = at->parent)
    {
      const gsize n = strlen (at->name);
      end -= n + 1;
      *end = '/';
      memcpy (end + 1, at->name, n);
    }
  return path;
}

static gboolean
enter (UlTarNames *self, const char *path, gsize len, UlTarDir **out_dir, GError **error)
{
  /* Entries come by directory, mostly. */
  if (self->last_path->len == len && memcmp (self->last_path->str, path, len) == 0)
    {
      *out_dir = self->last;
      return TRUE;
    }
  UlTarDir *dir = ul_tar_names_root (self);
  g_autofree char *names = g_strndup (path, len);
  for (char *name = names; name != NULL && *name != '\0';)
    {
      char *slash = strchr (name, '/');
      UlTarDir *next;
      if (slash != NULL)
        *slash = '\0';
      if (!enter_known (self, dir, name, &next, error))
        return FALSE;
      if (next == NULL && self->parents == UL_TAR_PARENTS_REQUIRED)
        return ul_throw (error, UL_ERROR_NOT_FOUND, "No such file or directory: %.*s",
                         (int) (name + strlen (name) - names), path);
      if (next == NULL && !make_dir (self, dir, name, &next, error))
        return FALSE;
      dir = next;
      name = slash != NULL ? slash + 1 : NULL;
    }
  self->last = dir;
  g_string_truncate (self->last_path, 0);
  g_string_append_len (self->last_path, path, (gssize) len);
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
  UlTarDir *dir = ul_tar_names_root (self);
  if (*path != '\0')
    {
      UlTarDir *parent;
      const char *name;
      if (!ul_tar_names_enter (self, path, &parent, &name, error))
        return FALSE;
      const UlTarName *known = ul_tar_names_find (self, parent, name);
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

UlTarInode *
ul_tar_names_new_inode (UlTarNames *self, const UlTarName *brought_by)
{
  UlTarInode *inode = g_new0 (UlTarInode, 1);
  inode->brought_by = brought_by;
  g_ptr_array_add (self->inodes, inode);
  return inode;
}

/* The name for something that is no directory, new or in place of what was there. */
static gboolean
claim (UlTarNames *self, UlTarDir *dir, const char *name, gboolean is_marker, UlTarName **out,
       GError **error)
{
  UlTarName *entry = ul_tar_names_find (self, dir, name);
  if (entry != NULL && entry->dir != NULL)
    return ul_throw (error, UL_ERROR_EXISTS, "Can't replace directory with file: %s", name);
  /* Two entries would become one. */
  if (entry != NULL && entry->is_marker != is_marker)
    return ul_throw (error, UL_ERROR_INVALID, "both whiteout %s and its marker %s are there",
                     name + strlen (UL_WHITEOUT_COMMIT_PREFIX), name);
  self->replaced |= entry != NULL;
  if (entry == NULL)
    {
      guint n = 1;
      const gboolean in_tree = !(is_marker && ul_tar_names_is_layer (self));
      if (in_tree && !ul_tree_add_file (dir->tree, name, error))
        return FALSE;
      if (in_tree)
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
  UlTarName *entry;
  if (!check_no_marker (self, dir, name, error) || !claim (self, dir, name, FALSE, &entry, error))
    return FALSE;
  entry->inode = ul_tar_names_new_inode (self, entry);
  *out_inode = entry->inode;
  return TRUE;
}

gboolean
ul_tar_names_add_marker (UlTarNames *self, UlTarDir *dir, const char *name, UlTarInode **out_inode,
                         GError **error)
{
  g_autofree char *marker = NULL;
  UlTarName *entry;
  if (!ul_whiteout_encode (UL_WHITEOUT_COMMIT, name, &marker, error))
    return FALSE;
  if (ul_tar_names_find (self, dir, name) != NULL)
    return ul_throw (error, UL_ERROR_INVALID, "both %s and a whiteout of it come together", name);
  if (!ul_intake_check_marker (self->intake, dir->tree, name, error)
      || !claim (self, dir, marker, TRUE, &entry, error))
    return FALSE;
  entry->inode = ul_tar_names_new_inode (self, entry);
  *out_inode = entry->inode;
  return TRUE;
}

gboolean
ul_tar_names_add_whiteout (UlTarNames *self, UlTarDir *dir, const char *name, guint32 uid,
                           guint32 gid, GError **error)
{
  g_autofree char *marker = NULL;
  UlTarWhiteout whiteout = { .uid = uid, .gid = gid };
  if (!ul_whiteout_encode (UL_WHITEOUT_COMMIT, name, &marker, error))
    return FALSE;
  if (ul_tar_names_find_marker (self, dir, name) != NULL)
    return TRUE; /* said twice */
  if (!claim (self, dir, marker, TRUE, &whiteout.name, error))
    return FALSE;
  dir->has_whiteouts = TRUE;
  g_array_append_val (self->whiteouts, whiteout);
  return TRUE;
}

UlTarName *
ul_tar_names_find_path (UlTarNames *self, const char *path)
{
  const UlTarDir *dir = ul_tar_names_root (self);
  g_autofree char *names = g_strdup (path);
  UlTarName *entry = NULL;
  for (char *name = names; name != NULL;)
    {
      char *slash = strchr (name, '/');
      if (slash != NULL)
        *slash = '\0';
      entry = dir != NULL ? ul_tar_names_find (self, dir, name) : NULL;
      dir = entry != NULL ? entry->dir : NULL;
      name = slash != NULL ? slash + 1 : NULL;
    }
  return entry;
}

gboolean
ul_tar_names_add_link (UlTarNames *self, UlTarDir *dir, const char *name, const char *target,
                       GError **error)
{
  const UlTarName *found = ul_tar_names_find_path (self, target);
  UlTarInode *inode = found != NULL ? found->inode : NULL;
  UlTarName *entry;
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
  const UlTarName *found = ul_tar_names_find_path (self, target);
  UlTarInode *inode = found != NULL ? found->inode : NULL;
  if (!ul_tar_names_add_file (self, dir, name, out_inode, error))
    return FALSE;
  while (inode != NULL && inode->replaced_by != NULL)
    inode = inode->replaced_by;
  self->replaced |= inode != NULL;
  if (inode != NULL)
    inode->replaced_by = *out_inode;
  return TRUE;
}
