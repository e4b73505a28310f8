// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "checkout/verify.h"
#include "cli/escape.h"
#include "cli/open.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "repo/refs.h"
#include "util/error.h"

#include <fcntl.h>
#include <stdio.h>

/* fsck's. */
#define STATUS_DIFFERS   1
#define STATUS_UNCHECKED 2

typedef struct
{
  gboolean full;
  gboolean user_mode;
  gboolean bareuseronly_dirs;
  gboolean passthrough;
  char *subpath;
} Options;

typedef struct
{
  guint differences;
  guint unchecked;
} Counts;

static const struct
{
  char letter; /* as ostree diff has them */
  const char *name;
} kinds[] = {
  [UL_VERIFY_MODIFIED] = { 'M', "modified" },
  [UL_VERIFY_ADDED] = { 'A', "added" },
  [UL_VERIFY_REMOVED] = { 'D', "removed" },
  [UL_VERIFY_UNCHECKED] = { '?', "unchecked" },
};

static Counts
count (const UlVerifyResult *result)
{
  Counts n = { 0 };
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlVerifyFinding *finding = result->findings->pdata[i];
      if (finding->kind == UL_VERIFY_UNCHECKED)
        n.unchecked++;
      else
        n.differences++;
    }
  return n;
}

static void
print_text (const UlVerifyResult *result)
{
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlVerifyFinding *finding = result->findings->pdata[i];
      g_autofree char *path = ul_escape (finding->path);
      g_autofree char *differs = ul_checkout_aspects_to_string (finding->differs);
      const char *detail = finding->message != NULL ? finding->message : differs;
      printf ("%c    %s%s%s\n", kinds[finding->kind].letter, path, *detail != '\0' ? ": " : "",
              detail);
    }
}

static void
add_differs (JsonBuilder *builder, UlCheckoutAspects aspects)
{
  g_autofree char *text = ul_checkout_aspects_to_string (aspects);
  g_auto (GStrv) names = g_strsplit (text, ", ", -1);
  json_builder_set_member_name (builder, "differs");
  json_builder_begin_array (builder);
  for (char **name = names; *name != NULL; name++)
    json_builder_add_string_value (builder, *name);
  json_builder_end_array (builder);
}

static void
print_json (const UlChecksum *commit, const UlVerifyResult *result, Counts n)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  if (n.differences == 0 && n.unchecked > 0)
    ul_json_add_string (builder, "same", NULL);
  else
    ul_json_add_bool (builder, "same", n.differences == 0);
  ul_json_add_checksum (builder, "commit", commit);
  ul_json_add_int (builder, "files", (gint64) result->files);
  ul_json_add_int (builder, "directories", (gint64) result->directories);
  json_builder_set_member_name (builder, "findings");
  json_builder_begin_array (builder);
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlVerifyFinding *finding = result->findings->pdata[i];
      json_builder_begin_object (builder);
      ul_json_add_string (builder, "kind", kinds[finding->kind].name);
      ul_json_add_path (builder, "path", finding->path);
      add_differs (builder, finding->differs);
      ul_json_add_string (builder, "message", finding->message);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static gboolean
judge (UlInvocation *inv, const UlChecksum *commit, Counts n, GError **error)
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (commit, hex);
  inv->failure = n.differences > 0 ? STATUS_DIFFERS : STATUS_UNCHECKED;
  g_autofree char *rest
      = n.unchecked > 0 ? g_strdup_printf (", %u not checked", n.unchecked) : g_strdup ("");
  if (n.differences > 0)
    return ul_throw (error, UL_ERROR_FAILED, "%s is not commit %s: %u differences%s", inv->argv[0],
                     hex, n.differences, rest);
  if (n.unchecked > 0)
    return ul_throw (error, UL_ERROR_FAILED, "%s may be commit %s: %u not checked", inv->argv[0],
                     hex, n.unchecked);
  return TRUE;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *o = data;
  if (inv->argc < 2)
    return ul_throw (error, UL_ERROR_INVALID, "DIR and COMMIT must be specified");
  if (inv->argc > 2)
    return ul_throw (error, UL_ERROR_INVALID, "Unexpected argument '%s'", inv->argv[2]);
  inv->failure = STATUS_UNCHECKED;
  UlChecksum commit;
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL || !ul_refs_resolve (repo, inv->argv[1], NULL, &commit, error))
    return FALSE;

  UlProgress progress = { 0 };
  const UlVerifyOptions options = {
    .ownership = o->user_mode ? UL_OWNERSHIP_USER : UL_OWNERSHIP_STORED,
    .dir_mode = o->bareuseronly_dirs ? UL_CHECKOUT_DIR_MODE_0775 : UL_CHECKOUT_DIR_MODE_STORED,
    .whiteouts = o->passthrough ? UL_VERIFY_WHITEOUTS_DEVICES : UL_VERIFY_WHITEOUTS_DETECT,
    .full = o->full,
    .subpath = o->subpath,
    .jobs = (guint) inv->jobs,
    .progress = &progress,
  };
  g_auto (UlVerifyResult) result = { 0 };
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Verifying", &progress);
  const gboolean ran
      = ul_verify_at (repo, &commit, &options, AT_FDCWD, inv->argv[0], &result, error);
  ul_progress_bar_stop (g_steal_pointer (&bar));
  if (!ran)
    return ul_prefix (error, "verify %s", inv->argv[0]);

  const Counts n = count (&result);
  if (inv->json)
    print_json (&commit, &result, n);
  else if (!inv->quiet)
    print_text (&result);
  ul_verbose (inv, "%s: %" G_GUINT64_FORMAT " files in %" G_GUINT64_FORMAT " directories",
              inv->argv[0], result.files, result.directories);
  return judge (inv, &commit, n, error);
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("How much is read"),
  { "full", 0, UL_OPTION_FLAG, offsetof (Options, full), NULL,
    "Read hardlinks of objects, too: finds bit rot and what was written through them" },
  UL_OPTIONS_HEADING ("How the checkout was made"),
  { "user-mode", 'U', UL_OPTION_FLAG, offsetof (Options, user_mode), NULL,
    "With --user-mode: owners don't count, extended attributes are none" },
  { "bareuseronly-dirs", 'M', UL_OPTION_FLAG, offsetof (Options, bareuseronly_dirs), NULL,
    "With --bareuseronly-dirs" },
  { "process-passthrough-whiteouts", 0, UL_OPTION_FLAG, offsetof (Options, passthrough), NULL,
    "Whiteouts are devices 0:0 (default: whatever the first one is)" },
  { "subpath", 0, UL_OPTION_PATH, offsetof (Options, subpath), "PATH",
    "Of the directory or file PATH of the commit" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_verify = {
  .name = "verify",
  .args = "DIR COMMIT",
  .summary = "Check that a directory is still exactly what was checked out",
  .details = "Prints a line for each difference: M modified, and in what; A added; D removed; "
             "? could not be checked. Exit status: 0 the same, 1 different, 2 not all could be "
             "checked.",
  .completes = "@dir @rev",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_QUIET | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
