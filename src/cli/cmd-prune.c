// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/depth.h"
#include "cli/duration.h"
#include "cli/open.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/timestamp.h"
#include "repo/prune.h"
#include "repo/refs.h"
#include "util/error.h"

#include <stdio.h>
#include <string.h>

typedef struct
{
  gboolean no_prune;
  gboolean refs_only;
  gboolean static_deltas_only;
  gboolean commit_only;
  UlPruneDepth depth;
  char *delete_commit;
  char *keep_younger_than;
  char *keep_unreferenced;
  char **retain;
  char **only_branches;
} Options;

static gboolean
parse_depth_option (const char *value, gpointer target, GError **error)
{
  Options *options = target;
  return ul_depth_parse (value, &options->depth)
         || ul_throw (error, UL_ERROR_INVALID,
                      "--depth must be a number of parents, or -1 for all, not '%s'", value);
}

/* "BRANCH=DEPTH"; @value is cut in two. */
static gboolean
parse_retain (char *value, UlPruneRetain *out, GError **error)
{
  char *equals = strchr (value, '=');
  if (equals == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "Invalid value %s, must specify BRANCH=DEPTH", value);
  *equals = '\0';
  out->refspec = value;
  return ul_depth_parse (equals + 1, &out->depth)
         || ul_throw (error, UL_ERROR_INVALID, "Invalid depth %s", equals + 1);
}

static gboolean
parse_retains (Options *options, GArray **out, GError **error)
{
  g_autoptr (GArray) retains = g_array_new (FALSE, FALSE, sizeof (UlPruneRetain));
  for (char **value = options->retain; value != NULL && *value != NULL; value++)
    {
      UlPruneRetain retain;
      if (!parse_retain (*value, &retain, error))
        return FALSE;
      g_array_append_val (retains, retain);
    }
  *out = g_steal_pointer (&retains);
  return TRUE;
}

static gboolean
check_combination (const Options *options, GError **error)
{
  if (options->delete_commit != NULL && options->no_prune)
    return ul_throw (error, UL_ERROR_INVALID, "Cannot specify both --delete-commit and --no-prune");
  if (options->static_deltas_only && options->delete_commit == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "--static-deltas-only requires --delete-commit");
  return TRUE;
}

/* The strings and arrays of @request are those of @options and @retains. */
static gboolean
fill_request (UlRepo *repo, const Options *options, const GArray *retains,
              UlChecksum *delete_commit, UlPruneOptions *request, GError **error)
{
  request->dry_run = options->no_prune;
  request->refs_only = options->refs_only;
  request->commit_only = options->commit_only;
  request->static_deltas_only = options->static_deltas_only;
  request->depth = options->depth;
  request->only_branches = (const char *const *) options->only_branches;
  request->retain = (const UlPruneRetain *) (const void *) retains->data;
  request->n_retain = retains->len;
  request->has_keep_younger = options->keep_younger_than != NULL;
  request->has_keep_unreferenced = options->keep_unreferenced != NULL;
  if (request->has_keep_younger
      && !ul_timestamp_parse (options->keep_younger_than, &request->keep_younger, error))
    return FALSE;
  if (request->has_keep_unreferenced
      && !ul_duration_parse_since (options->keep_unreferenced, &request->keep_unreferenced, error))
    return FALSE;
  if (options->delete_commit == NULL)
    return TRUE;
  request->delete_commit = delete_commit;
  return ul_refs_resolve (repo, options->delete_commit, NULL, delete_commit, error);
}

static void
print_json (const UlPruneOptions *request, const UlPruneResult *result)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  ul_json_add_bool (builder, "dry_run", request->dry_run);
  ul_json_add_int (builder, "objects", (gint64) result->n_objects);
  ul_json_add_int (builder, "unreachable", (gint64) result->n_deleted);
  ul_json_add_int (builder, "bytes", (gint64) result->n_bytes);
  ul_json_add_int (builder, "recent", (gint64) result->n_recent);
  ul_json_add_int (builder, "static_deltas", (gint64) result->n_deltas);
  json_builder_set_member_name (builder, "commits");
  json_builder_begin_array (builder);
  for (guint i = 0; i < result->commits->len; i++)
    json_builder_add_string_value (builder, result->commits->pdata[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

/* Scripts read these lines. */
static void
print_text (const UlPruneOptions *request, const UlPruneResult *result)
{
  printf ("Total %sobjects: %" G_GUINT64_FORMAT "\n", request->commit_only ? "(commit only) " : "",
          result->n_objects);
  g_autofree char *size = g_format_size (result->n_bytes);
  if (result->n_deleted == 0)
    puts ("No unreachable objects");
  else if (request->dry_run)
    printf ("Would delete: %" G_GUINT64_FORMAT " objects, freeing %s\n", result->n_deleted, size);
  else
    printf ("Deleted %" G_GUINT64_FORMAT " objects, %s freed\n", result->n_deleted, size);
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  Options *options = data;
  if (inv->argc > 0)
    return ul_throw (error, UL_ERROR_INVALID, "Unexpected argument '%s'", inv->argv[0]);
  g_autoptr (GArray) retains = NULL;
  if (!check_combination (options, error) || !parse_retains (options, &retains, error))
    return FALSE;
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL)
    return FALSE;

  UlProgress progress = { 0 };
  UlPruneOptions request = { .jobs = (guint) inv->jobs, .progress = &progress };
  UlChecksum delete_commit;
  if (!fill_request (repo, options, retains, &delete_commit, &request, error))
    return FALSE;
  g_auto (UlPruneResult) result = { 0 };
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Pruning", &progress);
  const gboolean ok = ul_prune_run (repo, &request, &result, error);
  ul_progress_bar_stop (g_steal_pointer (&bar));
  if (!ok)
    return FALSE;
  if (result.n_recent > 0)
    ul_verbose (inv, "%" G_GUINT64_FORMAT " unreachable objects are recent and stay",
                result.n_recent);
  ul_verbose (inv, "%" G_GUINT64_FORMAT " bytes for what is reachable", result.n_set_bytes);
  if (inv->json)
    print_json (&request, &result);
  else
    print_text (&request, &result);
  return TRUE;
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("Which commits stay"),
  { "refs-only", 0, UL_OPTION_FLAG, offsetof (Options, refs_only), NULL,
    "Keep what refs name and delete other commits" },
  { "depth", 0, UL_OPTION_CALLBACK, 0, "DEPTH",
    "With --refs-only: of each ref only this many parents (-1: all, the default)", NULL,
    parse_depth_option },
  { "keep-younger-than", 0, UL_OPTION_STRING, offsetof (Options, keep_younger_than), "DATE",
    "Of each ref the newest commit and what is not older than DATE" },
  { "retain-branch-depth", 0, UL_OPTION_STRING_LIST, offsetof (Options, retain), "BRANCH=DEPTH",
    "Of this ref this many parents (may be specified multiple times)", "@rev" },
  { "only-branch", 0, UL_OPTION_STRING_LIST, offsetof (Options, only_branches), "BRANCH",
    "Only prune this ref, the others keep their history (may be specified multiple times)",
    "@rev" },
  { "delete-commit", 0, UL_OPTION_STRING, offsetof (Options, delete_commit), "COMMIT",
    "Delete this commit, which no ref may name", "@rev" },
  UL_OPTIONS_HEADING ("What is deleted"),
  { "commit-only", 0, UL_OPTION_FLAG, offsetof (Options, commit_only), NULL,
    "Only commits; what they alone need is left to a later prune" },
  { "static-deltas-only", 0, UL_OPTION_FLAG, offsetof (Options, static_deltas_only), NULL,
    "With --delete-commit: not the commit but the static deltas to it" },
  { "keep-unreferenced-younger-than", 0, UL_OPTION_STRING, offsetof (Options, keep_unreferenced),
    "DURATION|DATE", "Keep what came into the repository since, though nothing needs it" },
  { "no-prune", 0, UL_OPTION_FLAG, offsetof (Options, no_prune), NULL,
    "Only say what there is to delete" },
  { "dry-run", 'n', UL_OPTION_FLAG, offsetof (Options, no_prune), NULL, "The same" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_prune = {
  .name = "prune",
  .args = "",
  .summary = "Search for unreachable objects and delete them",
  .details = "Without an option of the first group every commit stays, and only objects that no "
             "commit needs are deleted.",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_JSON | UL_USES_LOCK,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
