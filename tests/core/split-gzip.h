// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/gzip-split-reader.h"

#include "../util/pieces.h"

/* A gzip file taken apart, and put together again. For tests and fuzz targets. */

static inline gboolean
append_bytes (const void *bytes, gsize len, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_byte_array_append (data, bytes, (guint) len);
  return TRUE;
}

/* FALSE with an error if it's damaged. @piece: bytes at once. */
static inline gboolean
take_apart (const guint8 *bytes, gsize len, gsize piece, GByteArray *content, GByteArray *split,
            GError **error)
{
  Pieces pieces = { .data = bytes, .len = len, .piece = piece };
  const UlStream stream = { .read = read_piece, .data = &pieces };
  g_autoptr (UlGunzip) gunzip = ul_gunzip_new (&stream);
  g_autoptr (UlGzipSplitWriter) writer = ul_gzip_split_writer_new (append_bytes, split);
  gboolean more = TRUE;
  while (more)
    {
      const UlGunzipChunk *chunk = ul_gunzip_read (gunzip, &more, error);
      if (chunk == NULL)
        return FALSE;
      if (chunk->len > 0)
        g_byte_array_append (content, chunk->content, (guint) chunk->len);
      g_assert_true (ul_gzip_split_writer_push (writer, chunk, NULL));
    }
  g_assert_true (ul_gzip_split_writer_finish (writer, NULL));
  return TRUE;
}

/* NULL with an error. */
static inline GByteArray *
put_together (const guint8 *content, gsize len, const guint8 *split, gsize split_len, gsize piece,
              GError **error)
{
  Pieces pieces = { .data = split, .len = split_len, .piece = piece };
  const UlStream stream = { .read = read_piece, .data = &pieces };
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (UlGzipSplitReader) reader = ul_gzip_split_reader_new (&stream, append_bytes, out);
  for (gsize at = 0; at < len; at += piece)
    if (!ul_gzip_split_reader_push (reader, content + at, MIN (piece, len - at), error))
      return NULL;
  return ul_gzip_split_reader_finish (reader, error) ? g_steal_pointer (&out) : NULL;
}
