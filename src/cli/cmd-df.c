// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/columns.h"
#include "cli/depth.h"
#include "cli/df-print.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "repo/df.h"
#include "util/error.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  UlPruneDepth depth;
} Options;

static gboolean
parse_depth (const char *value, gpointer target, GError **error)
{
  Options *options = target;
  return ul_depth_parse (value, &options->depth)
         || ul_throw (error, UL_ERROR_INVALID,
                      "--depth must be a number of parents, or -1 for all, not '%s'", value);
}

/* Is @ref @prefix or below it? */
static gboolean
matches (const UlDfRef *ref, const char *prefix)
{
  const gsize len = strlen (prefix);
  return strncmp (ref->name, prefix, len) == 0 && (ref->name[len] == '\0' || ref->name[len] == '/');
}

/* Leave only the refs that @prefixes name, if they name any. */
static gboolean
select_refs (UlDfResult *result, char **prefixes, GError **error)
{
  g_autoptr (GHashTable) used = g_hash_table_new (NULL, NULL);
  if (*prefixes == NULL)
    return TRUE;
  for (guint i = result->refs->len; i-- > 0;)
    {
      gboolean wanted = FALSE;
      for (char **prefix = prefixes; *prefix != NULL; prefix++)
        if (matches (result->refs->pdata[i], *prefix))
          {
            wanted = TRUE;
            g_hash_table_add (used, *prefix);
          }
      if (!wanted)
        g_ptr_array_remove_index (result->refs, i);
    }
  for (char **prefix = prefixes; *prefix != NULL; prefix++)
    if (!g_hash_table_contains (used, *prefix))
      return ul_throw (error, UL_ERROR_NOT_FOUND, "No ref '%s'", *prefix);
  return TRUE;
}

static UlDfSize
shared_of (const UlDfRef *ref)
{
  return ul_df_less (&ref->total, &ref->exclusive);
}

static void
print_json (const UlDfResult *result)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "refs");
  json_builder_begin_array (builder);
  for (guint i = 0; i < result->refs->len; i++)
    {
      const UlDfRef *ref = result->refs->pdata[i];
      const UlDfSize shared = shared_of (ref);
      json_builder_begin_object (builder);
      ul_json_add_string (builder, "ref", ref->name);
      ul_json_add_checksum (builder, "commit", &ref->commit);
      ul_json_add_int (builder, "commits", (gint64) ref->n_commits);
      ul_json_add_df_size (builder, "total", &ref->total);
      ul_json_add_df_size (builder, "exclusive", &ref->exclusive);
      ul_json_add_df_size (builder, "shared", &shared);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  ul_json_add_df_size (builder, "all", &result->all);
  ul_json_add_df_size (builder, "shared", &result->shared);
  ul_json_add_df_size (builder, "unreferenced", &result->unreferenced);
  ul_json_add_df_size (builder, "unreachable", &result->unreachable);
  ul_json_add_int (builder, "missing", (gint64) result->n_missing);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

/* Sizes have a no-break space before the unit: two bytes, one column. */
static void
print_size (const UlDfSize *size)
{
  g_autofree char *text = g_format_size (size->bytes);
  const int bytes = (int) strlen (text);
  const int columns = (int) g_utf8_strlen (text, -1);
  printf ("  %*s", 10 + bytes - columns, text);
}

static void
print_row (const UlDfRef *ref, int width, guint64 most)
{
  const UlDfSize shared = shared_of (ref);
  const int pad = width - (int) g_utf8_strlen (ref->name, -1);
  printf ("%s%*s  %7" G_GUINT64_FORMAT "  %8" G_GUINT64_FORMAT, ref->name, MAX (pad, 0), "",
          ref->n_commits, ref->total.objects);
  print_size (&ref->total);
  print_size (&ref->exclusive);
  print_size (&shared);
  if (isatty (STDOUT_FILENO))
    {
      g_autofree char *bar = ul_bar (ref->exclusive.bytes, ref->total.bytes, most);
      printf ("  %s", bar);
    }
  putchar ('\n');
}

static void
print_sum (const char *what, const UlDfSize *size)
{
  printf ("%-32s  %8" G_GUINT64_FORMAT, what, size->objects);
  print_size (size);
  putchar ('\n');
}

static void
print_text (const UlDfResult *result)
{
  int width = 3;
  guint64 most = 0;
  for (guint i = 0; i < result->refs->len; i++)
    {
      const UlDfRef *ref = result->refs->pdata[i];
      width = MAX (width, (int) g_utf8_strlen (ref->name, -1));
      most = MAX (most, ref->total.bytes);
    }
  printf ("%-*s  %7s  %8s  %10s  %10s  %10s\n", width, "REF", "COMMITS", "OBJECTS", "TOTAL",
          "EXCLUSIVE", "SHARED");
  for (guint i = 0; i < result->refs->len; i++)
    print_row (result->refs->pdata[i], width, most);
  putchar ('\n');
  print_sum ("All objects", &result->all);
  print_sum ("Shared by refs", &result->shared);
  print_sum ("Freed by prune", &result->unreachable);
  print_sum ("Freed by prune --refs-only", &result->unreferenced);
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL)
    return FALSE;
  UlProgress progress = { 0 };
  const UlDfOptions request
      = { .jobs = (guint) inv->jobs, .depth = options->depth, .progress = &progress };
  g_auto (UlDfResult) result = { 0 };
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Measuring", &progress);
  const gboolean ok = ul_df_run (repo, &request, &result, error);
  ul_progress_bar_stop (g_steal_pointer (&bar));
  if (!ok || !select_refs (&result, inv->argv, error))
    return FALSE;
  if (inv->json)
    print_json (&result);
  else
    print_text (&result);
  ul_df_print_missing (result.n_missing);
  return TRUE;
}

static const UlOption table[] = {
  { "depth", 0, UL_OPTION_CALLBACK, 0, "DEPTH",
    "Of each ref count only this many parents (-1: all, the default)", NULL, parse_depth },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_df = {
  .name = "df",
  .args = "[PREFIX...]",
  .summary = "Show what refs take and what pruning would free",
  .details = "EXCLUSIVE is what no other ref reaches: what a prune --refs-only frees once the ref "
             "is deleted.",
  .completes = "@rev",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
