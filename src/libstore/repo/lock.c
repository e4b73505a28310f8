// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/lock.h"

#include "util/error.h"
#include "util/lock-holders.h"

#define LOCK_FILE ".lock"

static void
tell (gpointer data)
{
  UlRepo *repo = data;
  const UlRepoOptions *options = ul_repo_options (repo);
  if (options->lock_waiting == NULL)
    return;
  g_autofree char *holders = ul_lock_holders_describe_at (ul_repo_dfd (repo), LOCK_FILE);
  options->lock_waiting (holders, options->lock_data);
}

gboolean
ul_repo_lock (UlRepo *repo, UlLockKind kind, int *out_fd, GError **error)
{
  if (!ul_repo_locking_enabled (repo))
    {
      *out_fd = -1;
      return TRUE;
    }
  const UlLockWait wait = {
    .timeout_secs = ul_repo_lock_timeout_secs (repo),
    .waiting = tell,
    .data = repo,
  };
  int fd;
  if (!ul_lockfile_acquire_at (ul_repo_dfd (repo), LOCK_FILE, 0660, kind, &wait, &fd, error))
    return ul_prefix (error, "Locking repo");
  if (fd < 0)
    {
      g_autofree char *holders = ul_lock_holders_describe_at (ul_repo_dfd (repo), LOCK_FILE);
      return ul_throw (error, UL_ERROR_LOCKED,
                       "Locking repo %s %s: held by %s (waited %d second%s)", ul_repo_path (repo),
                       kind == UL_LOCK_EXCLUSIVE ? "exclusive" : "shared", holders,
                       wait.timeout_secs, wait.timeout_secs == 1 ? "" : "s");
    }
  *out_fd = fd;
  return TRUE;
}
