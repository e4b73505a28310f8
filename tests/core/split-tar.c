// SPDX-License-Identifier: LGPL-2.1-or-later
//
// split-tar <ARCHIVE: its tar-split on standard output.
#include "core/tar-split.h"

#include <stdio.h>

static gboolean
print (const char *lines, gsize len, G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED GError **error)
{
  return fwrite (lines, 1, len, stdout) == len;
}

int
main (void)
{
  g_autoptr (UlTarSplitWriter) writer = ul_tar_split_writer_new (print, NULL);
  g_autoptr (GError) error = NULL;
  char buffer[4096];
  gsize n;
  while ((n = fread (buffer, 1, sizeof buffer, stdin)) > 0)
    if (!ul_tar_split_writer_push (writer, buffer, n, &error))
      break;
  if (error == NULL)
    ul_tar_split_writer_finish (writer, &error);
  if (error != NULL)
    fprintf (stderr, "error: %s\n", error->message);
  return error != NULL;
}
