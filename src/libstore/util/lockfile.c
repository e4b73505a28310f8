// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/lockfile.h"

#include <errno.h>
#include <fcntl.h>

#include "util/error.h"
#include "util/fd.h"

#define POLL_MAX_USEC (100 * 1000)
#define SILENT_USEC   G_USEC_PER_SEC

/* One pause between two tries. FALSE when the time is up. */
static gboolean
pause_for (const UlLockWait *wait, gint64 started, gulong pause_usec, gboolean *io_told)
{
  const gint64 waited = g_get_monotonic_time () - started;
  if (wait->timeout_secs >= 0 && waited >= (gint64) wait->timeout_secs * G_USEC_PER_SEC)
    return FALSE;
  if (!*io_told && waited >= SILENT_USEC)
    {
      *io_told = TRUE;
      if (wait->waiting != NULL)
        wait->waiting (wait->data);
    }
  g_usleep (pause_usec);
  return TRUE;
}

gboolean
ul_lockfile_lock_fd (int fd, const char *path, UlLockKind kind, const UlLockWait *wait,
                     gboolean *out_locked, GError **error)
{
  struct flock lock = {
    .l_type = kind == UL_LOCK_EXCLUSIVE ? F_WRLCK : F_RDLCK,
    .l_whence = SEEK_SET,
  };
  const UlLockWait once = { .timeout_secs = 0 };
  const gint64 started = g_get_monotonic_time ();
  gboolean told = FALSE;
  /* Polling, not F_OFD_SETLKW: a blocking wait has no time limit short of a signal. */
  gulong pause_usec = 1000;
  while (fcntl (fd, F_OFD_SETLK, &lock) != 0)
    {
      if (errno == EINTR)
        continue;
      if (errno != EAGAIN && errno != EACCES)
        return ul_throw_errno (error, "lock %s", path);
      if (!pause_for (wait != NULL ? wait : &once, started, pause_usec, &told))
        {
          *out_locked = FALSE;
          return TRUE;
        }
      pause_usec = MIN (pause_usec * 2, POLL_MAX_USEC);
    }
  *out_locked = TRUE;
  return TRUE;
}

gboolean
ul_lockfile_acquire_at (int dfd, const char *path, mode_t mode, UlLockKind kind,
                        const UlLockWait *wait, int *out_fd, GError **error)
{
  gboolean locked;
  ul_autofd int fd = openat (dfd, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, mode);
  if (fd < 0)
    return ul_throw_errno (error, "open lock %s", path);
  if (!ul_lockfile_lock_fd (fd, path, kind, wait, &locked, error))
    return FALSE;
  *out_fd = locked ? ul_fd_steal (&fd) : -1;
  return TRUE;
}
