// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/fsck-report.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "repo/fsck.h"
#include "repo/quarantine.h"
#include "util/error.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

typedef struct
{
  gboolean all;
  gboolean delete;
  gboolean add_tombstones;
  gboolean verify_bindings;
  gboolean verify_back_refs;
  char *repair; /* NULL: not asked for; "": from the parent */
  gboolean clear_quarantine;
} Options;

/* As with ostree, 1 is for what is wrong. */
#define STATUS_CORRUPT   1
#define STATUS_UNCHECKED 2

/* What is deleted must have been said; and a change that failed takes the place of the error. */
static gboolean
shows_all (const Options *options, const UlFsckResult *result)
{
  return options->all || options->delete || options->repair != NULL
         || (options->add_tombstones && result->mend_error != NULL);
}

/* Changes that were asked for and failed are an error. Marks nobody asked for: whoever may only
 * read can check a repository, too. */
static gboolean
finish (const Options *options, UlFsckResult *result, UlFsckVerdict verdict, GError **error)
{
  const GError *mend = result->mend_error;
  if (mend != NULL && (options->delete || options->add_tombstones || options->repair != NULL))
    {
      g_propagate_error (error, g_steal_pointer (&result->mend_error));
      return FALSE;
    }
  if (mend != NULL)
    fprintf (stderr, "Not marking commits as partial: %s\n", mend->message);
  return verdict == UL_FSCK_SOUND
         || ul_fsck_report_throw (result, shows_all (options, result), error);
}

static void
say (const UlInvocation *inv, const char *text)
{
  if (!inv->quiet && !inv->json)
    puts (text);
}

/* Why there could be no check: a ref that holds no checksum, or leads out of the repository? */
static gboolean
is_damage (const GError *cause)
{
  return g_error_matches (cause, UL_ERROR, UL_ERROR_CORRUPT)
         || g_error_matches (cause, UL_ERROR, UL_ERROR_INVALID);
}

/* Where a repair fetches from; both stay empty for the parent. */
typedef struct
{
  UlRepo *repo;
  const char *dir;
} Source;

static gboolean
find_source (UlRepo *repo, const char *value, Source *out, GError **error)
{
  struct stat st;
  g_autofree char *remote = g_strdup_printf ("remote \"%s\"", value);
  if (*value == '\0')
    return ul_repo_parent (repo) != NULL
           || ul_throw (error, UL_ERROR_INVALID,
                        "--repair needs =REPO or =DIR: there is no parent repository");
  if (ul_repo_is_repo_at (AT_FDCWD, value))
    {
      out->repo = ul_repo_open_at (AT_FDCWD, value, error);
      return out->repo != NULL;
    }
  if (stat (value, &st) == 0 && S_ISDIR (st.st_mode))
    {
      out->dir = value;
      return TRUE;
    }
  if (g_key_file_has_group (ul_repo_config (repo), remote))
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "--repair=%s: fetching from a remote is not supported; remotes come later",
                     value);
  return ul_throw (error, UL_ERROR_INVALID, "--repair=%s: no such repository or directory", value);
}

static gboolean
clear_quarantine (const UlInvocation *inv, UlRepo *repo, GError **error)
{
  guint64 n;
  if (!ul_quarantine_clear (repo, &n, error))
    return FALSE;
  g_autofree char *text
      = g_strdup_printf ("Removed %" G_GUINT64_FORMAT " objects from quarantine", n);
  say (inv, text);
  return TRUE;
}

/* With the bar on a terminal. *out_damage: why there could be no check says that something is
 * wrong. */
static gboolean
check (UlInvocation *inv, UlRepo *repo, const UlFsckOptions *request, UlFsckResult *out_result,
       gboolean *out_damage, GError **error)
{
  UlProgress progress = { 0 };
  g_autoptr (GError) cause = NULL;
  UlFsckOptions options = *request;
  options.progress = &progress;
  say (inv, "Validating refs...");
  say (inv, "Validating refs in collections...");
  say (inv, "Enumerating commits...");
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Checking", &progress);
  const gboolean ran = ul_fsck_run (repo, &options, out_result, &cause);
  ul_progress_bar_stop (g_steal_pointer (&bar));
  *out_damage = !ran && is_damage (cause);
  if (!ran)
    g_propagate_error (error, g_steal_pointer (&cause));
  return ran;
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

  Source source = { 0 };
  g_autoptr (GError) cause = NULL;
  if (options->repair != NULL && !find_source (repo, options->repair, &source, &cause))
    {
      /* The argument is wrong, unless the system has refused. */
      inv->failure = cause->domain == G_IO_ERROR ? STATUS_UNCHECKED : STATUS_CORRUPT;
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  g_autoptr (UlRepo) repair_repo = source.repo;
  if (options->clear_quarantine && !clear_quarantine (inv, repo, error))
    return FALSE;

  const UlFsckOptions request = {
    .jobs = (guint) inv->jobs,
    .delete_corrupt = options->delete,
    .add_tombstones = options->add_tombstones,
    .verify_bindings = options->verify_bindings,
    .verify_back_refs = options->verify_back_refs,
    .repair = options->repair != NULL,
    .repair_repo = repair_repo,
    .repair_dir = source.dir,
  };
  g_auto (UlFsckResult) result = { 0 };
  gboolean damage;
  if (!check (inv, repo, &request, &result, &damage, error))
    {
      inv->failure = damage ? STATUS_CORRUPT : STATUS_UNCHECKED;
      return FALSE;
    }

  const UlFsckReport report
      = { .all = shows_all (options, &result), .tombstones = options->add_tombstones };
  const UlFsckVerdict verdict = ul_fsck_report_judge (&result);
  inv->failure = verdict == UL_FSCK_CORRUPT ? STATUS_CORRUPT : STATUS_UNCHECKED;
  if (inv->json)
    ul_fsck_report_json (&result, verdict);
  else
    ul_fsck_report_text (inv, &report, &result, verdict);
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
  { "repair", 0, UL_OPTION_OPTIONAL, offsetof (Options, repair), "REPO|DIR",
    "Fetch what is corrupt or missing from another repository, a checkout, or the parent", "@dir" },
  { "clear-quarantine", 0, UL_OPTION_FLAG, offsetof (Options, clear_quarantine), NULL,
    "Remove what repairs have set aside" },
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
