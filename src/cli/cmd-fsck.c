// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/open.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "repo/fsck.h"
#include "util/error.h"

#include <stdio.h>

typedef struct
{
  gboolean all;
  gboolean delete;
  gboolean add_tombstones;
  gboolean verify_bindings;
  gboolean verify_back_refs;
} Options;

/* What is deleted must have been said. */
static gboolean
shows_all (const Options *options)
{
  return options->all || options->delete;
}

static const char *
kind_name (UlFsckKind kind)
{
  switch (kind)
    {
    case UL_FSCK_CORRUPT_OBJECT:
      return "corrupt-object";
    case UL_FSCK_MISSING_OBJECT:
      return "missing-object";
    case UL_FSCK_MISSING_COMMIT:
      return "missing-commit";
    case UL_FSCK_MISSING_PARENT:
      return "missing-parent";
    case UL_FSCK_BAD_BINDING:
      return "bad-binding";
    }
  g_assert_not_reached ();
}

static gboolean
is_fault (const UlFsckFinding *finding)
{
  return finding->kind != UL_FSCK_MISSING_PARENT;
}

static guint
count_faults (const UlFsckResult *result)
{
  guint n = 0;
  for (guint i = 0; i < result->findings->len; i++)
    n += is_fault (result->findings->pdata[i]) ? 1 : 0;
  return n;
}

static void
print_json (const UlFsckResult *result, gboolean sound)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  ul_json_add_bool (builder, "sound", sound);
  ul_json_add_int (builder, "commits", (gint64) result->n_commits);
  ul_json_add_int (builder, "objects", (gint64) result->n_objects);
  ul_json_add_int (builder, "bytes", (gint64) result->n_bytes);
  ul_json_add_int (builder, "tombstones_added", (gint64) result->n_tombstones);
  json_builder_set_member_name (builder, "partial_commits");
  json_builder_begin_array (builder);
  for (guint i = 0; i < result->partial->len; i++)
    json_builder_add_string_value (builder, result->partial->pdata[i]);
  json_builder_end_array (builder);

  json_builder_set_member_name (builder, "findings");
  json_builder_begin_array (builder);
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      json_builder_begin_object (builder);
      ul_json_add_string (builder, "kind", kind_name (finding->kind));
      ul_json_add_string (builder, "type", ul_object_type_name (finding->type));
      ul_json_add_checksum (builder, "checksum", &finding->checksum);
      ul_json_add_string (builder, "ref", finding->ref);
      ul_json_add_string (builder, "message", finding->message);
      ul_json_add_bool (builder, "deleted", finding->deleted);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static void
say (const UlInvocation *inv, const char *text)
{
  if (!inv->quiet && !inv->json)
    puts (text);
}

static void
print_tombstones (const UlFsckResult *result)
{
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      char hex[UL_CHECKSUM_HEX_LEN + 1];
      ul_checksum_to_hex (&finding->checksum, hex);
      if (finding->tombstoned)
        printf ("Adding tombstone for commit %s\n", hex);
    }
}

static void
print_text (const UlInvocation *inv, const Options *options, const UlFsckResult *result,
            gboolean sound)
{
  if (!inv->quiet)
    printf ("Verifying content integrity of %" G_GUINT64_FORMAT " commit objects...\n",
            result->n_commits);
  fflush (stdout);
  const gboolean all = shows_all (options);
  for (guint i = 0; all && i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      if (is_fault (finding))
        fprintf (stderr, "%s\n", finding->message);
    }
  if (options->add_tombstones && !inv->quiet)
    print_tombstones (result);
  if (result->n_partial > 0)
    printf ("%" G_GUINT64_FORMAT " partial commits not verified\n", result->n_partial);
  if (sound)
    printf ("object fsck of %" G_GUINT64_FORMAT
            " commits completed successfully - no errors found.\n",
            result->n_commits);
}

/* The whole check always runs. Without --all the error is what was found first. */
static gboolean
throw_faults (const UlFsckResult *result, gboolean all, GError **error)
{
  const guint n = count_faults (result);
  if (n == 0)
    return ul_throw (error, UL_ERROR_CORRUPT,
                     "%" G_GUINT64_FORMAT " partial commits from fsck-detected corruption",
                     result->n_partial_by_fsck);
  if (all)
    return ul_throw (error, UL_ERROR_CORRUPT, "Repository corruption encountered");

  guint first = 0;
  while (!is_fault (result->findings->pdata[first]))
    first++;
  const UlFsckFinding *finding = result->findings->pdata[first];
  if (n == 1)
    return ul_throw (error, UL_ERROR_CORRUPT, "%s", finding->message);
  return ul_throw (error, UL_ERROR_CORRUPT, "%s (and %u more, --all shows them)", finding->message,
                   n - 1);
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (inv->argc > 0)
    return ul_throw (error, UL_ERROR_INVALID, "Unexpected argument '%s'", inv->argv[0]);
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL)
    return FALSE;

  say (inv, "Validating refs...");
  say (inv, "Validating refs in collections...");
  say (inv, "Enumerating commits...");
  UlProgress progress = { 0 };
  const UlFsckOptions request = {
    .jobs = (guint) inv->jobs,
    .delete_corrupt = options->delete,
    .add_tombstones = options->add_tombstones,
    .verify_bindings = options->verify_bindings,
    .verify_back_refs = options->verify_back_refs,
    .progress = &progress,
  };
  g_auto (UlFsckResult) result = { 0 };
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Checking", &progress);
  const gboolean ran = ul_fsck_run (repo, &request, &result, error);
  ul_progress_bar_stop (g_steal_pointer (&bar));
  if (!ran)
    return FALSE;

  const gboolean sound = count_faults (&result) == 0 && result.n_partial_by_fsck == 0;
  if (inv->json)
    print_json (&result, sound);
  else
    print_text (inv, options, &result, sound);
  return sound || throw_faults (&result, shows_all (options), error);
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("Check more"),
  { "all", 'a', UL_OPTION_FLAG, offsetof (Options, all), NULL,
    "Show every error, not only the first" },
  { "verify-bindings", 0, UL_OPTION_FLAG, offsetof (Options, verify_bindings), NULL,
    "Verify ref bindings" },
  { "verify-back-refs", 0, UL_OPTION_FLAG, offsetof (Options, verify_back_refs), NULL,
    "Verify back-references (implies --verify-bindings)" },
  UL_OPTIONS_HEADING ("Repair"),
  { "delete", 0, UL_OPTION_FLAG, offsetof (Options, delete), NULL, "Remove corrupted objects" },
  { "add-tombstones", 0, UL_OPTION_FLAG, offsetof (Options, add_tombstones), NULL,
    "Add tombstones for missing commits" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_fsck = {
  .name = "fsck",
  .args = "",
  .summary = "Check the repository for consistency",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_QUIET | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
