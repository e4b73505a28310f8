// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/open-store.h"

#include <fcntl.h>

#include "repo/repo.h"
#include "util/error.h"

#define LOCK_SECONDS 300

UlLockWait
ul_cli_store_wait (const UlInvocation *inv)
{
  return (UlLockWait){
    .timeout_secs = inv->lock_timeout == 0                  ? LOCK_SECONDS
                    : inv->lock_timeout == UL_REPO_LOCK_TRY ? 0
                                                            : inv->lock_timeout,
  };
}

UlStore *
ul_cli_open_store (const UlInvocation *inv, const char *path, UlStoreFlags flags, GError **error)
{
  const UlLockWait wait = ul_cli_store_wait (inv);
  if (path == NULL || *path == '\0')
    {
      ul_throw (error, UL_ERROR_INVALID, "Which store must be given, with --store=DIR");
      return NULL;
    }
  g_autoptr (UlStore) store = ul_store_open (AT_FDCWD, path, flags, &wait, error);
  if (store == NULL)
    return NULL;
  ul_verbose (inv, "store %s, for %s", path,
              ul_store_is_shared (store) ? "all users" : "its owner");
  return g_steal_pointer (&store);
}
