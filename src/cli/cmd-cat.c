// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/commit-path.h"
#include "cli/open.h"
#include "util/error.h"

#include <stdio.h>

#define BUFFER_SIZE (256 * 1024)

static gboolean
print_content (UlContent *content, guint8 *buffer, GError **error)
{
  for (;;)
    {
      gsize n;
      if (!ul_content_read (content, buffer, BUFFER_SIZE, &n, error))
        return FALSE;
      if (n == 0)
        return TRUE;
      if (fwrite (buffer, 1, n, stdout) != n)
        return ul_throw_errno (error, "Writing to standard output");
    }
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  if (inv->argc < 2)
    return ul_throw (error, UL_ERROR_INVALID,
                     "A COMMIT and at least one PATH argument are required");
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  g_auto (UlCommit) commit = { 0 };
  if (repo == NULL || !ul_commit_path_load (repo, inv->argv[0], &commit, error))
    return FALSE;

  g_autofree guint8 *buffer = g_malloc (BUFFER_SIZE);
  for (char **path = inv->argv + 1; *path != NULL; path++)
    {
      g_autoptr (UlContent) content = NULL;
      if (!ul_commit_path_open_file (repo, &commit, *path, &content, error)
          || !print_content (content, buffer, error))
        return FALSE;
    }
  return TRUE;
}

static const UlOption table[] = { UL_OPTIONS_END };

const UlCommand ul_cmd_cat = {
  .name = "cat",
  .args = "COMMIT PATH...",
  .summary = "Concatenate contents of files",
  .details = "Symlinks are followed within the commit.",
  .completes = "@rev @path",
  .uses = UL_USES_REPO,
  .options = table,
  .run = run,
};
