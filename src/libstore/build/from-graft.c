// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-graft.h"

#include <string.h>
#include <sys/stat.h>

#include "build/from-commit.h"
#include "build/modifier.h"
#include "util/error.h"
#include "util/xattr.h"

typedef struct
{
  UlIntake intake;
  UlModifier modifier; /* the intake's one, without the skip list */
  UlRepo *repo;
  UlWriter *writer;
  UlTree *root;
} Laying;

/* What is at @path: *out_dir or *out_file is set, or neither. */
static gboolean
look_up (const Laying *laying, const char *path, UlTree **out_dir, const UlTreeFile **out_file,
         GError **error)
{
  g_auto (GStrv) parts = g_strsplit (path + 1, "/", -1);
  UlTree *at = laying->root;
  const UlTreeFile *file = NULL;
  for (char **part = parts; at != NULL && *part != NULL; part++)
    if (!ul_tree_lookup (at, laying->repo, *part, &at, &file, error))
      return FALSE;
    else if (file != NULL && part[1] != NULL)
      file = NULL; /* below a file is nothing */
  *out_dir = at;
  *out_file = file;
  return TRUE;
}

static gboolean
is_excluded (const Laying *laying, const UlGraft *graft, gboolean *out_excluded, GError **error)
{
  *out_excluded = FALSE;
  for (char **path = graft->unless; path != NULL && *path != NULL; path++)
    {
      UlTree *dir;
      const UlTreeFile *file;
      if (!look_up (laying, *path, &dir, &file, error))
        return FALSE;
      *out_excluded |= dir != NULL || file != NULL;
    }
  return TRUE;
}

static gboolean
check_empty (const Laying *laying, const char *path, GError **error)
{
  UlTree *dir;
  const UlTreeFile *file;
  if (!look_up (laying, path, &dir, &file, error)
      || (dir != NULL && !ul_tree_open (dir, laying->repo, error)))
    return FALSE;
  return (file == NULL && (dir == NULL || ul_tree_is_empty (dir)))
         || ul_throw (error, UL_ERROR_EXISTS, "%s: the tree has something there already", path);
}

/* Entry @name of the opened directory @at, which is at @path then. */
static gboolean
enter (const Laying *laying, UlTree *at, const char *name, const char *path, UlTree **out,
       GError **error)
{
  UlTree *child;
  UlChecksum meta;
  if (!ul_intake_check_name (&laying->intake, at, name, error)
      || !ul_tree_ensure_dir (at, name, &child, error))
    return FALSE;
  if (!ul_tree_has_meta (child))
    {
      if (!ul_intake_store_dirmeta (&laying->intake, laying->writer, path, 0, 0, S_IFDIR | 0755,
                                    ul_xattr_empty (), &meta, error))
        return FALSE;
      ul_tree_set_meta (child, &meta);
    }
  *out = child;
  return TRUE;
}

/* The directory that @path is in, opened, and made if it isn't there; *out_name is the rest. */
static gboolean
open_parent (const Laying *laying, const char *path, UlTree **out, const char **out_name,
             GError **error)
{
  UlTree *at = laying->root;
  const char *name = path + 1;
  for (;;)
    {
      const char *slash = strchr (name, '/');
      if (!ul_tree_open (at, laying->repo, error))
        return FALSE;
      if (slash == NULL)
        break;
      g_autofree char *part = g_strndup (name, (gsize) (slash - name));
      g_autofree char *whole = g_strndup (path, (gsize) (slash - path));
      if (!enter (laying, at, part, whole, &at, error))
        return FALSE;
      name = slash + 1;
    }
  *out = at;
  *out_name = name;
  return TRUE;
}

/* A file or symlink that isn't in the repository. */
static gboolean
store_new (const Laying *laying, const UlGraftEntry *entry, UlChecksum *out, GError **error)
{
  gsize size = 0;
  const guint8 *data = entry->data != NULL ? g_bytes_get_data (entry->data, &size) : NULL;
  const UlSource source = { .data = data, .fd = -1, .size = size };
  g_auto (UlFileMeta) meta = {
    .mode = entry->target != NULL ? S_IFLNK | 0777 : S_IFREG | 0644,
    .symlink_target = g_strdup (entry->target),
  };
  if (!ul_modifier_xattrs (&laying->modifier, entry->path, meta.mode, size, ul_xattr_empty (),
                           &meta.xattrs, error))
    return FALSE;
  ul_modifier_apply (&laying->modifier, entry->path, &meta.uid, &meta.gid, &meta.mode);
  return ul_writer_file (laying->writer, &meta, &source, out, error);
}

static gboolean
lay_file (const Laying *laying, const UlGraftEntry *entry, UlTree *dir, const char *name,
          GError **error)
{
  UlChecksum checksum = entry->object;
  guint n;
  if (!(entry->kind == UL_GRAFT_FILE
            ? ul_from_commit_file (&laying->intake, laying->writer, entry->path, &checksum, error)
            : store_new (laying, entry, &checksum, error))
      || !ul_intake_check_name (&laying->intake, dir, name, error)
      || !ul_tree_add_file (dir, name, error))
    return FALSE;
  ul_tree_added_files (dir, &n)[n - 1].checksum = checksum;
  return TRUE;
}

static gboolean
lay_tree (const Laying *laying, const UlGraftEntry *entry, UlTree *dir, const char *name,
          GError **error)
{
  UlTree *child;
  const UlCommitPart part = {
    .path = entry->path,
    .contents = entry->object,
    .meta = entry->meta,
    .both_opaque = entry->form == UL_GRAFT_BOTH_OPAQUE,
  };
  return ul_tree_ensure_dir (dir, name, &child, error)
         && ul_from_commit_part (&laying->intake, &part, child, error);
}

static gboolean
lay (const Laying *laying, const UlGraftEntry *entry, GError **error)
{
  UlTree *dir;
  const char *name;
  if (!open_parent (laying, entry->path, &dir, &name, error))
    return FALSE;
  switch (entry->kind)
    {
    case UL_GRAFT_DIR:
      return enter (laying, dir, name, entry->path, &dir, error);
    case UL_GRAFT_DATA:
    case UL_GRAFT_SYMLINK:
    case UL_GRAFT_FILE:
      return lay_file (laying, entry, dir, name, error);
    case UL_GRAFT_TREE:
      return lay_tree (laying, entry, dir, name, error);
    }
  g_assert_not_reached ();
}

gboolean
ul_from_graft (const UlIntake *self, const UlGraft *graft, UlTree *root, GError **error)
{
  g_autoptr (UlWriter) writer = ul_writer_new (self->transaction);
  Laying laying = {
    .intake = *self,
    .modifier = *self->modifier,
    .repo = ul_transaction_repo (self->transaction),
    .writer = writer,
    .root = root,
  };
  gboolean excluded;
  laying.modifier.skip_list = NULL;
  laying.intake.modifier = &laying.modifier;
  laying.intake.is_last = FALSE; /* it comes back to directories */
  if (!is_excluded (&laying, graft, &excluded, error))
    return FALSE;
  if (excluded)
    return TRUE;
  for (guint i = 0; i < graft->empty->len; i++)
    if (!check_empty (&laying, graft->empty->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < graft->entries->len; i++)
    {
      const UlGraftEntry *entry = &g_array_index (graft->entries, UlGraftEntry, i);
      if (!lay (&laying, entry, error))
        return ul_prefix (error, "%s", entry->path);
    }
  return TRUE;
}
