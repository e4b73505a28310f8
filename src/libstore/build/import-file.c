// SPDX-License-Identifier: LGPL-2.1-or-later

/* The workers' side of a commit from a directory: one file at a time from open to checksum. */

#include <fcntl.h>
#include <unistd.h>

#include "build/from-dir-private.h"
#include "build/modifier.h"
#include "repo/source-file.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

UlSourceDir *
ul_source_dir_ref (UlSourceDir *dir)
{
  g_atomic_int_inc (&dir->refs);
  return dir;
}

void
ul_source_dir_unref (UlSourceDir *dir)
{
  if (!g_atomic_int_dec_and_test (&dir->refs))
    return;
  close (dir->fd);
  g_free (dir->path);
  g_free (dir);
}

void
ul_import_batch_free (gpointer data)
{
  UlImportBatch *batch = data;
  ul_source_dir_unref (batch->dir);
  g_free (batch);
}

/* Is this inode an object that the modifier lets stand as it is? */
static gboolean
is_known (const UlIntake *options, const UlSourceDir *dir, const char *name, const char *path,
          struct stat *st, UlChecksum *out)
{
  if (fstatat (dir->fd, name, st, AT_SYMLINK_NOFOLLOW) != 0
      || !ul_devino_lookup (options->devino, st->st_dev, st->st_ino, out))
    return FALSE;
  return options->modifier->devino == UL_DEVINO_CANONICAL
         || ul_modifier_keeps (options->modifier, path, st->st_uid, st->st_gid, st->st_mode);
}

/* Of a file that overlayfs copied up without its content, only this xattr tells, and it's empty:
 * the list of a file's xattrs leaves it out. */
static gboolean
check_metacopy (const UlModifier *modifier, int fd, GError **error)
{
  static const char metacopy[] = "trusted.overlay.metacopy";
  gboolean has = FALSE;
  if (!modifier->retarget_whiteouts || fd < 0)
    return TRUE;
  if (!ul_xattr_has_fd (fd, metacopy, &has, error))
    return FALSE;
  return !has || ul_modifier_refuse_xattr (metacopy, error);
}

static gboolean
store (UlImport *import, UlWriter *writer, UlSourceFile *file, const char *path, UlChecksum *out,
       GError **error)
{
  const UlModifier *modifier = import->options->modifier;
  const UlSource source = {
    .fd = file->fd,
    .size = S_ISREG (file->st.st_mode) ? (guint64) file->st.st_size : 0,
  };
  g_autoptr (GVariant) read_xattrs = g_steal_pointer (&file->meta.xattrs);
  if (!check_metacopy (modifier, file->fd, error)
      || !ul_modifier_xattrs (modifier, path, file->meta.mode, source.size, read_xattrs,
                              &file->meta.xattrs, error))
    return FALSE;
  ul_modifier_apply (modifier, path, &file->meta.uid, &file->meta.gid, &file->meta.mode);
  ul_progress_add (import->options->progress, bytes, source.size);
  return ul_writer_file (writer, &file->meta, &source, out, error);
}

static gboolean
import_file (UlImport *import, UlWriter *writer, const UlSourceDir *dir, const char *name,
             UlChecksum *out, GError **error)
{
  const UlIntake *options = import->options;
  const gboolean needs_path = options->links != NULL || ul_modifier_needs_path (options->modifier);
  g_autofree char *path = needs_path ? g_strconcat (dir->path, "/", name, NULL) : NULL;
  struct stat st;
  if (options->devino != NULL && is_known (options, dir, name, path, &st, out))
    {
      ul_transaction_count_cache_hit (options->transaction);
      if (options->links != NULL)
        ul_link_groups_add_inode (options->links, path, &st);
      return TRUE;
    }

  g_auto (UlSourceFile) file = { .fd = -1 };
  if (!ul_source_file_open (dir->fd, name, &file, error))
    return FALSE;
  if (options->links != NULL)
    ul_link_groups_add_inode (options->links, path, &file.st);
  /* Names of one inode are one object, unless they are treated by name. */
  const gboolean shared = file.st.st_nlink > 1 && !ul_modifier_treats_by_path (options->modifier);
  if (!shared)
    return store (import, writer, &file, path, out, error);
  if (ul_link_table_enter (import->links, &file.st, out))
    return TRUE;
  const gboolean ok = store (import, writer, &file, path, out, error);
  ul_link_table_finish (import->links, &file.st, ok ? out : NULL);
  return ok;
}

gboolean
ul_import_batch_run (gpointer data, gpointer writer, gpointer import_data, GError **error)
{
  UlImportBatch *batch = data;
  UlImport *import = import_data;
  for (guint i = 0; i < batch->n; i++)
    {
      UlTreeFile *file = &batch->files[i];
      if (!import_file (import, writer, batch->dir, file->name, &file->checksum, error))
        return ul_prefix (error, "%s/%s", batch->dir->path, file->name);
      ul_progress_add (import->options->progress, done, 1);
    }
  return batch->tree == NULL || ul_tree_release (batch->tree, writer, error)
         || ul_prefix (error, "%s", *batch->dir->path ? batch->dir->path : "/");
}
