// SPDX-License-Identifier: LGPL-2.1-or-later
//
// write-layout DIR TAG BLOB... MANIFEST: adds these files to the layout, the last one as image TAG
// ("" for none).
#include "image/layout-writer.h"

#include <fcntl.h>
#include <stdio.h>

static gboolean
add_file (UlLayoutWriter *writer, const char *path, UlChecksum *out_digest, guint64 *out_size,
          GError **error)
{
  g_autofree char *data = NULL;
  gsize len;
  return g_file_get_contents (path, &data, &len, error)
         && ul_layout_writer_begin_blob (writer, error)
         && ul_layout_writer_write (writer, data, len, error)
         && ul_layout_writer_finish_blob (writer, out_digest, out_size, error);
}

static gboolean
add_files (const char *dir, const char *tag, char **paths, GError **error)
{
  UlChecksum digest = { 0 };
  guint64 size = 0;
  g_autoptr (UlLayoutWriter) writer = ul_layout_writer_open (AT_FDCWD, dir, error);
  if (writer == NULL)
    return FALSE;
  for (; *paths != NULL; paths++)
    if (!add_file (writer, *paths, &digest, &size, error))
      return FALSE;
  return ul_layout_writer_publish (writer, *tag != '\0' ? tag : NULL,
                                   "application/vnd.oci.image.manifest.v1+json", &digest, size,
                                   error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_assert (argc > 3);
  if (add_files (argv[1], argv[2], argv + 3, &error))
    return 0;
  fprintf (stderr, "error: %s\n", error->message);
  return 1;
}
