// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/hash-file.h"

#include "util/fd.h"

static void
start (const UlFileMeta *meta, UlHasher *hasher)
{
  g_autoptr (GBytes) header = ul_file_meta_to_content_header (meta);
  ul_hasher_start (hasher);
  ul_hasher_update (hasher, g_bytes_get_data (header, NULL), g_bytes_get_size (header));
}

gboolean
ul_hash_file (UlSourceFile *file, UlHasher *hasher, UlChecksum *out, GError **error)
{
  start (&file->meta, hasher);
  guint8 *buffer = ul_hasher_buffer (hasher);
  while (file->fd >= 0)
    {
      gsize n;
      if (!ul_fd_read (file->fd, buffer, UL_HASHER_BUFFER, NULL, &n, error))
        return FALSE;
      if (n == 0)
        break;
      ul_hasher_update (hasher, buffer, n);
    }
  ul_hasher_finish (hasher, out);
  return TRUE;
}

void
ul_hash_file_meta (const UlFileMeta *meta, UlHasher *hasher, UlChecksum *out)
{
  start (meta, hasher);
  ul_hasher_finish (hasher, out);
}
