// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-tar.h"

#include <string.h>
#include <sys/stat.h>

#include "build/from-tar-names.h"
#include "build/from-tar-reader.h"
#include "build/from-tar-store.h"
#include "build/modifier.h"
#include "core/whiteout.h"
#include "util/error.h"

typedef struct
{
  const UlIntake *intake;
  const UlTarOptions *options;
  UlTarReader *reader;
  UlTarNames *names;
  UlTarStore *store;
  GPtrArray *offenders; /* paths of what can't be stored, with a note */
} Import;

/* Is the path, or a directory above it, on the skip list? */
static gboolean
is_skipped (const Import *import, const char *path)
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
note_offender (Import *import, const UlTarEntry *entry)
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
add_marker (Import *import, UlTarEntry *entry, UlTarDir *dir, const char *deleted, GError **error)
{
  UlTarInode *inode;
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
retarget (Import *import, UlTarEntry *entry, UlTarDir *dir, const char *name, gboolean *out_done,
          GError **error)
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
add_link (Import *import, UlTarEntry *entry, UlTarDir *dir, const char *name, GError **error)
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
add_file (Import *import, UlTarEntry *entry, GError **error)
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

static gboolean
add (Import *import, struct archive_entry *entry, GError **error)
{
  g_auto (UlTarEntry) read = { 0 };
  if (!ul_tar_entry_read (ul_tar_reader_lib (import->reader), entry, import->intake->modifier,
                          import->options, &read, error))
    return FALSE;
  if (is_skipped (import, read.path))
    return TRUE;
  g_autofree char *path = g_strdup (read.path);
  const gboolean ok = read.hardlink == NULL && S_ISDIR (read.meta.mode)
                          ? ul_tar_names_add_dir (import->names, read.path, &read.meta, error)
                          : add_file (import, &read, error);
  return ok || ul_prefix (error, "/%s", path);
}

static gboolean
add_all (Import *import, GError **error)
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

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean
check_offenders (Import *import, GError **error)
{
  if (import->offenders->len == 0)
    return TRUE;
  g_ptr_array_sort (import->offenders, compare_strings);
  g_ptr_array_add (import->offenders, NULL);
  g_autofree char *all = g_strjoinv (", ", (char **) import->offenders->pdata);
  return ul_throw (error, UL_ERROR_UNSUPPORTED, "Not a regular file or symlink: %s", all);
}

static gboolean
run (Import *import, UlWriter *writer, GError **error)
{
  g_autoptr (GError) read_error = NULL;
  const gboolean read = add_all (import, &read_error);
  /* What the reader found comes after what workers found in files before. */
  if (!ul_tar_store_finish (import->store, error))
    return FALSE;
  if (!read)
    {
      g_propagate_error (error, g_steal_pointer (&read_error));
      return FALSE;
    }
  return check_offenders (import, error) && ul_tar_names_finish (import->names, writer, error);
}

gboolean
ul_from_tar (const UlIntake *self, const UlTarOptions *options, const char *path, UlTree *root,
             GError **error)
{
  const char *shown = g_str_equal (path, "-") ? "standard input" : path;
  g_autoptr (UlTarReader) reader = ul_tar_reader_open (path, error);
  if (reader == NULL)
    return ul_prefix (error, "%s", shown);
  g_autoptr (UlWriter) writer = ul_writer_new (self->transaction);
  g_autoptr (UlTarNames) names = ul_tar_names_new (self, options->autocreate_parents, root, error);
  if (names == NULL)
    return FALSE;
  g_autoptr (UlTarStore) store = ul_tar_store_new (self, reader, writer);
  g_autoptr (GPtrArray) offenders = g_ptr_array_new_with_free_func (g_free);
  Import import = {
    .intake = self,
    .options = options,
    .reader = reader,
    .names = names,
    .store = store,
    .offenders = offenders,
  };
  return run (&import, writer, error) || ul_prefix (error, "%s", shown);
}
