// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/blob-digest.h"

#include "util/fd.h"
#include "util/interrupt.h"

#define BUFFER (256 * 1024)

gboolean
ul_blob_hash (int fd, guint64 from, UlHasher **hashers, gsize n_hashers, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (BUFFER);
  gsize n;
  do
    {
      if (!ul_interrupt_check (error)
          || !ul_fd_read_at (fd, buffer, BUFFER, from, "blob", &n, error))
        return FALSE;
      for (gsize i = 0; i < n_hashers; i++)
        ul_hasher_update (hashers[i], buffer, n);
      from += n;
    }
  while (n > 0);
  return TRUE;
}

gboolean
ul_blob_digest (int fd, UlChecksum *out, GError **error)
{
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  ul_hasher_start (hasher);
  if (!ul_blob_hash (fd, 0, &hasher, 1, error))
    return FALSE;
  ul_hasher_finish (hasher, out);
  return TRUE;
}
