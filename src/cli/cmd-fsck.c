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

/* What is deleted must have been said; and a change that failed takes the place of the error. */
static gboolean
shows_all (const Options *options, const UlFsckResult *result)
{
  return options->all || options->delete || (options->add_tombstones && result->mend_error != NULL);
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
    case UL_FSCK_UNREADABLE_OBJECT:
      return "unreadable-object";
    }
  g_assert_not_reached ();
}

/* Known to be wrong; what could not be read is neither right nor wrong. */
static gboolean
is_fault (const UlFsckFinding *finding)
{
  return finding->kind != UL_FSCK_MISSING_PARENT && finding->kind != UL_FSCK_UNREADABLE_OBJECT;
}

typedef struct
{
  guint faults;
  guint unreadable;
} Counts;

typedef enum
{
  SOUND,
  CORRUPT,
  UNKNOWN, /* nothing is known to be wrong, but not all could be checked */
} Verdict;

/* As with ostree, 1 is for what is wrong. */
#define STATUS_CORRUPT   1
#define STATUS_UNCHECKED 2

static Counts
count (const UlFsckResult *result)
{
  Counts n = { 0 };
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      n.faults += is_fault (finding) ? 1 : 0;
      n.unreadable += finding->kind == UL_FSCK_UNREADABLE_OBJECT ? 1 : 0;
    }
  return n;
}

static Verdict
judge (const UlFsckResult *result)
{
  const Counts n = count (result);
  if (n.faults > 0 || result->partial_by_fsck->len > 0)
    return CORRUPT;
  return n.unreadable > 0 ? UNKNOWN : SOUND;
}

static void
add_commits (JsonBuilder *builder, const char *name, const GArray *commits)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < commits->len; i++)
    {
      char hex[UL_CHECKSUM_HEX_LEN + 1];
      ul_checksum_to_hex (&g_array_index (commits, UlChecksum, i), hex);
      json_builder_add_string_value (builder, hex);
    }
  json_builder_end_array (builder);
}

static void
add_sound (JsonBuilder *builder, Verdict verdict)
{
  if (verdict == UNKNOWN)
    ul_json_add_string (builder, "sound", NULL);
  else
    ul_json_add_bool (builder, "sound", verdict == SOUND);
}

static void
add_names (JsonBuilder *builder, const char *name, const GPtrArray *names)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < names->len; i++)
    json_builder_add_string_value (builder, names->pdata[i]);
  json_builder_end_array (builder);
}

static void
print_json (const UlFsckResult *result, Verdict verdict)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  add_sound (builder, verdict);
  ul_json_add_int (builder, "commits", (gint64) result->n_commits);
  ul_json_add_int (builder, "objects", (gint64) result->n_objects);
  ul_json_add_int (builder, "bytes", (gint64) result->n_bytes);
  ul_json_add_int (builder, "tombstones_added", (gint64) result->n_tombstones);
  add_names (builder, "partial_commits", result->partial);
  add_names (builder, "partial_by_fsck", result->partial_by_fsck);

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
      add_commits (builder, "commits", finding->commits);
      add_commits (builder, "marked_partial", finding->marked);
      ul_json_add_bool (builder, "deleted", finding->deleted);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

/* The message with the commits concerned, in ostree's words. */
static char *
describe (const UlFsckFinding *finding)
{
  const gboolean missing = finding->kind == UL_FSCK_MISSING_OBJECT;
  if (finding->commits->len == 0
      || !(missing || finding->kind == UL_FSCK_CORRUPT_OBJECT
           || finding->kind == UL_FSCK_UNREADABLE_OBJECT))
    return g_strdup (finding->message);
  g_autoptr (GString) list = g_string_new (NULL);
  for (guint i = 0; i < finding->commits->len; i++)
    {
      char hex[UL_CHECKSUM_HEX_LEN + 1];
      ul_checksum_to_hex (&g_array_index (finding->commits, UlChecksum, i), hex);
      g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", hex);
    }
  if (!missing)
    return g_strdup_printf ("In commits %s: %s", list->str, finding->message);
  g_autofree char *name = ul_object_to_string (&finding->checksum, finding->type);
  return g_strdup_printf ("Object missing in commits %s: %s", list->str, name);
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

/* As with ostree, what is missing is said in any case. */
static gboolean
prints (const UlFsckFinding *finding, gboolean all)
{
  return finding->kind != UL_FSCK_MISSING_PARENT
         && (all || finding->kind == UL_FSCK_MISSING_OBJECT);
}

/* @before: the finding before it or NULL. Several refs may point to the same missing commit. */
static void
print_finding (const UlFsckFinding *finding, const UlFsckFinding *before, gboolean all)
{
  if (finding->kind == UL_FSCK_MISSING_COMMIT
      && (before == NULL || before->kind != finding->kind
          || !ul_checksum_equal (&before->checksum, &finding->checksum)))
    {
      g_autofree char *name = ul_object_to_string (&finding->checksum, finding->type);
      fprintf (stderr, "Object missing: %s\n", name);
    }
  if (prints (finding, all))
    {
      g_autofree char *line = describe (finding);
      fprintf (stderr, "%s\n", line);
    }
  for (guint i = 0; i < finding->marked->len; i++)
    {
      char commit[UL_CHECKSUM_HEX_LEN + 1];
      ul_checksum_to_hex (&g_array_index (finding->marked, UlChecksum, i), commit);
      fprintf (stderr, "Marking commit as partial: %s\n", commit);
    }
}

static void
print_text (const UlInvocation *inv, const Options *options, const UlFsckResult *result,
            Verdict verdict)
{
  if (!inv->quiet)
    printf ("Verifying content integrity of %" G_GUINT64_FORMAT " commit objects...\n",
            result->n_commits);
  fflush (stdout);
  gpointer *findings = result->findings->pdata;
  for (guint i = 0; i < result->findings->len; i++)
    print_finding (findings[i], i > 0 ? findings[i - 1] : NULL, shows_all (options, result));
  if (options->add_tombstones && !inv->quiet)
    print_tombstones (result);
  if (result->n_partial > 0)
    printf ("%" G_GUINT64_FORMAT " partial commits not verified\n", result->n_partial);
  for (guint i = 0; !inv->quiet && i < result->partial_by_fsck->len; i++)
    printf ("Objects are missing in commit %s\n", (char *) result->partial_by_fsck->pdata[i]);
  if (verdict == SOUND && result->mend_error == NULL)
    printf ("object fsck of %" G_GUINT64_FORMAT
            " commits completed successfully - no errors found.\n",
            result->n_commits);
}

/* The whole check always runs. Without --all the error is the first of what was not printed. */
static gboolean
throw_first (const UlFsckResult *result, const char *otherwise, GError **error)
{
  const UlFsckFinding *first = NULL;
  guint n = 0;
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      if (!prints (finding, TRUE) || prints (finding, FALSE))
        continue;
      first = first != NULL ? first : finding;
      n++;
    }
  if (first == NULL)
    return ul_throw (error, UL_ERROR_CORRUPT, "%s", otherwise);
  g_autofree char *line = describe (first);
  if (n == 1)
    return ul_throw (error, UL_ERROR_CORRUPT, "%s", line);
  return ul_throw (error, UL_ERROR_CORRUPT, "%s (and %u more, --all shows them)", line, n - 1);
}

static gboolean
throw_findings (const UlFsckResult *result, gboolean all, GError **error)
{
  const Counts n = count (result);
  if (n.faults == 0 && n.unreadable == 0)
    return ul_throw (error, UL_ERROR_CORRUPT, "%u partial commits from fsck-detected corruption",
                     result->partial_by_fsck->len);
  g_autofree char *sum
      = n.faults > 0 ? g_strdup ("Repository corruption encountered")
                     : g_strdup_printf ("Objects that could not be verified: %u", n.unreadable);
  return all ? ul_throw (error, UL_ERROR_CORRUPT, "%s", sum) : throw_first (result, sum, error);
}

/* Changes that were asked for and failed are an error. Marks nobody asked for: whoever may only
 * read can check a repository, too. */
static gboolean
finish (const Options *options, UlFsckResult *result, Verdict verdict, GError **error)
{
  const GError *mend = result->mend_error;
  if (mend != NULL && (options->delete || options->add_tombstones))
    {
      g_propagate_error (error, g_steal_pointer (&result->mend_error));
      return FALSE;
    }
  if (mend != NULL)
    fprintf (stderr, "Not marking commits as partial: %s\n", mend->message);
  return verdict == SOUND || throw_findings (result, shows_all (options, result), error);
}

/* Why there could be no check: a ref that holds no checksum, or leads out of the repository? */
static gboolean
is_damage (const GError *cause)
{
  return g_error_matches (cause, UL_ERROR, UL_ERROR_CORRUPT)
         || g_error_matches (cause, UL_ERROR, UL_ERROR_INVALID);
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (inv->argc > 0)
    return ul_throw (error, UL_ERROR_INVALID, "Unexpected argument '%s'", inv->argv[0]);
  inv->failure = STATUS_UNCHECKED;
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
  g_autoptr (GError) cause = NULL;
  const gboolean ran = ul_fsck_run (repo, &request, &result, &cause);
  ul_progress_bar_stop (g_steal_pointer (&bar));
  if (!ran)
    {
      if (is_damage (cause))
        inv->failure = STATUS_CORRUPT;
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }

  const Verdict verdict = judge (&result);
  inv->failure = verdict == CORRUPT ? STATUS_CORRUPT : STATUS_UNCHECKED;
  if (inv->json)
    print_json (&result, verdict);
  else
    print_text (inv, options, &result, verdict);
  return finish (options, &result, verdict, error);
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
  .uses = UL_USES_REPO | UL_USES_LOCK | UL_USES_JOBS | UL_USES_QUIET | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
