// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/open.h"
#include "repo/lock.h"
#include "repo/objects.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/fd.h"

/* Under the lock, so that no prune takes the commit between the look and the write. */
static gboolean
reset (UlRepo *repo, const char *ref, const char *rev, GError **error)
{
  gboolean found;
  UlChecksum unused;
  if (!ul_refs_read (repo, ref, &found, &unused, error))
    return FALSE;
  if (!found)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "Invalid ref '%s'", ref);

  UlChecksum checksum;
  g_auto (UlCommit) commit = { 0 };
  return ul_refs_resolve (repo, rev, NULL, &checksum, error)
         && ul_objects_load_commit (repo, &checksum, &commit, error)
         && ul_refs_write (repo, ref, &checksum, error);
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  if (inv->argc < 2)
    return ul_throw (error, UL_ERROR_INVALID, "A REF and COMMIT argument is required");
  if (inv->argc > 2)
    return ul_throw (error, UL_ERROR_INVALID, "Unexpected argument '%s'", inv->argv[2]);
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL)
    return FALSE;
  ul_autofd int lock_fd = -1;
  return ul_repo_lock (repo, UL_LOCK_SHARED, &lock_fd, error)
         && reset (repo, inv->argv[0], inv->argv[1], error);
}

const UlCommand ul_cmd_reset = {
  .name = "reset",
  .args = "REF COMMIT",
  .summary = "Reset a REF to a previous COMMIT",
  .completes = "@rev",
  .uses = UL_USES_REPO | UL_USES_LOCK,
  .run = run,
};
