// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/open.h"
#include "repo/objects.h"
#include "repo/refs.h"
#include "util/error.h"

#include <stdio.h>

typedef struct
{
  gboolean single;
} Options;

typedef struct
{
  guint n;
  UlChecksum commit;
} Single;

static gboolean
note_commit (UlObjectType type, const UlChecksum *checksum, gpointer data, GError **error)
{
  Single *single = data;
  if (type != UL_OBJECT_COMMIT)
    return TRUE;
  if (single->n++ > 0)
    return ul_throw (error, UL_ERROR_INVALID, "Multiple commit objects found");
  single->commit = *checksum;
  return TRUE;
}

static void
print_checksum (const UlChecksum *checksum)
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (checksum, hex);
  puts (hex);
}

static gboolean
print_single (UlRepo *repo, GError **error)
{
  Single single = { 0 };
  for (UlRepo *at = repo; at != NULL; at = ul_repo_parent (at))
    if (!ul_objects_foreach (at, note_commit, &single, error))
      return FALSE;
  if (single.n == 0)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "No commit objects found");
  print_checksum (&single.commit);
  return TRUE;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (options->single && inv->argc > 0)
    return ul_throw (error, UL_ERROR_INVALID, "Cannot specify arguments with --single");
  if (!options->single && inv->argc < 1)
    return ul_throw (error, UL_ERROR_INVALID, "REV must be specified");

  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL)
    return FALSE;
  if (options->single)
    return print_single (repo, error);

  for (char **rev = inv->argv; *rev != NULL; rev++)
    {
      UlChecksum checksum;
      if (!ul_refs_resolve (repo, *rev, NULL, &checksum, error))
        return FALSE;
      print_checksum (&checksum);
    }
  return TRUE;
}

static const UlOption table[] = {
  { "single", 'S', UL_OPTION_FLAG, offsetof (Options, single), NULL,
    "If the repository has exactly one commit, then print it; any other case is an error" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_rev_parse = {
  .name = "rev-parse",
  .args = "REV...",
  .summary = "Output the target of a rev",
  .details
  = "A REV is a ref, REMOTE:REF, a commit's checksum or a unique prefix of it, each followed by "
    "any number of ^ for the parent.",
  .completes = "@rev",
  .uses = UL_USES_REPO,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
