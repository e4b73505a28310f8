// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/source-file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

void
ul_source_file_clear (UlSourceFile *file)
{
  ul_fd_cleanup (&file->fd);
  file->fd = -1;
  ul_file_meta_clear (&file->meta);
}

static gboolean
open_symlink (int dfd, const char *name, UlSourceFile *out, GError **error)
{
  char target[PATH_MAX];
  if (fstatat (dfd, name, &out->st, AT_SYMLINK_NOFOLLOW) != 0)
    return ul_throw_errno (error, "stat");
  const ssize_t n = readlinkat (dfd, name, target, sizeof target);
  if (n < 0)
    return ul_throw_errno (error, "read symlink");
  if (n == 0 || n == (ssize_t) sizeof target)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "symlink target of invalid length");
  out->meta.symlink_target = g_strndup (target, (gsize) n);
  if (!g_utf8_validate (out->meta.symlink_target, n, NULL))
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "Invalid UTF-8 in symlink target");
  return ul_xattr_read_at (dfd, name, &out->meta.xattrs, error);
}

gboolean
ul_source_file_open (int dfd, const char *name, UlSourceFile *out, GError **error)
{
  g_auto (UlSourceFile) file = { .fd = -1 };
  /* O_NONBLOCK: a FIFO put there meanwhile must not hang us. */
  const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  file.fd = openat (dfd, name, flags | O_NOATIME);
  if (file.fd < 0 && errno == EPERM) /* not the owner */
    file.fd = openat (dfd, name, flags);
  if (file.fd < 0 && errno == ELOOP)
    {
      if (!open_symlink (dfd, name, &file, error))
        return FALSE;
    }
  else if (file.fd < 0)
    return ul_throw_errno (error, "open");
  else if (fstat (file.fd, &file.st) != 0)
    return ul_throw_errno (error, "stat");
  else if (!S_ISREG (file.st.st_mode))
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "Not a regular file or symlink");
  else if (!ul_xattr_read_fd (file.fd, &file.meta.xattrs, error))
    return FALSE;
  file.meta.uid = file.st.st_uid;
  file.meta.gid = file.st.st_gid;
  file.meta.mode = file.st.st_mode;
  *out = file;
  file = (UlSourceFile){ .fd = -1 };
  return TRUE;
}
