// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/lockfile.h"

#include <errno.h>
#include <fcntl.h>

#include "util/error.h"
#include "util/fd.h"

#define POLL_MAX_USEC (100 * 1000)

gboolean
ul_lockfile_acquire_at (int dfd, const char *path, mode_t mode, UlLockKind kind, int timeout_secs,
                        int *out_fd, GError **error)
{
  ul_autofd int fd = openat (dfd, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, mode);
  if (fd < 0)
    return ul_throw_errno (error, "open lock %s", path);

  struct flock lock = {
    .l_type = kind == UL_LOCK_EXCLUSIVE ? F_WRLCK : F_RDLCK,
    .l_whence = SEEK_SET,
  };
  const gint64 deadline = g_get_monotonic_time () + (gint64) timeout_secs * G_USEC_PER_SEC;
  /* Polling, not F_OFD_SETLKW: a blocking wait has no time limit short of a signal. */
  gulong pause_usec = 1000;
  while (fcntl (fd, F_OFD_SETLK, &lock) != 0)
    {
      if (errno == EINTR)
        continue;
      if (errno != EAGAIN && errno != EACCES)
        return ul_throw_errno (error, "lock %s", path);
      if (timeout_secs >= 0 && g_get_monotonic_time () >= deadline)
        {
          *out_fd = -1;
          return TRUE;
        }
      g_usleep (pause_usec);
      pause_usec = MIN (pause_usec * 2, POLL_MAX_USEC);
    }
  *out_fd = ul_fd_steal (&fd);
  return TRUE;
}
