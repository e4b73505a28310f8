// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/open.h"

#include "util/error.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SYSTEM_REPO "/ostree/repo"

static const char *
path_from_environment (void)
{
  static const char *const names[] = { "UNDERLAY_REPO", "OSTREE_REPO" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *path = g_getenv (names[i]);
      if (path != NULL && *path != '\0')
        return path;
    }
  return NULL;
}

static gboolean
no_repo (GError **error)
{
  return ul_throw (error, UL_ERROR_NOT_FOUND, "Command requires a --repo argument");
}

char *
ul_cli_repo_path (const UlInvocation *inv, GError **error)
{
  if (inv->repo != NULL)
    return g_strdup (inv->repo);
  if (ul_repo_is_repo_at (AT_FDCWD, "."))
    return g_strdup (".");
  const char *path = path_from_environment ();
  if (path != NULL)
    return g_strdup (path);
  if (ul_repo_is_repo_at (AT_FDCWD, SYSTEM_REPO))
    return g_strdup (SYSTEM_REPO);
  no_repo (error);
  return NULL;
}

/* Also where nobody is looking: it's what the log of a pipeline that hangs is searched for. */
static void
say_waiting (const char *holders, gpointer data)
{
  const UlInvocation *inv = data;
  /* A progress bar is drawn anew below it. */
  if (!inv->quiet)
    fprintf (stderr, "%sWaiting for the lock of the repository, held by %s\n",
             isatty (STDERR_FILENO) ? "\r\033[K" : "", holders);
}

UlRepo *
ul_cli_open_repo (const UlInvocation *inv, GError **error)
{
  g_autofree char *path = ul_cli_repo_path (inv, error);
  if (path == NULL)
    return NULL;

  const UlRepoOptions options = {
    .lock_timeout_secs = inv->lock_timeout,
    .lock_waiting = say_waiting,
    .lock_data = (gpointer) inv,
  };
  g_autoptr (UlRepo) repo = ul_repo_open_with (AT_FDCWD, path, &options, error);
  if (repo == NULL)
    return NULL;
  ul_verbose (inv, "repository %s, mode %s", path, ul_repo_mode_name (repo));
  return g_steal_pointer (&repo);
}
