// SPDX-License-Identifier: LGPL-2.1-or-later
/* Pulls a ref from a repository, in small batches, and dies on the way (tests/repo/crash.h). */

#include <fcntl.h>

#include "../repo/crash.h"
#include "transfer/pull-local.h"

static gboolean
pull (UlRepo *repo, const char *from_path, const char *ref, const UlTransactionOptions *transaction,
      GError **error)
{
  g_autoptr (UlRepo) from = ul_repo_open_at (AT_FDCWD, from_path, error);
  if (from == NULL)
    return FALSE;
  const char *const refs[] = { ref, NULL };
  const UlPullLocalOptions options = {
    .refs = refs,
    .depth = -1,
    .jobs = 2,
    .batch_objects = 64,
    .transaction = *transaction,
  };
  UlPullLocalResult result;
  return ul_pull_local (repo, from, &options, &result, error);
}

int
main (int argc, char **argv)
{
  return crash_main (argc, argv, pull);
}
