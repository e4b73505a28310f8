// SPDX-License-Identifier: LGPL-2.1-or-later
/* Commits a directory, or with --repair for the ref repairs a repository from another one, and dies
 * on the way (tests/repo/crash.h). A repair that leaves something broken has failed. */

#include <fcntl.h>
#include <string.h>

#include "../repo/crash.h"
#include "build/commit.h"
#include "repo/fsck.h"

static gboolean
repair (UlRepo *repo, const char *source, const UlTransactionOptions *transaction, GError **error)
{
  g_autoptr (UlRepo) from = ul_repo_open_at (AT_FDCWD, source, error);
  if (from == NULL)
    return FALSE;
  const UlFsckOptions options = {
    .jobs = 2,
    .repair = TRUE,
    .repair_repo = from,
    .hook = transaction->hook,
    .hook_data = transaction->hook_data,
  };
  g_auto (UlFsckResult) result = { 0 };
  if (!ul_fsck_run (repo, &options, &result, error))
    return FALSE;
  if (result.mend_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&result.mend_error));
  return FALSE;
}

static gboolean
commit (UlRepo *repo, const char *dir, const char *branch, const UlTransactionOptions *transaction,
        GError **error)
{
  const UlTreeSource source = { .type = UL_TREE_SOURCE_DIR, .where = dir };
  const UlCommitOptions options = {
    .trees = &source,
    .n_trees = 1,
    .branch = branch,
    .timestamp = 1577934245,
    .has_timestamp = TRUE,
    .jobs = 2,
    .transaction = *transaction,
  };
  UlCommitResult result;
  return ul_commit_create (repo, &options, &result, error);
}

static gboolean
run (UlRepo *repo, const char *from, const char *ref, const UlTransactionOptions *transaction,
     GError **error)
{
  if (strcmp (ref, "--repair") == 0)
    return repair (repo, from, transaction, error);
  return commit (repo, from, ref, transaction, error);
}

int
main (int argc, char **argv)
{
  return crash_main (argc, argv, run);
}
