// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "util/error.h"

#define COPY_BUFFER (256 * 1024)

guint
ul_fd_limit (void)
{
  struct rlimit limit;
  const rlim_t allowed = getrlimit (RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
  return (guint) MIN (allowed, G_MAXINT);
}

void
ul_fd_proc_path (char buf[UL_PROC_PATH_MAX], int dfd, const char *name)
{
  g_assert (strlen (name) <= 255);
  snprintf (buf, UL_PROC_PATH_MAX, "/proc/self/fd/%d/%s", dfd, name);
}

int
ul_fd_link (int fd, int dfd, const char *name)
{
  char path[sizeof "/proc/self/fd/-2147483648"];
  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  return linkat (AT_FDCWD, path, dfd, name, AT_SYMLINK_FOLLOW);
}

gboolean
ul_fd_throw_proc (GError **error, const char *what)
{
  const int code = errno;
  if (code == ENOENT && access ("/proc/self/fd", F_OK) != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_MOUNTED, "%s: /proc is not mounted", what);
      return FALSE;
    }
  errno = code;
  return ul_throw_errno (error, "%s", what);
}

static int
open_resolving (int dfd, const char *path, struct open_how *how)
{
  /* A rename anywhere makes the kernel lose track of a `..` and ask for another try. */
  int fd;
  guint tries = 0;
  do
    fd = (int) syscall (SYS_openat2, dfd, path, how, sizeof *how);
  while (fd < 0 && (errno == EINTR || (errno == EAGAIN && tries++ < 10000)));
  return fd;
}

int
ul_fd_open_beneath (int dfd, const char *path, int flags, mode_t mode)
{
  struct open_how how = {
    .flags = (guint64) (flags | O_CLOEXEC),
    .mode = (flags & (O_CREAT | __O_TMPFILE)) ? mode : 0,
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
  };
  return open_resolving (dfd, path, &how);
}

int
ul_fd_open_no_symlinks (int dfd, const char *path, int flags)
{
  struct open_how how = {
    .flags = (guint64) (flags | O_CLOEXEC),
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
  };
  return open_resolving (dfd, path, &how);
}

int
ul_fd_open_same_mount (int dfd, const char *path, int flags)
{
  struct open_how how = {
    .flags = (guint64) (flags | O_CLOEXEC),
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
  };
  return open_resolving (dfd, path, &how);
}

gboolean
ul_fd_open_dir_at (int dfd, const char *path, gboolean follow, int *out_fd, GError **error)
{
  const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY | (follow ? 0 : O_NOFOLLOW);
  const int fd = openat (dfd, path, flags);
  if (fd < 0)
    return ul_throw_errno (error, "open directory %s", path);
  *out_fd = fd;
  return TRUE;
}

/* mkdir, content with a directory that is there; else -1 with errno. */
static int
ensure_dir (int dfd, const char *path, mode_t mode)
{
  struct stat st;
  if (mkdirat (dfd, path, mode) == 0)
    return 0;
  if (errno != EEXIST)
    return -1;
  if (fstatat (dfd, path, &st, 0) == 0 && S_ISDIR (st.st_mode))
    return 0;
  errno = ENOTDIR;
  return -1;
}

gboolean
ul_fd_make_dirs_at (int dfd, const char *path, mode_t mode, GError **error)
{
  if (ensure_dir (dfd, path, mode) == 0)
    return TRUE;
  if (errno != ENOENT)
    return ul_throw_errno (error, "create directory %s", path);

  g_autofree char *parent = g_path_get_dirname (path);
  if (g_str_equal (parent, path) || g_str_equal (parent, "."))
    return ul_throw_errno (error, "create directory %s", path);
  if (!ul_fd_make_dirs_at (dfd, parent, mode, error))
    return FALSE;
  return ensure_dir (dfd, path, mode) == 0 || ul_throw_errno (error, "create directory %s", path);
}

gboolean
ul_fd_write_all (int fd, const void *data, gsize len, const char *what, GError **error)
{
  const guint8 *p = data;
  while (len > 0)
    {
      const ssize_t n = write (fd, p, len);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return ul_throw_errno (error, "write %s", what);
      p += n;
      len -= (gsize) n;
    }
  return TRUE;
}

static gboolean
finish_read (ssize_t n, const char *what, gsize *out_n, GError **error)
{
  if (n < 0)
    {
      if (what != NULL)
        ul_throw_errno (error, "read %s", what);
      else
        ul_throw_errno (error, "read");
      return FALSE;
    }
  *out_n = (gsize) n;
  return TRUE;
}

gboolean
ul_fd_read (int fd, void *buffer, gsize len, const char *what, gsize *out_n, GError **error)
{
  return finish_read (TEMP_FAILURE_RETRY (read (fd, buffer, len)), what, out_n, error);
}

gboolean
ul_fd_read_at (int fd, void *buffer, gsize len, guint64 offset, const char *what, gsize *out_n,
               GError **error)
{
  return finish_read (TEMP_FAILURE_RETRY (pread (fd, buffer, len, (off_t) offset)), what, out_n,
                      error);
}

gboolean
ul_fd_read_full (int fd, void *buffer, gsize len, const char *what, gsize *out_n, GError **error)
{
  gsize have = 0;
  gsize n = 1;
  while (have < len && n > 0)
    {
      if (!ul_fd_read (fd, (guint8 *) buffer + have, len - have, what, &n, error))
        return FALSE;
      have += n;
    }
  *out_n = have;
  return TRUE;
}

gboolean
ul_fd_read_whole (int fd, const char *what, gsize max, GBytes **out_bytes, GError **error)
{
  struct stat st;
  if (fstat (fd, &st) != 0)
    return ul_throw_errno (error, "stat %s", what);
  if (!S_ISREG (st.st_mode))
    return ul_throw (error, UL_ERROR_CORRUPT, "read %s: not a regular file", what);
  if ((guint64) st.st_size > max)
    return ul_throw (error, UL_ERROR_CORRUPT,
                     "read %s: %" G_GUINT64_FORMAT " bytes, more than the allowed %" G_GSIZE_FORMAT,
                     what, (guint64) st.st_size, max);

  g_autofree guint8 *data = g_malloc ((gsize) st.st_size + 1);
  gsize have;
  if (!ul_fd_read_full (fd, data, (gsize) st.st_size, what, &have, error))
    return FALSE;
  *out_bytes = g_bytes_new_take (g_steal_pointer (&data), have);
  return TRUE;
}

gboolean
ul_fd_read_file_at (int dfd, const char *path, gsize max, gboolean missing_ok, GBytes **out_bytes,
                    GError **error)
{
  ul_autofd int fd = openat (dfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT && missing_ok)
    {
      *out_bytes = NULL;
      return TRUE;
    }
  if (fd < 0)
    return ul_throw_errno (error, "open %s", path);
  return ul_fd_read_whole (fd, path, max, out_bytes, error);
}

gboolean
ul_fd_replace_file_at (int dfd, const char *path, const void *data, gsize len, mode_t mode,
                       gboolean sync, GError **error)
{
  g_autofree char *tmp = NULL;
  ul_autofd int fd = -1;
  for (int attempt = 0; fd < 0; attempt++)
    {
      g_free (tmp);
      tmp = g_strdup_printf ("%s.%08x", path, g_random_int ());
      fd = openat (dfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
      if (fd < 0 && (errno != EEXIST || attempt > 100))
        return ul_throw_errno (error, "create %s", tmp);
    }
  gboolean ok = ul_fd_write_all (fd, data, len, tmp, error);
  if (ok && fchmod (fd, mode) != 0)
    ok = ul_throw_errno (error, "set mode of %s", tmp);
  if (ok && sync && fsync (fd) != 0)
    ok = ul_throw_errno (error, "fsync %s", tmp);
  if (ok && renameat (dfd, tmp, dfd, path) != 0)
    ok = ul_throw_errno (error, "rename %s to %s", tmp, path);
  if (!ok)
    (void) unlinkat (dfd, tmp, 0);
  return ok;
}

static gboolean
copy_by_buffer (int from, guint64 offset, int to, guint64 size, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (COPY_BUFFER);
  while (size > 0)
    {
      gsize n;
      if (!ul_fd_read_at (from, buffer, MIN (size, COPY_BUFFER), offset, NULL, &n, error))
        return FALSE;
      if (n == 0)
        return ul_throw (error, UL_ERROR_CORRUPT, "read: file ends early");
      if (!ul_fd_write_all (to, buffer, n, "copy", error))
        return FALSE;
      offset += n;
      size -= n;
    }
  return TRUE;
}

/* Not FICLONE, which clones all there is, to offset 0. */
gboolean
ul_fd_clone (int from, int to, guint64 size)
{
  const struct file_clone_range range = {
    .src_fd = from,
    .src_length = size,
    .dest_offset = (guint64) lseek (to, 0, SEEK_CUR),
  };
  return ioctl (to, FICLONERANGE, &range) == 0;
}

gboolean
ul_fd_copy (int from, int to, guint64 size, GError **error)
{
  if (size == 0 || ul_fd_clone (from, to, size))
    return TRUE;

  loff_t offset = 0;
  while (size > 0)
    {
      const ssize_t n = copy_file_range (from, &offset, to, NULL, MIN (size, (guint64) 1 << 30), 0);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && (errno == EXDEV || errno == ENOSYS || errno == EINVAL || errno == EOPNOTSUPP))
        return copy_by_buffer (from, (guint64) offset, to, size, error);
      if (n < 0)
        return ul_throw_errno (error, "copy");
      if (n == 0)
        return ul_throw (error, UL_ERROR_CORRUPT, "copy: file ends early");
      size -= (guint64) n;
    }
  return TRUE;
}

static gboolean remove_at (int dfd, const char *path, GError **error);

/* Closes @fd. One descriptor a level, as a tree may be as deep as there are descriptors. */
static gboolean
remove_children (int fd, GError **error)
{
  DIR *dir = fdopendir (fd);
  if (dir == NULL)
    {
      ul_throw_errno (error, "open directory");
      close (fd);
      return FALSE;
    }
  gboolean ok = TRUE;
  struct dirent *entry;
  while (ok && (errno = 0, entry = readdir (dir)) != NULL)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
      ok = remove_at (fd, entry->d_name, error);
  if (ok && errno != 0)
    ok = ul_throw_errno (error, "read directory");
  closedir (dir);
  return ok;
}

static gboolean
remove_at (int dfd, const char *path, GError **error)
{
  if (unlinkat (dfd, path, 0) == 0 || errno == ENOENT)
    return TRUE;
  /* Linux says EISDIR for a directory, POSIX allows EPERM. */
  if (errno != EISDIR && errno != EPERM)
    return ul_throw_errno (error, "unlink %s", path);

  const int fd = openat (dfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return ul_throw_errno (error, "open directory %s", path);
  if (!remove_children (fd, error))
    return FALSE;
  if (unlinkat (dfd, path, AT_REMOVEDIR) != 0 && errno != ENOENT)
    return ul_throw_errno (error, "remove directory %s", path);
  return TRUE;
}

gboolean
ul_fd_remove_tree_at (int dfd, const char *path, GError **error)
{
  /* The path once, not at every level. */
  return remove_at (dfd, path, error) || ul_prefix (error, "remove %s", path);
}

gboolean
ul_fd_set_mode (int fd, mode_t mode, const char *what, GError **error)
{
  char path[UL_PROC_PATH_MAX];
  struct stat st;
  if (fstat (fd, &st) != 0)
    return ul_throw_errno (error, "stat %s", what);
  if (!S_ISREG (st.st_mode) && !S_ISDIR (st.st_mode))
    return ul_throw (error, UL_ERROR_INVALID,
                     "set mode of %s: neither a regular file nor a directory", what);
  /* fchmod () doesn't take descriptors of O_PATH. */
  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  if (chmod (path, mode & 0777) == 0)
    return TRUE;
  g_autofree char *text = g_strdup_printf ("set mode of %s", what);
  return ul_fd_throw_proc (error, text);
}

gboolean
ul_fd_sync_dir_at (int dfd, const char *path, GError **error)
{
  ul_autofd int fd = openat (dfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fsync (fd) != 0)
    return ul_throw_errno (error, "fsync %s", path);
  return TRUE;
}
