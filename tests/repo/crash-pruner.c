// SPDX-License-Identifier: LGPL-2.1-or-later
/* Keeps the newest commit of each ref, deletes the rest, and dies on the way (crash.h). FROM and
 * REF are not used. */

#include "crash.h"
#include "repo/prune.h"

static gboolean
prune (UlRepo *repo, const char *from, const char *ref, const UlTransactionOptions *transaction,
       GError **error)
{
  const UlPruneOptions options = {
    .jobs = 2,
    .refs_only = TRUE,
    .depth = { .limited = TRUE },
    .hook = transaction->hook,
    .hook_data = transaction->hook_data,
  };
  g_auto (UlPruneResult) result = { 0 };
  return ul_prune_run (repo, &options, &result, error);
}

int
main (int argc, char **argv)
{
  return crash_main (argc, argv, prune);
}
