// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/tar-split.h"

#include <string.h>

#include "util/error.h"
#include "util/tar.h"

static gboolean
collect (const char *lines, gsize len, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_assert_cmpuint (len, >, 0);
  g_assert_true (lines[len - 1] == '\n');
  g_string_append_len (data, lines, (gssize) len);
  return TRUE;
}

static char *
split (const GByteArray *archive)
{
  g_autoptr (GError) error = NULL;
  GString *lines = g_string_new (NULL);
  g_autoptr (UlTarSplitWriter) writer = ul_tar_split_writer_new (collect, lines);
  for (gsize at = 0; at < archive->len; at += 700)
    ul_tar_split_writer_push (writer, archive->data + at, MIN (700, archive->len - at), &error);
  ul_tar_split_writer_finish (writer, &error);
  g_assert_no_error (error);
  return g_string_free (lines, FALSE);
}

static void
add (GByteArray *archive, UlTarType type, const char *path, const char *content)
{
  const gsize len = strlen (content);
  const UlTarHeader header = { .type = type, .path = path, .mode = 0644, .size = len };
  ul_tar_append_header (archive, &header);
  g_byte_array_append (archive, (const guint8 *) content, (guint) len);
  ul_tar_append_padding (archive, len);
}

static void
append_segment (GString *lines, const GByteArray *archive, gsize from, gsize to, guint position)
{
  g_autofree char *text = g_base64_encode (archive->data + from, to - from);
  g_string_append_printf (lines, "{\"type\":2,\"payload\":\"%s\",\"position\":%u}\n", text,
                          position);
}

static void
test_lines (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  g_autoptr (GString) wanted = g_string_new (NULL);
  add (archive, UL_TAR_DIR, "d/", "");
  add (archive, UL_TAR_FILE, "d/a", "123456789");
  ul_tar_append_end (archive);
  append_segment (wanted, archive, 0, 512, 0);
  g_string_append (wanted, "{\"type\":1,\"name\":\"d/\",\"payload\":null,\"position\":1}\n");
  append_segment (wanted, archive, 512, 1024, 2);
  g_string_append (wanted, "{\"type\":1,\"name\":\"d/a\",\"size\":9,\"payload\":\"uQlWx3WkEAE=\","
                           "\"position\":3}\n");
  append_segment (wanted, archive, 1033, archive->len, 4);
  g_autofree char *got = split (archive);
  g_assert_cmpstr (got, ==, wanted->str);
}

static void
test_names (void)
{
  static const struct
  {
    const char *name;
    const char *member;
  } names[] = {
    { "a\"b\\c", "\"name\":\"a\\\"b\\\\c\"" },
    { "\n\r\t\1", "\"name\":\"\\n\\r\\t\\u0001\"" },
    { "<&>", "\"name\":\"\\u003c\\u0026\\u003e\"" },
    { "\u00e4\u2028", "\"name\":\"\u00e4\\u2028\"" },
    { "\xff/x", "\"name_raw\":\"/y94\"" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GByteArray) archive = g_byte_array_new ();
      add (archive, UL_TAR_FILE, names[i].name, "");
      g_autofree char *got = split (archive);
      g_assert_nonnull (strstr (got, names[i].member));
    }
}

/* No line is long, whatever the archive holds. */
static void
test_long_structure (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  ul_tar_append_end (archive);
  g_byte_array_set_size (archive, 300 * 1024);
  memset (archive->data, 0, archive->len);
  g_autofree char *got = split (archive);
  g_auto (GStrv) lines = g_strsplit (got, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 5 + 1);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (strlen (lines[i]), <, 100 * 1024);
}

static gboolean
fail (G_GNUC_UNUSED const char *lines, G_GNUC_UNUSED gsize len, G_GNUC_UNUSED gpointer data,
      GError **error)
{
  return ul_throw (error, UL_ERROR_NO_SPACE, "full");
}

static void
test_failing_sink (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  add (archive, UL_TAR_FILE, "a", "x");
  g_autoptr (UlTarSplitWriter) writer = ul_tar_split_writer_new (fail, NULL);
  g_assert_false (ul_tar_split_writer_push (writer, archive->data, archive->len, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NO_SPACE);
}

static gboolean
keep_second (const char *name, guint64 size, gpointer data)
{
  guint *asked = data;
  g_assert_cmpstr (name, ==, "a");
  g_assert_cmpuint (size, ==, ++*asked);
  return *asked == 2;
}

/* A name that is there three times: of the second its content stays with the structure. */
static void
test_keep (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autoptr (GString) wanted = g_string_new (NULL);
  guint asked = 0;
  add (archive, UL_TAR_FILE, "a", "1");
  add (archive, UL_TAR_FILE, "a", "22");
  add (archive, UL_TAR_FILE, "a", "333");
  append_segment (wanted, archive, 0, 512, 0);
  g_string_append (wanted, "{\"type\":1,\"name\":\"a\",\"size\":1,\"payload\":\"QyAAAAAAAAA=\","
                           "\"position\":1}\n");
  append_segment (wanted, archive, 513, 2560, 2);
  g_string_append (wanted, "{\"type\":1,\"name\":\"a\",\"size\":3,\"payload\":\"QAAAQAAAAAA=\","
                           "\"position\":3}\n");
  append_segment (wanted, archive, 2563, archive->len, 4);
  g_autoptr (UlTarSplitWriter) writer = ul_tar_split_writer_new (collect, lines);
  ul_tar_split_writer_keep (writer, keep_second, &asked);
  ul_tar_split_writer_push (writer, archive->data, archive->len, &error);
  ul_tar_split_writer_finish (writer, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (asked, ==, 3);
  g_assert_cmpstr (lines->str, ==, wanted->str);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/TarSplit/lines", test_lines);
  g_test_add_func ("/TarSplit/names", test_names);
  g_test_add_func ("/TarSplit/long-structure", test_long_structure);
  g_test_add_func ("/TarSplit/keep", test_keep);
  g_test_add_func ("/TarSplit/failing-sink", test_failing_sink);
  return g_test_run ();
}
