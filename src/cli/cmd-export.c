// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "checkout/to-tar.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/tmpfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

typedef struct
{
  char *subpath;
  char *prefix;
  char *output;
  UlToTarWhiteouts whiteouts;
  UlToTarCompression compression;
  gboolean no_xattrs;
  gboolean hardlinks;
  gboolean ignore_hardlinks;
} Options;

/* One of @words as its index. */
static gboolean
parse_word (const char *option, const char *const *words, const char *value, guint *out,
            GError **error)
{
  for (guint i = 0; words[i] != NULL; i++)
    if (strcmp (value, words[i]) == 0)
      {
        *out = i;
        return TRUE;
      }
  g_autofree char *list = g_strjoinv (", ", (char **) words);
  return ul_throw (error, UL_ERROR_INVALID, "%s must be one of %s, not '%s'", option, list, value);
}

static gboolean
parse_whiteouts (const char *value, gpointer data, GError **error)
{
  static const char *const words[] = {
    [UL_TO_TAR_WHITEOUTS_KEEP] = "markers",
    [UL_TO_TAR_WHITEOUTS_DEVICE] = "device",
    [UL_TO_TAR_WHITEOUTS_LAYER] = "oci",
    NULL,
  };
  guint index;
  if (!parse_word ("--whiteouts", words, value, &index, error))
    return FALSE;
  ((Options *) data)->whiteouts = (UlToTarWhiteouts) index;
  return TRUE;
}

static gboolean
parse_compress (const char *value, gpointer data, GError **error)
{
  static const char *const words[] = {
    [UL_TO_TAR_PLAIN] = "none",
    [UL_TO_TAR_GZIP] = "gzip",
    [UL_TO_TAR_XZ] = "xz",
    [UL_TO_TAR_ZSTD] = "zstd",
    NULL,
  };
  guint index;
  if (!parse_word ("--compress", words, value, &index, error))
    return FALSE;
  ((Options *) data)->compression = (UlToTarCompression) index;
  return TRUE;
}

/* An export on its way to wherever it goes. */
typedef struct
{
  UlRepo *repo;
  const UlChecksum *commit;
  UlToTarOptions options;
} Export;

static gboolean
export_to_stdout (Export *self, GError **error)
{
  if (isatty (STDOUT_FILENO))
    return ul_throw (error, UL_ERROR_INVALID,
                     "Refusing to write an archive to a terminal; use -o FILE or a pipe");
  self->options.whole_records = self->options.compression == UL_TO_TAR_PLAIN;
  return ul_checkout_to_tar (self->repo, self->commit, &self->options, STDOUT_FILENO,
                             "standard output", error);
}

/* A device or a pipe: there is nothing to be replaced. */
static gboolean
export_to_special (Export *self, const char *path, GError **error)
{
  ul_autofd int fd = open (path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return ul_throw_errno (error, "open %s", path);
  return ul_checkout_to_tar (self->repo, self->commit, &self->options, fd, path, error);
}

/* The file gets its name when it's complete. */
static gboolean
export_to_file (Export *self, const char *path, GError **error)
{
  g_autofree char *dir = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  ul_autofd int dfd = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dfd < 0)
    return ul_throw_errno (error, "open %s", dir);
  g_auto (UlTmpFile) tmp = UL_TMP_FILE_INIT;
  return (ul_tmp_file_open (&tmp, dfd, TRUE, 0666, error) || ul_prefix (error, "write %s", path))
         && ul_checkout_to_tar (self->repo, self->commit, &self->options, tmp.fd, path, error)
         && (ul_tmp_file_replace (&tmp, name, error) || ul_prefix (error, "write %s", path));
}

static gboolean
export_to_path (Export *self, const char *path, GError **error)
{
  struct stat st;
  const gboolean exists = stat (path, &st) == 0;
  if (!exists && errno != ENOENT)
    return ul_throw_errno (error, "open %s", path);
  if (exists && !S_ISREG (st.st_mode))
    return export_to_special (self, path, error);
  /* A symlink stays one, as it would if the file were opened. */
  g_autofree char *resolved = exists ? realpath (path, NULL) : g_strdup (path);
  if (resolved == NULL)
    return ul_throw_errno (error, "open %s", path);
  return export_to_file (self, resolved, error);
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *o = data;
  if (inv->argc < 1)
    return ul_throw (error, UL_ERROR_INVALID, "A COMMIT argument is required");
  if (inv->argc > 1)
    return ul_throw (error, UL_ERROR_INVALID, "Unexpected argument '%s'", inv->argv[1]);
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  UlChecksum commit;
  if (repo == NULL || !ul_refs_resolve (repo, inv->argv[0], NULL, &commit, error))
    return FALSE;

  UlProgress progress = { 0 };
  Export self = {
    .repo = repo,
    .commit = &commit,
    .options = {
      .subpath = o->subpath,
      .prefix = o->prefix,
      .whiteouts = o->whiteouts,
      .compression = o->compression,
      .no_xattrs = o->no_xattrs,
      .hardlinks = o->hardlinks,
      .ignore_hardlinks = o->ignore_hardlinks,
      .jobs = (guint) inv->jobs,
      .progress = &progress,
    },
  };
  /* A reader that goes away is an error like any other. */
  (void) signal (SIGPIPE, SIG_IGN);
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Exporting", &progress);
  /* An empty name is none, as with ostree. */
  return o->output != NULL && *o->output != '\0' ? export_to_path (&self, o->output, error)
                                                 : export_to_stdout (&self, error);
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("Which files"),
  { "subpath", 0, UL_OPTION_PATH, offsetof (Options, subpath), "PATH",
    "Export the directory or file PATH of the commit" },
  { "prefix", 0, UL_OPTION_PATH, offsetof (Options, prefix), "PREFIX",
    "Put PREFIX before all names, as it is (usr/ with the slash)" },

  UL_OPTIONS_HEADING ("How they are written"),
  { "no-xattrs", 0, UL_OPTION_FLAG, offsetof (Options, no_xattrs), NULL,
    "Leave out extended attributes" },
  { "hardlinks", 0, UL_OPTION_FLAG, offsetof (Options, hardlinks), NULL,
    "Write a file once, and its repetitions as hardlinks" },
  { "ignore-hardlinks", 0, UL_OPTION_FLAG, offsetof (Options, ignore_hardlinks), NULL,
    "Write each file whole, though the commit records that some are hardlinks" },
  { "whiteouts", 0, UL_OPTION_CALLBACK, 0, "FORM",
    "What becomes of .ostree-wh.NAME: markers (as they are), device (0:0), oci (.wh.NAME)",
    "markers device oci", parse_whiteouts },

  UL_OPTIONS_HEADING ("Where to"),
  { "output", 'o', UL_OPTION_PATH, offsetof (Options, output), "PATH",
    "Write to PATH, which appears when it is complete", "@file" },
  { "compress", 0, UL_OPTION_CALLBACK, 0, "METHOD", "Compress the archive: none, gzip, xz, zstd",
    "none gzip xz zstd", parse_compress },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_export = {
  .name = "export",
  .args = "COMMIT",
  .summary = "Write a commit as a tar archive",
  .details = "The archive goes to standard output, or to the file that -o names. The same commit "
             "and options always give the same bytes.",
  .completes = "@rev",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_QUIET,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
