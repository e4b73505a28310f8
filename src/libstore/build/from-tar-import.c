// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-tar-import.h"

#include <string.h>
#include <sys/stat.h>

#include "build/from-tar-layer.h"
#include "build/modifier.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/sort.h"

/* Is the path, or a directory above it, on the skip list? */
static gboolean
is_skipped (const UlTarImport *import, const char *path)
{
  if (import->intake->modifier->skip_list == NULL)
    return FALSE;
  g_autofree char *whole = g_strconcat ("/", path, NULL);
  for (char *slash = whole; (slash = strchr (slash + 1, '/')) != NULL; *slash = '/')
    {
      *slash = '\0';
      if (ul_intake_skips (import->intake, whole))
        return TRUE;
    }
  return *path != '\0' && ul_intake_skips (import->intake, whole);
}

static void
note_offender (UlTarImport *import, const UlTarEntry *entry)
{
  const gboolean whiteout = ul_whiteout_is_device (entry->meta.mode, entry->rdev);
  if (import->intake->modifier->devices == UL_DEVICES_ERROR)
    g_ptr_array_add (import->offenders,
                     g_strconcat ("/", entry->path, whiteout ? " (a whiteout)" : NULL, NULL));
}

/* In any of the forms that a deleted name has in an overlay's directory or in a layer. */
static gboolean
find_whiteout (const UlTarEntry *entry, const UlTarDir *dir, const char *name,
               UlWhiteoutKind *out_kind, const char **out_deleted, GError **error)
{
  const gboolean empty
      = entry->size == 0 && (entry->hardlink != NULL || S_ISREG (entry->meta.mode));
  *out_kind = UL_WHITEOUT_DELETED;
  *out_deleted = name;
  if (ul_whiteout_is_device (entry->meta.mode, entry->rdev))
    return TRUE;
  if (empty && entry->xattr_whiteout && ul_tar_dir_has_xattr_whiteouts (dir))
    return TRUE;
  return ul_whiteout_decode (UL_WHITEOUT_LAYER, name, empty, out_kind, out_deleted, error);
}

static gboolean
add_marker (UlTarImport *import, UlTarEntry *entry, UlTarDir *dir, const char *deleted,
            GError **error)
{
  UlTarInode *inode;
  if (import->is_layer)
    return ul_tar_names_add_whiteout (import->names, dir, deleted, entry->meta.uid, entry->meta.gid,
                                      error);
  if (!ul_tar_names_add_marker (import->names, dir, deleted, &inode, error))
    return FALSE;
  /* What a modifier says of it, it says of the device that it stands for. */
  char *slash = strrchr (entry->path, '/');
  char *path = g_strdup_printf ("%.*s%s", slash != NULL ? (int) (slash + 1 - entry->path) : 0,
                                entry->path, deleted);
  g_free (entry->path);
  entry->path = path;
  entry->meta.mode = S_IFCHR | (entry->meta.mode & 07777);
  return ul_tar_store_add (import->store, entry, inode, error);
}

/* *out_done: it was one, or is to be left out. */
static gboolean
retarget (UlTarImport *import, UlTarEntry *entry, UlTarDir *dir, const char *name,
          gboolean *out_done, GError **error)
{
  UlWhiteoutKind kind;
  const char *deleted;
  *out_done = ul_tar_dir_is_opaque (dir)
              && ul_whiteout_is_fuse_junk (name, entry->meta.mode, entry->rdev, entry->size);
  if (*out_done)
    return TRUE;
  if (!find_whiteout (entry, dir, name, &kind, &deleted, error))
    return FALSE;
  *out_done = kind != UL_WHITEOUT_NONE;
  if (kind == UL_WHITEOUT_OPAQUE)
    ul_tar_dir_set_opaque (dir);
  return kind != UL_WHITEOUT_DELETED || add_marker (import, entry, dir, deleted, error);
}

static gboolean
add_link (UlTarImport *import, UlTarEntry *entry, UlTarDir *dir, const char *name, GError **error)
{
  UlTarInode *inode;
  /* The file has the mode of the name it came with; that of another one says nothing, but was met.
   */
  g_autofree char *path = g_strconcat ("/", entry->path, NULL);
  ul_modifier_apply (import->intake->modifier, path, &entry->meta.uid, &entry->meta.gid,
                     &entry->meta.mode);
  if (entry->size == 0)
    return ul_tar_names_add_link (import->names, dir, name, entry->hardlink, error);
  return ul_tar_names_add_link_with_content (import->names, dir, name, entry->hardlink, &inode,
                                             error)
         && ul_tar_store_add (import->store, entry, inode, error);
}

/* Anything but a directory. */
static gboolean
add_file (UlTarImport *import, UlTarEntry *entry, GError **error)
{
  UlTarDir *dir;
  UlTarInode *inode;
  const char *name;
  gboolean done = FALSE;
  if (*entry->path == '\0')
    return ul_throw (error, UL_ERROR_INVALID, "the root is no directory");
  const gboolean retargets = import->intake->modifier->retarget_whiteouts;
  const gboolean is_special
      = entry->hardlink == NULL && !S_ISREG (entry->meta.mode) && !S_ISLNK (entry->meta.mode);
  if (is_special && !(retargets && ul_whiteout_is_device (entry->meta.mode, entry->rdev)))
    {
      note_offender (import, entry);
      return TRUE;
    }
  /* With an offender found, nothing will be committed: only the rest of them matters. */
  if (import->offenders->len > 0)
    return TRUE;
  if (!ul_tar_names_enter (import->names, entry->path, &dir, &name, error)
      || (retargets && !retarget (import, entry, dir, name, &done, error)))
    return FALSE;
  if (done)
    return TRUE;
  if (entry->hardlink != NULL)
    return add_link (import, entry, dir, name, error);
  return ul_tar_names_add_file (import->names, dir, name, &inode, error)
         && ul_tar_store_add (import->store, entry, inode, error);
}

/* What a layer's names mean; *out_done: the entry is to be left out. */
static gboolean
judge (UlTarImport *import, UlTarEntry *entry, gboolean *out_done, GError **error)
{
  UlTarLayerUse use = UL_TAR_LAYER_CONTENT;
  if (import->is_layer && !ul_tar_layer_judge (entry, &use, error))
    return FALSE;
  import->lost |= use != UL_TAR_LAYER_CONTENT && entry->size > 0;
  if (use == UL_TAR_LAYER_WHITEOUT)
    ul_tar_layer_make_marker (entry);
  *out_done = use == UL_TAR_LAYER_IGNORED || is_skipped (import, entry->path);
  return TRUE;
}

static gboolean
add (UlTarImport *import, struct archive_entry *entry, GError **error)
{
  g_auto (UlTarEntry) read = { 0 };
  if (!ul_tar_entry_read (ul_tar_reader_lib (import->reader), entry, import->intake->modifier,
                          import->options, &read, error))
    return FALSE;
  g_autofree char *path = g_strdup (read.path);
  gboolean done;
  if (!judge (import, &read, &done, error))
    return ul_prefix (error, "/%s", path);
  if (done)
    return TRUE;
  const gboolean ok = read.hardlink == NULL && S_ISDIR (read.meta.mode)
                          ? ul_tar_names_add_dir (import->names, read.path, &read.meta, error)
                          : add_file (import, &read, error);
  return ok || ul_prefix (error, "/%s", path);
}

static gboolean
add_all (UlTarImport *import, GError **error)
{
  struct archive_entry *entry;
  for (;;)
    {
      if (!ul_tar_reader_next (import->reader, &entry, error))
        return FALSE;
      if (entry == NULL)
        return TRUE;
      if (!add (import, entry, error))
        return FALSE;
    }
}

static gboolean
check_offenders (UlTarImport *import, GError **error)
{
  if (import->offenders->len == 0)
    return TRUE;
  g_ptr_array_sort (import->offenders, ul_compare_strings);
  g_ptr_array_add (import->offenders, NULL);
  g_autofree char *all = g_strjoinv (", ", (char **) import->offenders->pdata);
  return ul_throw (error, UL_ERROR_UNSUPPORTED, "Not a regular file or symlink%s: %s",
                   import->is_layer ? " (--devices=skip leaves them out)" : "", all);
}

gboolean
ul_tar_import_run (UlTarImport *self, GError **error)
{
  g_autoptr (GError) read_error = NULL;
  const gboolean read = add_all (self, &read_error);
  /* What the reader found comes after what workers found in files before. */
  if (!ul_tar_store_finish (self->store, error))
    return FALSE;
  if (!read)
    {
      g_propagate_error (error, g_steal_pointer (&read_error));
      return FALSE;
    }
  return check_offenders (self, error);
}
