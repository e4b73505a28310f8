// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include <string.h>

#include "core/tar-split-reader.h"

/* What has been said, told apart: a file counts with its name and numbers. */
typedef struct
{
  GByteArray *said;
  guint64 bytes;
} Seen;

static gboolean
see_bytes (const guint8 *bytes, gsize len, gpointer data, G_GNUC_UNUSED GError **error)
{
  Seen *seen = data;
  g_assert_cmpuint (len, >, 0);
  seen->bytes += len;
  g_byte_array_append (seen->said, bytes, (guint) len);
  return TRUE;
}

static gboolean
see_file (const char *name, guint64 size, guint64 crc, gpointer data, G_GNUC_UNUSED GError **error)
{
  Seen *seen = data;
  g_assert_cmpuint (size, >, 0);
  g_assert_cmpuint (size, <=, G_MAXINT64);
  g_byte_array_append (seen->said, (const guint8 *) name, (guint) strlen (name));
  g_byte_array_append (seen->said, (const guint8 *) &size, sizeof size);
  g_byte_array_append (seen->said, (const guint8 *) &crc, sizeof crc);
  return TRUE;
}

static gboolean
read_in_pieces (const uint8_t *data, size_t size, size_t piece, Seen *seen, GError **error)
{
  static const UlTarSplitReaderSink sink = { .bytes = see_bytes, .file = see_file };
  g_autoptr (UlTarSplitReader) reader = ul_tar_split_reader_new (&sink, seen);
  for (size_t at = 0; at < size; at += piece)
    if (!ul_tar_split_reader_push (reader, (const char *) data + at, MIN (piece, size - at), error))
      return FALSE;
  return ul_tar_split_reader_finish (reader, error);
}

/* In which pieces the lines come doesn't matter; and base64 is four for three. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) error_in_pieces = NULL;
  Seen seen = { .said = g_byte_array_new () };
  Seen seen_in_pieces = { .said = g_byte_array_new () };
  const gboolean ok = read_in_pieces (data, size, size + 1, &seen, &error);
  const gboolean ok_in_pieces = read_in_pieces (data, size, 5, &seen_in_pieces, &error_in_pieces);
  fuzz_assert_outcome (ok, error);
  g_assert_true (ok == ok_in_pieces);
  if (!ok)
    g_assert_cmpstr (error->message, ==, error_in_pieces->message);
  g_assert_cmpmem (seen.said->data, seen.said->len, seen_in_pieces.said->data,
                   seen_in_pieces.said->len);
  g_assert_cmpuint (seen.bytes * 4, <=, size * 3);
  g_byte_array_unref (seen.said);
  g_byte_array_unref (seen_in_pieces.said);
  return 0;
}
