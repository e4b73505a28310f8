// SPDX-License-Identifier: LGPL-2.1-or-later
//
// join-tar <TAR-SPLIT: the archive on standard output, with contents from below the current
// directory.
#include "core/tar-split-reader.h"

#include <stdio.h>
#include <string.h>

#include "core/crc64.h"
#include "util/error.h"

static gboolean
print (const guint8 *bytes, gsize len, G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED GError **error)
{
  return fwrite (bytes, 1, len, stdout) == len;
}

static gboolean
print_file (const char *name, guint64 size, guint64 crc, gpointer data, GError **error)
{
  g_autofree char *content = NULL;
  gsize len;
  if (!g_file_get_contents (name, &content, &len, error))
    return FALSE;
  if (len != size || ul_crc64_update (0, content, len) != crc)
    return ul_throw (error, UL_ERROR_CORRUPT, "%s: another size or CRC", name);
  return print ((const guint8 *) content, len, data, error);
}

int
main (void)
{
  const UlTarSplitReaderSink sink = { .bytes = print, .file = print_file };
  g_autoptr (UlTarSplitReader) reader = ul_tar_split_reader_new (&sink, NULL);
  g_autoptr (GError) error = NULL;
  char buffer[4096];
  gsize n;
  while ((n = fread (buffer, 1, sizeof buffer, stdin)) > 0)
    if (!ul_tar_split_reader_push (reader, buffer, n, &error))
      break;
  if (error == NULL)
    ul_tar_split_reader_finish (reader, &error);
  if (error != NULL)
    fprintf (stderr, "error: %s\n", error->message);
  return error != NULL;
}
