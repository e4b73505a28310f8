// SPDX-License-Identifier: LGPL-2.1-or-later

/* What modes have in common. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "repo/mode.h"
#include "util/error.h"
#include "util/fd.h"

void
ul_stored_clear (UlStored *stored)
{
  ul_file_meta_clear (&stored->meta);
  ul_fd_clear (&stored->fd);
}

gboolean
ul_mode_create_file (const UlStore *store, mode_t mode, const UlSource *source, int *out_fd,
                     GError **error)
{
  /* Copied where it can't be linked. */
  if (source->draft != NULL && ul_fd_link (source->fd, store->dfd, store->name) == 0)
    {
      *out_fd = fcntl (source->fd, F_DUPFD_CLOEXEC, 3);
      return *out_fd >= 0 || ul_throw_errno (error, "open object");
    }
  ul_autofd int fd = openat (store->dfd, store->name,
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777);
  if (fd < 0)
    return ul_throw_errno (error, "create object");
  if (!ul_source_write (source, store->scratch, fd, store->tee, error))
    return FALSE;
  *out_fd = ul_fd_steal (&fd);
  return TRUE;
}

gboolean
ul_mode_ensure_mode (int fd, mode_t mode, GError **error)
{
  struct stat st;
  if (fstat (fd, &st) != 0)
    return ul_throw_errno (error, "stat object");
  return (st.st_mode & 07777) == mode || fchmod (fd, mode) == 0
         || ul_throw_errno (error, "set mode of object");
}

gboolean
ul_mode_finish_file (const UlStore *store, int fd, GError **error)
{
  const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 0 } };
  if (futimens (fd, times) != 0)
    return ul_throw_errno (error, "set times of object");
  if (store->sync && fsync (fd) != 0)
    return ul_throw_errno (error, "fsync object");
  return TRUE;
}

static gboolean
read_target (int fd, char **out_target, GError **error)
{
  char target[PATH_MAX + 1];
  const ssize_t n = readlinkat (fd, "", target, sizeof target);
  if (n < 0)
    return ul_throw_errno (error, "read symlink");
  if (n == 0 || (gsize) n == sizeof target)
    return ul_throw (error, UL_ERROR_CORRUPT, "symlink target of invalid length");
  *out_target = g_strndup (target, (gsize) n);
  return TRUE;
}

gboolean
ul_mode_open_object (int dfd, const char *path, gboolean *out_found, UlStored *stored,
                     GError **error)
{
  stored->fd = openat (dfd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (stored->fd < 0 && errno == ELOOP)
    stored->fd = openat (dfd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (stored->fd < 0 && errno == ENOENT)
    {
      *out_found = FALSE;
      return TRUE;
    }
  struct stat st;
  if (stored->fd < 0 || fstat (stored->fd, &st) != 0)
    return ul_throw_errno (error, "open object");
  if (S_ISLNK (st.st_mode))
    {
      if (!read_target (stored->fd, &stored->meta.symlink_target, error))
        return FALSE;
    }
  else if (S_ISREG (st.st_mode))
    stored->size = (guint64) st.st_size;
  else
    return ul_throw (error, UL_ERROR_CORRUPT, "neither regular file nor symlink");
  stored->meta.uid = st.st_uid;
  stored->meta.gid = st.st_gid;
  stored->meta.mode = st.st_mode;
  *out_found = TRUE;
  return TRUE;
}

gboolean
ul_mode_refuse_symlink (const UlStored *stored, GError **error)
{
  return stored->meta.symlink_target == NULL
         || ul_throw (error, UL_ERROR_CORRUPT, "is a symlink, which this mode doesn't store");
}
