// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/open-store.h"

#include <fcntl.h>

#include "util/error.h"

const UlLockWait ul_cli_store_wait = { .timeout_secs = 30 };

UlStore *
ul_cli_open_store (const UlInvocation *inv, const char *path, GError **error)
{
  if (path == NULL)
    {
      ul_throw (error, UL_ERROR_INVALID, "Which store must be given, with --store=DIR");
      return NULL;
    }
  g_autoptr (UlStore) store = ul_store_open (AT_FDCWD, path, 0, &ul_cli_store_wait, error);
  if (store == NULL)
    return NULL;
  ul_verbose (inv, "store %s, for %s", path,
              ul_store_is_shared (store) ? "all users" : "its owner");
  return g_steal_pointer (&store);
}
