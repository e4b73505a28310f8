// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/export-archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "image/layout-private.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"
#include "util/sort.h"
#include "util/tar.h"
#include "util/tmpfile.h"

#define BLOBS  "blobs/sha256/"
#define BUFFER (256 * 1024)

static gboolean
write_bytes (int fd, const GByteArray *bytes, GError **error)
{
  return ul_fd_write_all (fd, bytes->data, bytes->len, "archive", error);
}

static gboolean
add_dir (int fd, const char *path, GError **error)
{
  g_autoptr (GByteArray) header = g_byte_array_new ();
  const UlTarHeader dir = { .type = UL_TAR_DIR, .path = path, .mode = 0755 };
  ul_tar_append_header (header, &dir);
  return write_bytes (fd, header, error);
}

static gboolean
copy_content (int from, guint64 size, int fd, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (BUFFER);
  while (size > 0)
    {
      gsize n;
      if (!ul_interrupt_check (error)
          || !ul_fd_read (from, buffer, (gsize) MIN (size, BUFFER), NULL, &n, error))
        return FALSE;
      if (n == 0)
        return ul_throw (error, UL_ERROR_FAILED, "it got shorter");
      if (!ul_fd_write_all (fd, buffer, n, "archive", error))
        return FALSE;
      size -= n;
    }
  return TRUE;
}

static gboolean
add_file (int fd, int layout, const char *path, GError **error)
{
  struct stat st;
  g_autoptr (GByteArray) header = g_byte_array_new ();
  g_autoptr (GByteArray) padding = g_byte_array_new ();
  ul_autofd int file = ul_fd_open_beneath (layout, path, O_RDONLY, 0);
  if (file < 0 || fstat (file, &st) != 0)
    return ul_throw_errno (error, "open %s", path);
  const UlTarHeader entry
      = { .type = UL_TAR_FILE, .path = path, .mode = 0644, .size = (guint64) st.st_size };
  ul_tar_append_header (header, &entry);
  ul_tar_append_padding (padding, entry.size);
  return write_bytes (fd, header, error)
         && (copy_content (file, entry.size, fd, error) || ul_prefix (error, "%s", path))
         && write_bytes (fd, padding, error);
}

static GPtrArray *
list_blobs (int layout, GError **error)
{
  ul_autofd int fd = -1;
  if (!ul_fd_open_dir_at (layout, BLOBS, FALSE, &fd, error))
    return NULL;
  DIR *dir = fdopendir (fd);
  if (dir == NULL)
    {
      ul_throw_errno (error, "read directory");
      return NULL;
    }
  fd = -1;
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  const struct dirent *entry;
  while (errno = 0, (entry = readdir (dir)) != NULL)
    if (entry->d_name[0] != '.')
      g_ptr_array_add (paths, g_strconcat (BLOBS, entry->d_name, NULL));
  /* An archive must not lack a blob. */
  if (errno != 0)
    {
      ul_throw_errno (error, "read directory");
      g_clear_pointer (&paths, g_ptr_array_unref);
    }
  closedir (dir);
  if (paths == NULL)
    return NULL;
  g_ptr_array_sort (paths, ul_compare_strings);
  return paths;
}

static gboolean
write_tar (int fd, int layout, GError **error)
{
  g_autoptr (GByteArray) end = g_byte_array_new ();
  g_autoptr (GPtrArray) blobs = list_blobs (layout, error);
  if (blobs == NULL || !add_dir (fd, "blobs/", error) || !add_dir (fd, BLOBS, error))
    return FALSE;
  for (guint i = 0; i < blobs->len; i++)
    if (!add_file (fd, layout, blobs->pdata[i], error))
      return FALSE;
  ul_tar_append_end (end);
  return add_file (fd, layout, UL_LAYOUT_INDEX_FILE, error)
         && add_file (fd, layout, UL_LAYOUT_VERSION_FILE, error) && write_bytes (fd, end, error);
}

static gboolean
write_file (int layout, int dfd, const char *name, GError **error)
{
  g_auto (UlTmpFile) tmp = UL_TMP_FILE_INIT;
  if (!ul_tmp_file_open (&tmp, dfd, TRUE, 0666, error) || !write_tar (tmp.fd, layout, error))
    return FALSE;
  if (fsync (tmp.fd) != 0)
    return ul_throw_errno (error, "fsync");
  if (!ul_tmp_file_replace (&tmp, name, error))
    return FALSE;
  return fsync (dfd) == 0 || ul_throw_errno (error, "fsync");
}

gboolean
ul_export_archive_write (int layout, const char *path, GError **error)
{
  g_autofree char *dir = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  ul_autofd int dfd = -1;
  return (ul_fd_open_dir_at (AT_FDCWD, dir, TRUE, &dfd, error)
          && write_file (layout, dfd, name, error))
         || ul_prefix (error, "%s", path);
}
