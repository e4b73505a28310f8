// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/tar-split-file.h"

#include "util/error.h"
#include "util/unpack.h"

gboolean
ul_tar_split_file_read (int fd, const UlTarSplitReaderSink *sink, gpointer data, GError **error)
{
  g_autoptr (UlTarSplitReader) lines = ul_tar_split_reader_new (sink, data);
  g_autoptr (UlFdStream) packed = ul_fd_stream_new (fd);
  const UlStream stream = ul_fd_stream (packed);
  g_autoptr (UlUnpack) unpack = ul_unpack_new (&stream, error);
  const guint8 *bytes = NULL;
  gsize n = 0;
  if (unpack == NULL)
    return FALSE;
  do
    {
      if (!ul_unpack_read (unpack, &bytes, &n, error))
        return ul_prefix (error, "tar-split");
      if (n > 0 && !ul_tar_split_reader_push (lines, (const char *) bytes, n, error))
        return FALSE;
    }
  while (n > 0);
  return ul_tar_split_reader_finish (lines, error);
}
