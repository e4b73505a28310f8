// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include <string.h>

#include "core/crc64.h"
#include "core/tar-split-reader.h"
#include "core/tar-split.h"

unsigned fuzz_stride = 13;

typedef struct
{
  const uint8_t *input;
  size_t at; /* bytes of the archive that the lines so far stand for */
  UlTarSplitReader *reader;
  gboolean keeps_all;
} Seen;

static gboolean
see_bytes (const guint8 *bytes, gsize len, gpointer data, G_GNUC_UNUSED GError **error)
{
  Seen *seen = data;
  g_assert_cmpmem (bytes, len, seen->input + seen->at, len);
  seen->at += len;
  return TRUE;
}

static gboolean
see_file (G_GNUC_UNUSED const char *name, guint64 size, guint64 crc, gpointer data,
          G_GNUC_UNUSED GError **error)
{
  Seen *seen = data;
  g_assert_false (seen->keeps_all);
  g_assert_cmpuint (ul_crc64_update (0, seen->input + seen->at, size), ==, crc);
  seen->at += size;
  return TRUE;
}

/* Whole lines, which the reader takes. */
static gboolean
see_lines (const char *lines, gsize len, gpointer data, G_GNUC_UNUSED GError **error)
{
  Seen *seen = data;
  g_assert_true (lines[len - 1] == '\n');
  g_assert_true (ul_tar_split_reader_push (seen->reader, lines, len, NULL));
  return TRUE;
}

static gboolean
keep (G_GNUC_UNUSED const char *name, guint64 size, G_GNUC_UNUSED gpointer data)
{
  g_assert_cmpuint (size, >, 0);
  return TRUE;
}

/* What has been written, read again, is what has gone in. */
static void
round_trip (const uint8_t *data, size_t size, gboolean keeps_all)
{
  static const UlTarSplitReaderSink sink = { .bytes = see_bytes, .file = see_file };
  g_autoptr (GError) error = NULL;
  Seen seen = { .input = data, .keeps_all = keeps_all };
  g_autoptr (UlTarSplitReader) reader = ul_tar_split_reader_new (&sink, &seen);
  g_autoptr (UlTarSplitWriter) writer = ul_tar_split_writer_new (see_lines, &seen);
  seen.reader = reader;
  if (keeps_all)
    ul_tar_split_writer_keep (writer, keep, NULL);
  const gboolean ok = ul_tar_split_writer_push (writer, data, size, &error)
                      && ul_tar_split_writer_finish (writer, &error);
  fuzz_assert_outcome (ok, error);
  g_assert_true (ul_tar_split_reader_finish (reader, NULL));
  if (ok)
    g_assert_cmpuint (seen.at, ==, size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  round_trip (data, size, FALSE);
  round_trip (data, size, TRUE);
  return 0;
}
