// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "checkout/update.h"
#include "cli/checkout-list.h"
#include "cli/equivalences.h"
#include "cli/open.h"
#include "cli/path-lists.h"
#include "cli/progress.h"
#include "repo/refs.h"
#include "util/error.h"

#include <fcntl.h>

typedef struct
{
  gboolean user_mode;
  gboolean disable_cache;
  char *subpath;
  gboolean unite;
  gboolean unite_add;
  gboolean unite_identical;
  gboolean whiteouts;
  gboolean passthrough;
  gboolean allow_noent;
  gboolean from_stdin;
  char *from_file;
  UlCheckoutSync sync;
  gboolean require_hardlinks;
  gboolean force_copy;
  gboolean force_copy_zerosized;
  gboolean ignore_hardlinks;
  gboolean bareuseronly_dirs;
  char *skip_list;
  char *selinux_policy;
  char *selinux_prefix;
  char **selinux_equivalences;
  gboolean update;
  char *from;
  gboolean verify;
} Options;

/* A run of the verb: one commit, or a list of them, to one destination. */
typedef struct
{
  UlInvocation *inv;
  UlRepo *repo;
  const char *destination;
  UlCheckoutOptions options;
} Run;

static gboolean
parse_fsync (const char *value, gpointer target, GError **error)
{
  Options *options = target;
  gboolean fsync;
  if (!ul_parse_boolean (value, &fsync, error))
    return FALSE;
  options->sync = fsync ? UL_CHECKOUT_SYNC_ALWAYS : UL_CHECKOUT_SYNC_NEVER;
  return TRUE;
}

static gboolean
exclude (gboolean a, const char *name_a, gboolean b, const char *name_b, GError **error)
{
  if (a && b)
    return ul_throw (error, UL_ERROR_INVALID, "Cannot specify both %s and %s", name_a, name_b);
  return TRUE;
}

static gboolean
check_options (const Options *o, GError **error)
{
  if (!exclude (o->unite, "--union", o->unite_add, "--union-add", error)
      || !exclude (o->unite, "--union", o->unite_identical, "--union-identical", error)
      || !exclude (o->unite_add, "--union-add", o->unite_identical, "--union-identical", error)
      || !exclude (o->require_hardlinks, "--require-hardlinks", o->force_copy, "--force-copy",
                   error)
      || !exclude (o->require_hardlinks, "--require-hardlinks", o->selinux_policy != NULL,
                   "--selinux-policy", error)
      || !exclude (o->user_mode, "--user-mode", o->selinux_policy != NULL, "--selinux-policy",
                   error))
    return FALSE;
  if (o->selinux_policy == NULL && o->selinux_prefix != NULL)
    return ul_throw (error, UL_ERROR_INVALID,
                     "Cannot specify --selinux-prefix without --selinux-policy");
  if (o->selinux_policy == NULL && o->selinux_equivalences != NULL)
    return ul_throw (error, UL_ERROR_INVALID, "--selinux-equivalence needs --selinux-policy");
  if (o->unite_identical && !o->require_hardlinks)
    return ul_throw (error, UL_ERROR_INVALID, "--union-identical requires --require-hardlinks");
  return TRUE;
}

/* Not with --update, which knows one way to change what is there. */
static gboolean
check_update (const Options *o, GError **error)
{
  const struct
  {
    gboolean given;
    const char *name;
  } others[] = {
    { o->unite, "--union" },
    { o->unite_add, "--union-add" },
    { o->unite_identical, "--union-identical" },
    { o->whiteouts, "--whiteouts" },
    { o->skip_list != NULL, "--skip-list" },
    { o->selinux_policy != NULL, "--selinux-policy" },
    { o->allow_noent, "--allow-noent" },
    { o->from_stdin, "--from-stdin" },
    { o->from_file != NULL, "--from-file" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    if (!exclude (o->update, "--update", others[i].given, others[i].name, error))
      return FALSE;
  if (!o->update && (o->from != NULL || o->verify))
    return ul_throw (error, UL_ERROR_INVALID, "%s requires --update",
                     o->from != NULL ? "--from" : "--verify");
  return TRUE;
}

static UlCheckoutOptions
to_library (const Options *o, const UlInvocation *inv)
{
  UlCheckoutOptions options = {
    .ownership = o->user_mode ? UL_OWNERSHIP_USER : UL_OWNERSHIP_STORED,
    .dir_mode = o->bareuseronly_dirs ? UL_CHECKOUT_DIR_MODE_0775 : UL_CHECKOUT_DIR_MODE_STORED,
    .cache = o->disable_cache ? UL_CHECKOUT_CACHE_DISABLED : UL_CHECKOUT_CACHE_USE,
    .sync = o->sync,
    .subpath = o->subpath,
    .subpath_noent_ok = o->allow_noent,
    .selinux_prefix = o->selinux_prefix,
    .ignore_hardlinks = o->ignore_hardlinks,
    .jobs = (guint) inv->jobs,
  };
  if (o->unite)
    options.unite = UL_CHECKOUT_UNION_FILES;
  else if (o->unite_add)
    options.unite = UL_CHECKOUT_UNION_ADD;
  else if (o->unite_identical)
    options.unite = UL_CHECKOUT_UNION_IDENTICAL;
  if (o->require_hardlinks)
    options.link = UL_CHECKOUT_LINK_REQUIRE;
  else if (o->force_copy || o->selinux_policy != NULL)
    options.link = UL_CHECKOUT_LINK_NEVER;
  if (o->passthrough)
    options.whiteouts |= UL_CHECKOUT_WHITEOUTS_PASSTHROUGH;
  if (o->whiteouts)
    options.whiteouts |= UL_CHECKOUT_WHITEOUTS_LAYER;
  return options;
}

static gboolean
open_policy (const Options *o, UlSelinux **out_policy, GError **error)
{
  g_auto (GStrv) equivalences = NULL;
  g_autoptr (UlSelinux) policy = NULL;
  if (!ul_cli_parse_equivalences (o->selinux_equivalences, &equivalences, error)
      || !ul_selinux_require (o->selinux_policy, &policy, error)
      || !ul_selinux_add_equivalences (policy, (const char *const *) equivalences, error))
    return FALSE;
  *out_policy = g_steal_pointer (&policy);
  return TRUE;
}

static gboolean
checkout (Run *self, const char *rev, GError **error)
{
  UlChecksum commit;
  UlCheckoutStats stats;
  if (!ul_refs_resolve (self->repo, rev, NULL, &commit, error)
      || !ul_checkout_at (self->repo, &commit, &self->options, AT_FDCWD, self->destination, &stats,
                          error))
    return FALSE;
  ul_verbose (self->inv,
              "%s: %" G_GINT64_FORMAT " directories, %" G_GINT64_FORMAT
              " files linked, %" G_GINT64_FORMAT " copied (%" G_GINT64_FORMAT
              " bytes), %" G_GINT64_FORMAT " whiteouts, %" G_GINT64_FORMAT " kept",
              self->destination, stats.directories, stats.linked, stats.copied, stats.bytes,
              stats.whiteouts, stats.kept);
  return TRUE;
}

static gboolean
update (Run *self, const Options *o, const char *rev, GError **error)
{
  UlChecksum commit;
  UlChecksum from;
  UlUpdateStats stats;
  if (!ul_refs_resolve (self->repo, rev, NULL, &commit, error)
      || (o->from != NULL && !ul_refs_resolve (self->repo, o->from, NULL, &from, error)))
    return FALSE;
  const UlUpdateOptions options = {
    .checkout = self->options,
    .from = o->from != NULL ? &from : NULL,
    .verify = o->verify,
  };
  if (!ul_update_at (self->repo, &commit, &options, AT_FDCWD, self->destination, &stats, error))
    return FALSE;
  ul_verbose (self->inv,
              "%s: %" G_GINT64_FORMAT " names differed, %" G_GINT64_FORMAT
              " removed, %" G_GINT64_FORMAT " directories, %" G_GINT64_FORMAT
              " files linked, %" G_GINT64_FORMAT " copied, %" G_GINT64_FORMAT " whiteouts",
              self->destination, stats.changes, stats.removed, stats.placed.directories,
              stats.placed.linked, stats.placed.copied, stats.placed.whiteouts);
  return TRUE;
}

static gboolean
checkout_list (Run *self, const char *path, GError **error)
{
  g_autoptr (GArray) items = ul_checkout_list_read (path, error);
  if (items == NULL)
    return FALSE;
  for (guint i = 0; i < items->len; i++)
    {
      const UlCheckoutItem *item = &g_array_index (items, UlCheckoutItem, i);
      self->options.subpath = item->subpath;
      if (!checkout (self, item->rev, error))
        return ul_prefix (error, "Processing tree %s", item->rev);
    }
  return TRUE;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *o = data;
  const gboolean is_list = o->from_stdin || o->from_file != NULL;
  const int args_max = is_list ? 1 : 2;
  if (!check_update (o, error))
    return FALSE;
  if (inv->argc < 1)
    return ul_throw (error, UL_ERROR_INVALID,
                     is_list ? "DESTINATION must be specified" : "COMMIT must be specified");
  if (inv->argc > args_max)
    return ul_throw (error, UL_ERROR_INVALID, "Unexpected argument '%s'", inv->argv[args_max]);
  if (!check_options (o, error))
    return FALSE;

  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL)
    return FALSE;
  g_autoptr (GHashTable) skip = NULL;
  if (o->skip_list != NULL && (skip = ul_path_list_read_skip (o->skip_list, error)) == NULL)
    return FALSE;
  g_autoptr (UlSelinux) policy = NULL;
  if (o->selinux_policy != NULL && !open_policy (o, &policy, error))
    return FALSE;

  UlProgress progress = { 0 };
  Run self = {
    .inv = inv,
    .repo = repo,
    .destination = inv->argv[inv->argc - 1],
    .options = to_library (o, inv),
  };
  self.options.skip = skip;
  self.options.selinux = policy;
  self.options.progress = &progress;
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Checking out", &progress);
  if (is_list)
    return checkout_list (&self, o->from_stdin ? NULL : o->from_file, error);
  return o->update ? update (&self, o, inv->argv[0], error) : checkout (&self, inv->argv[0], error);
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("How files are made"),
  { "require-hardlinks", 'H', UL_OPTION_FLAG, offsetof (Options, require_hardlinks), NULL,
    "Do not fall back to full copies if hardlinking fails" },
  { "force-copy", 'C', UL_OPTION_FLAG, offsetof (Options, force_copy), NULL,
    "Never hardlink (but reflink if the file system can)" },
  { "ignore-hardlinks", 0, UL_OPTION_FLAG, offsetof (Options, ignore_hardlinks), NULL,
    "Let equal files be one even if the commit records which were hardlinks" },
  { "user-mode", 'U', UL_OPTION_FLAG, offsetof (Options, user_mode), NULL,
    "Do not change file ownership or set extended attributes" },
  { "bareuseronly-dirs", 'M', UL_OPTION_FLAG, offsetof (Options, bareuseronly_dirs), NULL,
    "Suppress mode bits outside of 0775 for directories (set-id, world writable, etc.)" },
  { "disable-cache", 0, UL_OPTION_FLAG, offsetof (Options, disable_cache), NULL,
    "Do not use or update an archive's cache of uncompressed objects" },
  { "force-copy-zerosized", 'z', UL_OPTION_FLAG, offsetof (Options, force_copy_zerosized), NULL,
    "Nothing: empty files are always made new" },
  { "fsync", 0, UL_OPTION_CALLBACK, 0, "POLICY",
    "Make the checkout durable before returning: yes or no (default: only if content was copied)",
    "true false", parse_fsync },

  UL_OPTIONS_HEADING ("Which files"),
  { "subpath", 0, UL_OPTION_PATH, offsetof (Options, subpath), "PATH",
    "Check out the directory or file PATH of the commit" },
  { "allow-noent", 0, UL_OPTION_FLAG, offsetof (Options, allow_noent), NULL,
    "Do nothing if the subpath does not exist" },
  { "skip-list", 0, UL_OPTION_PATH, offsetof (Options, skip_list), "FILE",
    "Leave out the paths in FILE, one a line: /a/file, /a/directory/", "@file" },
  { "from-stdin", 0, UL_OPTION_FLAG, offsetof (Options, from_stdin), NULL,
    "Check out many: COMMIT and SUBPATH from standard input, each ended by NUL" },
  { "from-file", 0, UL_OPTION_PATH, offsetof (Options, from_file), "FILE", "The same from FILE",
    "@file" },

  UL_OPTIONS_HEADING ("Existing names"),
  { "union", 0, UL_OPTION_FLAG, offsetof (Options, unite), NULL,
    "Keep existing directories, overwrite existing files" },
  { "union-add", 0, UL_OPTION_FLAG, offsetof (Options, unite_add), NULL,
    "Keep existing files and directories, only add new" },
  { "union-identical", 0, UL_OPTION_FLAG, offsetof (Options, unite_identical), NULL,
    "Keep identical files, fail if one would be replaced with a different version" },

  UL_OPTIONS_HEADING ("An earlier checkout"),
  { "update", 0, UL_OPTION_FLAG, offsetof (Options, update), NULL,
    "Make a checkout of another commit one of COMMIT, by what differs; refuse if it was modified" },
  { "from", 0, UL_OPTION_STRING, offsetof (Options, from), "REV",
    "What DESTINATION is a checkout of, where the repository has no record", "@rev" },
  { "verify", 0, UL_OPTION_FLAG, offsetof (Options, verify), NULL,
    "Verify all of DESTINATION first, not only what changes" },

  UL_OPTIONS_HEADING ("Whiteouts"),
  { "process-passthrough-whiteouts", 0, UL_OPTION_FLAG, offsetof (Options, passthrough), NULL,
    "Turn .ostree-wh.NAME into overlayfs whiteouts, devices 0:0" },
  { "whiteouts", 0, UL_OPTION_FLAG, offsetof (Options, whiteouts), NULL,
    "Remove NAME for each .wh.NAME (Docker style)" },

  UL_OPTIONS_HEADING ("SELinux labels"),
  { "selinux-policy", 0, UL_OPTION_PATH, offsetof (Options, selinux_policy), "DIR",
    "Label everything as the policy in root filesystem DIR (may be /) says; implies --force-copy",
    "@dir" },
  { "selinux-prefix", 0, UL_OPTION_STRING, offsetof (Options, selinux_prefix), "PREFIX",
    "Label as if PREFIX were the path of what is checked out" },
  { "selinux-equivalence", 0, UL_OPTION_STRING_LIST, offsetof (Options, selinux_equivalences),
    "FROM=TO", "Label path FROM and all below it as if it were at TO; may be given again" },

  UL_OPTIONS_END,
};

const UlCommand ul_cmd_checkout = {
  .name = "checkout",
  .args = "COMMIT [DESTINATION]",
  .summary = "Check out a commit into a filesystem tree",
  .details
  = "Without DESTINATION, the target is named as COMMIT is given. It must be new, unless a "
    "union option says how to merge into it. With --from-stdin or --from-file the only "
    "argument is DESTINATION.",
  .completes = "@rev @dir",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_QUIET,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
