// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/open.h"
#include "cli/print.h"
#include "repo/objects.h"
#include "repo/refs.h"
#include "util/error.h"

#include <stdio.h>

typedef struct
{
  gboolean raw;
} Options;

static gboolean
show_one (const UlChecksum *checksum, GVariant *variant, const UlCommit *commit, gboolean raw,
          GError **error)
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (checksum, hex);
  printf ("commit %s\n", hex);
  if (!raw)
    return ul_print_commit_body (checksum, commit, error);
  ul_print_variant (variant, TRUE);
  return TRUE;
}

/* A history that ends before its first commit is no fault: pull fetches it only so deep. */
static void
show_end (UlJsonList *list)
{
  if (list != NULL)
    ul_json_list_end (list);
  else
    puts ("<< History beyond this commit not fetched >>");
}

static gboolean
walk (UlRepo *repo, UlChecksum checksum, const Options *options, UlJsonList *list, GError **error)
{
  g_autoptr (JsonBuilder) builder = list != NULL ? json_builder_new () : NULL;
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  for (gboolean first = TRUE;; first = FALSE)
    {
      gboolean has = TRUE;
      if (!first && !ul_objects_has (repo, UL_OBJECT_COMMIT, &checksum, &has, error))
        return FALSE;
      if (!has)
        {
          show_end (list);
          return TRUE;
        }

      g_autoptr (GVariant) variant = NULL;
      g_auto (UlCommit) commit = { 0 };
      /* A commit under another's name may be its own ancestor. */
      if (!ul_objects_load_verified (repo, UL_OBJECT_COMMIT, &checksum, hasher, &variant, error)
          || !ul_commit_parse (variant, &commit, error))
        return FALSE;
      if (list == NULL)
        {
          if (!show_one (&checksum, variant, &commit, options->raw, error))
            return FALSE;
        }
      else
        {
          if (!ul_json_commit (builder, &checksum, &commit, error))
            return FALSE;
          if (first)
            ul_json_list_begin (list);
          ul_json_list_add (list, builder);
        }
      if (!commit.has_parent)
        break;
      checksum = commit.parent;
    }
  if (list != NULL)
    ul_json_list_end (list);
  return TRUE;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (inv->argc < 1)
    return ul_throw (error, UL_ERROR_INVALID, "A rev argument is required");
  if (inv->argc > 1)
    return ul_throw (error, UL_ERROR_INVALID, "Too many arguments given");
  if (options->raw && inv->json)
    return ul_throw (error, UL_ERROR_INVALID, "--raw and --json exclude each other");

  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  UlChecksum checksum;
  if (repo == NULL || !ul_refs_resolve (repo, inv->argv[0], NULL, &checksum, error))
    return FALSE;
  UlJsonList list;
  return walk (repo, checksum, options, inv->json ? &list : NULL, error);
}

static const UlOption table[] = {
  { "raw", 0, UL_OPTION_FLAG, offsetof (Options, raw), NULL, "Show raw variant data" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_log = {
  .name = "log",
  .args = "REV",
  .summary = "Show log starting at commit or ref",
  .completes = "@rev",
  .uses = UL_USES_REPO | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
