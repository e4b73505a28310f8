// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "build/commit.h"
#include "util/error.h"

#include <stdio.h>

typedef struct
{
  gboolean ignore_xattrs;
} Options;

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (inv->argc < 1)
    return ul_throw (error, UL_ERROR_INVALID, "A filename must be given");
  if (inv->argc > 1)
    return ul_throw (error, UL_ERROR_INVALID, "Too many arguments given");

  UlChecksum checksum;
  if (!ul_commit_checksum_path (inv->argv[0], options->ignore_xattrs, &checksum, error))
    return FALSE;
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (&checksum, hex);
  puts (hex);
  return TRUE;
}

static const UlOption table[] = {
  { "ignore-xattrs", 0, UL_OPTION_FLAG, offsetof (Options, ignore_xattrs), NULL,
    "Don't include xattrs in checksum" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_checksum = {
  .name = "checksum",
  .args = "PATH",
  .summary = "Checksum a file or directory",
  .details
  = "The checksum that the object of the file has in every repository. Of a directory it is that "
    "of its own metadata, the dirmeta, without what is in it.",
  .completes = "@file",
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
