// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/settle.h"

#include <fcntl.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

static gboolean
wants_sync (const UlCheckoutPlan *plan)
{
  switch (plan->options->sync)
    {
    case UL_CHECKOUT_SYNC_ALWAYS:
      return TRUE;
    case UL_CHECKOUT_SYNC_COPIES:
      return (plan->settles_names || plan->stats.bytes > 0) && ul_repo_fsync_enabled (plan->repo);
    case UL_CHECKOUT_SYNC_NEVER:
    default:
      return FALSE;
    }
}

gboolean
ul_checkout_settle (UlCheckoutPlan *plan, int dfd, const char *path, GError **error)
{
  if (wants_sync (plan))
    {
      /* syncfs takes no O_PATH descriptor. */
      ul_autofd int fd = openat (dfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (fd < 0 || syncfs (fd) != 0)
        return ul_throw_errno (error, "checkout to %s: sync", path);
    }
  /* A file that a power cut can empty must not stand in the cache, whence others link it. */
  const gboolean keep = plan->cache != NULL && plan->options->sync != UL_CHECKOUT_SYNC_NEVER;
  return !keep || ul_checkout_file_cache_publish (plan->cache, error);
}

gboolean
ul_checkout_first_error (GError **candidates, gsize n, GError **error)
{
  GError *first = NULL;
  for (gsize i = 0; i < n; i++)
    if (first == NULL)
      first = candidates[i];
    else
      g_clear_error (&candidates[i]);
  if (first == NULL)
    return TRUE;
  g_propagate_error (error, first);
  return FALSE;
}
