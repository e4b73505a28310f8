// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "core/refspec.h"
#include "cli/open.h"
#include "util/error.h"

#include <fcntl.h>

typedef struct
{
  char *mode;
  char *collection_id;
} Options;

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (inv->argc > 0)
    return ul_throw (error, UL_ERROR_INVALID, "Unexpected argument '%s'", inv->argv[0]);

  UlRepoMode mode = UL_REPO_MODE_BARE;
  if (options->mode != NULL && !ul_repo_mode_from_string (options->mode, &mode, error))
    return FALSE;
  if (options->collection_id != NULL && !ul_collection_id_validate (options->collection_id, error))
    return FALSE;

  g_autofree char *path = ul_cli_repo_path (inv, error);
  if (path == NULL)
    return FALSE;
  /* Without a wish, an existing repository of any mode is fine. */
  g_autoptr (UlRepo) repo = NULL;
  if (options->mode == NULL && options->collection_id == NULL
      && ul_repo_is_repo_at (AT_FDCWD, path))
    repo = ul_repo_open_at (AT_FDCWD, path, error);
  else
    repo = ul_repo_create_at (AT_FDCWD, path, mode, options->collection_id, error);
  if (repo == NULL)
    return FALSE;
  ul_verbose (inv, "repository %s, mode %s", path, ul_repo_mode_name (repo));
  return TRUE;
}

static const UlOption table[] = {
  { "mode", 0, UL_OPTION_STRING, offsetof (Options, mode), "MODE",
    "How files are stored: bare (the default), bare-user, bare-user-only, archive or "
    "bare-split-xattrs",
    "bare|bare-user|bare-user-only|archive|bare-split-xattrs" },
  { "collection-id", 0, UL_OPTION_STRING, offsetof (Options, collection_id), "COLLECTION-ID",
    "Globally unique name for the refs of this repository, as reverse DNS" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_init = {
  .name = "init",
  .args = "",
  .summary = "Initialize a new empty repository",
  .details
  = "An existing repository is left as it is; it is an error if it has another mode than the "
    "one asked for.",
  .uses = UL_USES_REPO,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
