// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/tar-split-reader.h"

#include <string.h>

#include "core/crc64.h"
#include "core/tar-split.h"
#include "util/error.h"
#include "util/tar.h"

/* What a reader says, as text: "[bytes]" and "NAME SIZE CRC;". */
static gboolean
say_bytes (const guint8 *bytes, gsize len, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_string_append_c (data, '[');
  g_string_append_len (data, (const char *) bytes, (gssize) len);
  g_string_append_c (data, ']');
  return TRUE;
}

static gboolean
say_file (const char *name, guint64 size, guint64 crc, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_string_append_printf (data, "%s %" G_GUINT64_FORMAT " %" G_GINT64_MODIFIER "x;", name, size,
                          crc);
  return TRUE;
}

/* NULL with an error. @piece: bytes at once. */
static char *
read_lines (const char *lines, gsize piece, GError **error)
{
  static const UlTarSplitReaderSink sink = { .bytes = say_bytes, .file = say_file };
  g_autoptr (GString) said = g_string_new (NULL);
  g_autoptr (UlTarSplitReader) reader = ul_tar_split_reader_new (&sink, said);
  const gsize len = strlen (lines);
  for (gsize at = 0; at < len; at += piece)
    if (!ul_tar_split_reader_push (reader, lines + at, MIN (piece, len - at), error))
      return NULL;
  if (!ul_tar_split_reader_finish (reader, error))
    return NULL;
  return g_string_free (g_steal_pointer (&said), FALSE);
}

static void
assert_reads (const char *lines, const char *said)
{
  static const gsize pieces[] = { 1, 7, 100000 };
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *got = read_lines (lines, pieces[i], &error);
      g_assert_no_error (error);
      g_assert_cmpstr (got, ==, said);
    }
}

static void
test_lines (void)
{
  assert_reads ("", "");
  assert_reads ("{\"type\":2,\"payload\":\"aGVhZA==\",\"position\":0}\n"
                "{\"type\":1,\"name\":\"a/b\",\"size\":5,\"payload\":\"AAECAwQFBgc=\","
                "\"position\":1}\n"
                "{\"type\":2,\"payload\":\"cGFk\",\"position\":2}\n"
                "{\"type\":1,\"name\":\"d/\",\"payload\":null,\"position\":3}\n"
                "{\"type\":2,\"payload\":\"\",\"position\":4}\n"
                "{\"type\":2,\"payload\":\"ZW5kLg==\",\"position\":5}\n"
                "{\"type\":2,\"payload\":null,\"position\":6}\n",
                "[head]a/b 5 1020304050607;[pad][end.]");
}

static void
test_names (void)
{
  static const struct
  {
    const char *members;
    const char *name;
  } names[] = {
    { "\"name\":\"\\u0008\\u000ca\\u2028\",", "\b\fa\u2028" }, /* as podman wrote it */
    { "\"name_raw\":\"Y2Fm/w==\",", "caf\xff" },               /* the same */
    { "\"name\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",", "\"\\/\b\f\n\r\t" },
    { "\"name\":\"\u00e4\\u00E4\\ud83d\\ude00\",", "\u00e4\u00e4\U0001f600" },
    { "\"name\":\"\",", "" },
    { "", "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *line = g_strdup_printf (
          "{\"type\":1,%s\"size\":1,\"payload\":\"AAAAAAAAAAE=\",\"position\":0}\n",
          names[i].members);
      g_autofree char *said = g_strdup_printf ("%s 1 1;", names[i].name);
      assert_reads (line, said);
    }
}

static void
test_refusals (void)
{
#define FILE_LINE(members) "{\"type\":1," members ",\"position\":0}\n"
#define CRC                "\"payload\":\"AAAAAAAAAAE=\""
#define BYTES(base64)      "{\"type\":2,\"payload\":\"" base64 "\",\"position\":0}\n"
  static const struct
  {
    const char *lines;
    const char *cause;
  } cases[] = {
    { "\n", "not of type 1 or 2" },
    { "{\"type\":3,\"payload\":\"\",\"position\":0}\n", "not of type 1 or 2" },
    { "{ \"type\":2,\"payload\":\"\",\"position\":0}\n", "not of type 1 or 2" },
    { "{\"type\":2,\"payload\":\"\",\"position\":1}\n", "not the position that follows" },
    { "{\"type\":2,\"payload\":\"\",\"position\":00}\n", "invalid position" },
    { "{\"type\":2,\"payload\":\"\",\"position\":-0}\n", "invalid position" },
    { "{\"type\":2,\"payload\":\"\"}\n", "invalid position" },
    { "{\"type\":2,\"payload\":\"\",\"position\":0}", "cut off" },
    { "{\"type\":2,\"payload\":\"\",\"position\":0}\r\n", "more after the end" },
    { BYTES ("AAA"), "payload: not base64" },
    { BYTES ("AAA="
             "AAAA"),
      "payload: not base64" },
    { BYTES ("A==="), "payload: not base64" },
    { BYTES ("===="), "payload: not base64" },
    { BYTES ("AB=="), "payload: not base64" },
    { BYTES ("AAB="), "payload: not base64" },
    { BYTES ("AA=A"), "payload: not base64" },
    { BYTES ("AA-A"), "payload: not base64" },
    { BYTES ("AA\xff"
             "A"
             "AAAA"),
      "payload: not base64" },
    { FILE_LINE ("\"name\":\"a\",\"size\":1,\"payload\":null"), "payload: not a CRC-64" },
    { FILE_LINE ("\"name\":\"a\",\"size\":1,\"payload\":\"AAAAAAAAAA==\""),
      "payload: not a CRC-64" },
    { FILE_LINE ("\"name\":\"a\"," CRC), "payload without a size" },
    { FILE_LINE ("\"name\":\"a\",\"size\":0," CRC), "invalid size" },
    { FILE_LINE ("\"name\":\"a\",\"size\":-1," CRC), "invalid size" },
    { FILE_LINE ("\"name\":\"a\",\"size\":1.0," CRC), "invalid size" },
    { FILE_LINE ("\"name\":\"a\",\"size\":9223372036854775808," CRC), "invalid size" },
    { FILE_LINE ("\"name\":\"a\",\"size\":18446744073709551617," CRC), "invalid size" },
    { FILE_LINE ("\"name\":\"a\\u0000\"," CRC), "invalid name" },
    { FILE_LINE ("\"name\":\"\\ud800\"," CRC), "invalid name" },
    { FILE_LINE ("\"name\":\"\\ud800\\u0041\"," CRC), "invalid name" },
    { FILE_LINE ("\"name\":\"\\udc00\"," CRC), "invalid name" },
    { FILE_LINE ("\"name\":\"\\u00g0\"," CRC), "invalid name" },
    { FILE_LINE ("\"name\":\"\\x\"," CRC), "invalid name" },
    { FILE_LINE ("\"name\":\"\t\"," CRC), "invalid name" },
    { FILE_LINE ("\"name\":\"\xff\"," CRC), "invalid name" },
    { FILE_LINE ("\"name_raw\":\"\"," CRC), "invalid name_raw" },
    { FILE_LINE ("\"name_raw\":\"AAAA\"," CRC), "invalid name_raw" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *message = g_strdup_printf ("tar-split: line 1: %s", cases[i].cause);
      g_test_message ("%s", cases[i].lines);
      g_assert_null (read_lines (cases[i].lines, 1000, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
      g_assert_cmpstr (error->message, ==, message);
    }
}

static void
test_largest_size (void)
{
  assert_reads (FILE_LINE ("\"name\":\"a\",\"size\":9223372036854775807," CRC),
                "a 9223372036854775807 1;");
}

/* However it comes, no more than a line is kept. */
static void
test_long_line (void)
{
  static const gsize pieces[] = { 4096, 3 * UL_TAR_SPLIT_MAX_LINE };
  g_autofree char *line = g_strnfill (UL_TAR_SPLIT_MAX_LINE + 1, 'A');
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (read_lines (line, pieces[i], &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
      g_assert_cmpstr (error->message, ==, "tar-split: line 1: too long");
    }
}

static gboolean
push_line (const char *lines, gsize len, gpointer data, GError **error)
{
  return ul_tar_split_reader_push (data, lines, len, error);
}

static gboolean
join_bytes (const guint8 *bytes, gsize len, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_byte_array_append (data, bytes, (guint) len);
  return TRUE;
}

static gboolean
join_file (const char *name, guint64 size, guint64 crc, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_assert_cmpuint (size, ==, strlen (name));
  g_assert_cmpuint (crc, ==, ul_crc64_update (0, name, strlen (name)));
  g_byte_array_append (data, (const guint8 *) name, (guint) size);
  return TRUE;
}

/* What there is in @archive (whose files hold their own names) after it was taken apart. */
static void
assert_round_trip (const GByteArray *archive)
{
  static const UlTarSplitReaderSink sink = { .bytes = join_bytes, .file = join_file };
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) again = g_byte_array_new ();
  g_autoptr (UlTarSplitReader) reader = ul_tar_split_reader_new (&sink, again);
  g_autoptr (UlTarSplitWriter) writer = ul_tar_split_writer_new (push_line, reader);
  ul_tar_split_writer_push (writer, archive->data, archive->len, &error);
  ul_tar_split_writer_finish (writer, &error);
  g_assert_no_error (error);
  g_assert_true (ul_tar_split_reader_finish (reader, NULL));
  g_assert_cmpmem (again->data, again->len, archive->data, archive->len);
}

static void
add_named (GByteArray *archive, const char *name)
{
  const gsize len = strlen (name);
  const UlTarHeader header = { .type = UL_TAR_FILE, .path = name, .size = len };
  ul_tar_append_header (archive, &header);
  g_byte_array_append (archive, (const guint8 *) name, (guint) len);
  ul_tar_append_padding (archive, len);
}

static void
test_round_trip (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  add_named (archive, "a");
  add_named (archive, "\xff\xfe");
  add_named (archive, "d/\"<\n>");
  add_named (archive, "\u00e4");
  ul_tar_append_end (archive);
  assert_round_trip (archive);
}

/* The longest line that the writer writes. */
static void
test_long_name (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  g_autofree char *name = g_strnfill (1024 * 1024 - 1, '<');
  add_named (archive, name);
  assert_round_trip (archive);
}

static gboolean
fail (G_GNUC_UNUSED const guint8 *bytes, G_GNUC_UNUSED gsize len, G_GNUC_UNUSED gpointer data,
      GError **error)
{
  return ul_throw (error, UL_ERROR_NO_SPACE, "full");
}

static void
test_failing_sink (void)
{
  static const UlTarSplitReaderSink sink = { .bytes = fail };
  static const char line[] = BYTES ("AAAA");
  g_autoptr (GError) error = NULL;
  g_autoptr (UlTarSplitReader) reader = ul_tar_split_reader_new (&sink, NULL);
  g_assert_false (ul_tar_split_reader_push (reader, line, strlen (line), &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NO_SPACE);
  g_assert_cmpstr (error->message, ==, "full");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/TarSplitReader/lines", test_lines);
  g_test_add_func ("/TarSplitReader/names", test_names);
  g_test_add_func ("/TarSplitReader/refusals", test_refusals);
  g_test_add_func ("/TarSplitReader/largest-size", test_largest_size);
  g_test_add_func ("/TarSplitReader/long-line", test_long_line);
  g_test_add_func ("/TarSplitReader/round-trip", test_round_trip);
  g_test_add_func ("/TarSplitReader/long-name", test_long_name);
  g_test_add_func ("/TarSplitReader/failing-sink", test_failing_sink);
  return g_test_run ();
}
