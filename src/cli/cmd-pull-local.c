// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/open.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "transfer/pull-local.h"
#include "util/error.h"

#include <fcntl.h>
#include <stdio.h>

typedef struct
{
  gboolean commit_metadata_only;
  char *remote;
  gboolean no_fsync;
  gboolean per_object_fsync;
  gboolean untrusted;
  gboolean bareuseronly_files;
  gboolean no_verify_bindings;
  gint depth;
} Options;

static gboolean
parse_depth (const char *value, gpointer data, GError **error)
{
  Options *options = data;
  gint64 depth;
  if (!g_ascii_string_to_signed (value, 10, -1, G_MAXINT, &depth, NULL))
    return ul_throw (error, UL_ERROR_INVALID, "Cannot parse integer value '%s' for --depth", value);
  options->depth = (gint) depth;
  return TRUE;
}

static void
print_json (const UlPullLocalResult *result)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  ul_json_add_int (builder, "metadata", (gint64) result->metadata);
  ul_json_add_int (builder, "content", (gint64) result->content);
  ul_json_add_int (builder, "content_bytes", (gint64) result->content_bytes);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static void
print_text (const UlPullLocalResult *result)
{
  g_autofree char *size = g_format_size (result->content_bytes);
  printf ("%" G_GUINT64_FORMAT " metadata, %" G_GUINT64_FORMAT
          " content objects imported; %s content written\n",
          result->metadata, result->content, size);
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (inv->argc < 1)
    return ul_throw (error, UL_ERROR_INVALID, "A source repository must be specified");
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL)
    return FALSE;
  g_autoptr (UlRepo) from = ul_repo_open_at (AT_FDCWD, inv->argv[0], error);
  if (from == NULL)
    return FALSE;

  UlProgress progress = { 0 };
  const UlPullLocalOptions request = {
    .refs = (const char *const *) inv->argv + 1,
    .remote = options->remote,
    .depth = options->depth,
    .commit_metadata_only = options->commit_metadata_only,
    .untrusted = options->untrusted,
    .bareuseronly_files = options->bareuseronly_files,
    .no_verify_bindings = options->no_verify_bindings,
    .jobs = (guint) inv->jobs,
    .transaction = { .no_fsync = options->no_fsync, .per_object_fsync = options->per_object_fsync },
    .progress = &progress,
  };
  UlPullLocalResult result;
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Pulling", &progress);
  const gboolean ok = ul_pull_local (repo, from, &request, &result, error);
  ul_progress_bar_stop (g_steal_pointer (&bar));
  if (!ok)
    return FALSE;
  if (inv->json)
    print_json (&result);
  else if (!inv->quiet)
    print_text (&result);
  return TRUE;
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("What to pull"),
  { "depth", 0, UL_OPTION_CALLBACK, 0, "DEPTH",
    "How many parents of each commit to pull, too; -1: all (default: 0)", NULL, parse_depth },
  { "commit-metadata-only", 0, UL_OPTION_FLAG, offsetof (Options, commit_metadata_only), NULL,
    "Pull only the commit objects; they are partial then" },
  { "remote", 0, UL_OPTION_STRING, offsetof (Options, remote), "REMOTE",
    "Set the refs as those of REMOTE" },
  UL_OPTIONS_HEADING ("Whom to trust"),
  { "untrusted", 0, UL_OPTION_FLAG, offsetof (Options, untrusted), NULL,
    "Verify checksums of all objects, make no hardlinks into the source" },
  { "bareuseronly-files", 0, UL_OPTION_FLAG, offsetof (Options, bareuseronly_files), NULL,
    "Reject regular files with mode outside of 0775 (world writable, suid, etc.)" },
  { "disable-verify-bindings", 0, UL_OPTION_FLAG, offsetof (Options, no_verify_bindings), NULL,
    "Do not verify commit bindings" },
  UL_OPTIONS_HEADING ("How"),
  { "disable-fsync", 0, UL_OPTION_FLAG, offsetof (Options, no_fsync), NULL,
    "Do not make the result durable" },
  { "per-object-fsync", 0, UL_OPTION_FLAG, offsetof (Options, per_object_fsync), NULL,
    "Sync each object, not the whole file system, which makes others wait" },
  UL_OPTION_REFUSE ("require-static-deltas", 0),
  UL_OPTION_REFUSE ("gpg-verify", 0),
  UL_OPTION_REFUSE ("gpg-verify-summary", 0),
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_pull_local = {
  .name = "pull-local",
  .args = "SRC_REPO [REFS...]",
  .summary = "Copy data from SRC_REPO",
  .details = "REFS are refs of the source, REF@CHECKSUM or checksums of commits. Without them all "
             "refs are pulled.",
  .completes = "@dir @rev",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_QUIET | UL_USES_LOCK | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
