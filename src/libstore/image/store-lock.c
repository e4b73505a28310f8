// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/lock-holders.h"

/* As the library has it: numbers are little-endian, the rest is random. */
typedef struct
{
  guint64 time; /* nanoseconds since 1970 */
  guint64 counter;
  guint32 pid;
  guint32 random[11];
} Token;
G_STATIC_ASSERT (sizeof (Token) == UL_STORE_TOKEN_SIZE);

static gboolean
lock_file (int fd, int dfd, const char *path, UlLockKind kind, const UlLockWait *wait,
           struct stat *out_st, GError **error)
{
  gboolean locked;
  if (fstat (fd, out_st) != 0)
    return ul_throw_errno (error, "stat %s", path);
  if (!S_ISREG (out_st->st_mode))
    return ul_throw (error, UL_ERROR_CORRUPT, "lock %s: not a regular file", path);
  if (!ul_lockfile_lock_fd (fd, path, kind, wait, &locked, error))
    return FALSE;
  if (locked)
    return fstat (fd, out_st) == 0 || ul_throw_errno (error, "stat %s", path);
  g_autofree char *holders = ul_lock_holders_describe_at (dfd, path);
  return ul_throw (error, UL_ERROR_LOCKED, "lock %s: held by %s", path, holders);
}

gboolean
ul_store_lock_read (int dfd, const char *path, const UlLockWait *wait, int *out_fd, GError **error)
{
  struct stat st;
  ul_autofd int fd = openat (dfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno != ENOENT)
    return ul_throw_errno (error, "open lock %s", path);
  if (fd >= 0 && !lock_file (fd, dfd, path, UL_LOCK_SHARED, wait, &st, error))
    return FALSE;
  *out_fd = ul_fd_steal (&fd);
  return TRUE;
}

gboolean
ul_store_lock_write (int dfd, const char *path, mode_t mode, const UlLockWait *wait, int *out_fd,
                     GError **error)
{
  struct stat st;
  ul_autofd int fd = openat (dfd, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, mode);
  if (fd < 0)
    return ul_throw_errno (error, "open lock %s", path);
  if (!lock_file (fd, dfd, path, UL_LOCK_EXCLUSIVE, wait, &st, error))
    return FALSE;
  if (st.st_size < UL_STORE_TOKEN_SIZE)
    {
      if (fchmod (fd, mode) != 0)
        return ul_throw_errno (error, "set mode of %s", path);
      if (!ul_store_lock_touch (fd, path, error))
        return FALSE;
    }
  *out_fd = ul_fd_steal (&fd);
  return TRUE;
}

gboolean
ul_store_lock_touch (int fd, const char *path, GError **error)
{
  static guint counter;
  const guint count = (guint) g_atomic_int_add (&counter, 1);
  struct timespec now;
  clock_gettime (CLOCK_REALTIME, &now);
  Token token = {
    .time = GUINT64_TO_LE ((guint64) now.tv_sec * 1000000000 + (guint64) now.tv_nsec),
    .counter = GUINT64_TO_LE ((guint64) count),
    .pid = GUINT32_TO_LE ((guint32) getpid ()),
  };
  for (gsize i = 0; i < G_N_ELEMENTS (token.random); i++)
    token.random[i] = g_random_int ();
  /* In one write: a reader without a lock sees one token or the other. */
  const ssize_t n = pwrite (fd, &token, sizeof token, 0);
  if (n < 0)
    return ul_throw_errno (error, "write %s", path);
  return n == sizeof token || ul_throw (error, UL_ERROR_FAILED, "write %s: cut short", path);
}
