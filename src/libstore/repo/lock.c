// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/lock.h"

#include "util/error.h"

gboolean
ul_repo_lock (UlRepo *repo, UlLockKind kind, gint timeout_secs, int *out_fd, GError **error)
{
  if (!ul_repo_locking_enabled (repo))
    {
      *out_fd = -1;
      return TRUE;
    }
  const gint timeout = timeout_secs != 0 ? timeout_secs : ul_repo_lock_timeout_secs (repo);
  int fd;
  if (!ul_lockfile_acquire_at (ul_repo_dfd (repo), ".lock", 0660, kind, timeout, &fd, error))
    return ul_prefix (error, "Locking repo");
  if (fd < 0)
    return ul_throw (
        error, UL_ERROR_LOCKED, "Locking repo %s %s: another process holds it (waited %d seconds)",
        ul_repo_path (repo), kind == UL_LOCK_EXCLUSIVE ? "exclusive" : "shared", timeout);
  *out_fd = fd;
  return TRUE;
}
