// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/tar-frame.h"

#include <string.h>

#include "util/error.h"
#include "util/tar.h"

/* What came of an archive: its bytes again, and "NAME SIZE CONTENT;" of each entry. */
typedef struct
{
  GByteArray *bytes;
  GString *entries;
} Seen;

static gboolean
see_structure (const guint8 *bytes, gsize len, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_byte_array_append (((Seen *) data)->bytes, bytes, (guint) len);
  return TRUE;
}

static gboolean
see_entry (const char *name, guint64 size, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_string_append_printf (((Seen *) data)->entries, ";%s %" G_GUINT64_FORMAT " ", name, size);
  return TRUE;
}

static gboolean
see_content (const guint8 *bytes, gsize len, gpointer data, G_GNUC_UNUSED GError **error)
{
  Seen *seen = data;
  g_byte_array_append (seen->bytes, bytes, (guint) len);
  g_string_append_len (seen->entries, (const char *) bytes, (gssize) len);
  return TRUE;
}

static gboolean
cut (const GByteArray *archive, gsize step, Seen *seen, GError **error)
{
  static const UlTarFrameSink sink = { see_structure, see_entry, see_content };
  g_autoptr (UlTarFrame) frame = ul_tar_frame_new (&sink, seen);
  for (gsize at = 0; at < archive->len; at += step)
    if (!ul_tar_frame_push (frame, archive->data + at, MIN (step, archive->len - at), error))
      return FALSE;
  return ul_tar_frame_finish (frame, error);
}

static Seen
new_seen (void)
{
  return (Seen){ .bytes = g_byte_array_new (), .entries = g_string_new (NULL) };
}

static void
clear_seen (Seen *seen)
{
  g_byte_array_unref (seen->bytes);
  g_string_free (seen->entries, TRUE);
}

/* In pieces of any size. */
static void
assert_cut (const GByteArray *archive, const char *entries)
{
  static const gsize steps[] = { 1, 7, 511, 512, 513, 1024, 1 << 20 };
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autoptr (GError) error = NULL;
      Seen seen = new_seen ();
      cut (archive, steps[i], &seen, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (seen.bytes->data, seen.bytes->len, archive->data, archive->len);
      g_assert_cmpstr (seen.entries->str, ==, entries);
      clear_seen (&seen);
    }
}

static void
assert_refused (const GByteArray *archive, UlError code, const char *message)
{
  g_autoptr (GError) error = NULL;
  Seen seen = new_seen ();
  g_assert_false (cut (archive, 100, &seen, &error));
  g_assert_error (error, UL_ERROR, (gint) code);
  g_assert_cmpstr (error->message, ==, message);
  clear_seen (&seen);
}

static void
add (GByteArray *archive, UlTarType type, const char *path, const char *content)
{
  const gsize len = content != NULL ? strlen (content) : 0;
  const UlTarHeader header
      = { .type = type, .path = path, .mode = 0644, .target = "t", .size = len };
  ul_tar_append_header (archive, &header);
  g_byte_array_append (archive, (const guint8 *) (content != NULL ? content : ""), (guint) len);
  ul_tar_append_padding (archive, len);
}

/* The header at @at has another byte, and is sound. */
static void
patch (GByteArray *archive, gsize at, gsize field, const char *value, gsize len)
{
  guint8 *block = archive->data + at;
  memcpy (block + field, value, len);
  memset (block + 148, ' ', 8);
  guint sum = 0;
  for (guint i = 0; i < UL_TAR_BLOCK; i++)
    sum += block[i];
  g_snprintf ((char *) block + 148, 8, "%06o", sum);
}

/* A pax header of @type with @records. */
static void
add_records (GByteArray *archive, char type, const char *records)
{
  const gsize at = archive->len;
  add (archive, UL_TAR_FILE, "PaxHeaders/x", records);
  patch (archive, at, 156, &type, 1);
}

static void
test_entries (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  g_autofree char *name = g_strnfill (300, 'n');
  add (archive, UL_TAR_DIR, "d/", NULL);
  add (archive, UL_TAR_FILE, "d/a", "hello");
  add (archive, UL_TAR_FILE, "d/empty", "");
  add (archive, UL_TAR_SYMLINK, "d/l", NULL);
  add (archive, UL_TAR_FILE, name, "x");
  ul_tar_append_end (archive);
  g_byte_array_append (archive, (const guint8 *) "behind", 6);
  g_autofree char *wanted = g_strdup_printf (";d/ 0 ;d/a 5 hello;d/empty 0 ;d/l 0 ;%s 1 x", name);
  assert_cut (archive, wanted);
}

static void
test_pax (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  add_records (archive, 'g', "17 comment=hello\n");
  add_records (archive, 'x', "15 path=a/long\n10 size=3\n30 mtime=1350244992.023960108\n");
  const gsize at = archive->len;
  add (archive, UL_TAR_FILE, "short", "abc");
  patch (archive, at, 124, "00000000000", 11);
  add (archive, UL_TAR_FILE, "next", "y");
  /* What a later header says counts; nothing is taken back. */
  add_records (archive, 'x', "10 path=1\n10 path=2\n");
  add_records (archive, 'x', "8 path=\n");
  add (archive, UL_TAR_FILE, "own", "z");
  assert_cut (archive, ";a/long 3 abc;next 1 y;own 1 z");
}

static void
test_ustar_prefix (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  add (archive, UL_TAR_FILE, "name", "x");
  patch (archive, 0, 257,
         "ustar\0"
         "00",
         8);
  patch (archive, 0, 345, "some/prefix", 11);
  assert_cut (archive, ";some/prefix/name 1 x");
  /* In GNU's format other things stand there. */
  patch (archive, 0, 257, "ustar  ", 8);
  assert_cut (archive, ";name 1 x");
}

/* What has no content whatever its size says. */
static void
test_no_body (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  add (archive, UL_TAR_HARDLINK, "link", NULL);
  patch (archive, 0, 124, "00000000005", 11);
  add (archive, UL_TAR_FILE, "a", "x");
  assert_cut (archive, ";link 0 ;a 1 x");
}

/* Content that no file has as it stands in the archive. */
static void
test_sparse (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  add_records (archive, 'x', "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n");
  add (archive, UL_TAR_FILE, "pax", "1\n0\n1\n");
  const gsize at = archive->len;
  add (archive, UL_TAR_FILE, "gnu", "");
  patch (archive, at, 156, "S", 1);
  patch (archive, at, 482, "\1", 1);
  patch (archive, at, 124, "00000000003", 11);
  guint8 map[2][UL_TAR_BLOCK] = { { 0 } };
  map[0][504] = 1;
  g_byte_array_append (archive, map[0], sizeof map);
  g_byte_array_append (archive, (const guint8 *) "abc", 3);
  ul_tar_append_padding (archive, 3);
  add (archive, UL_TAR_FILE, "a", "x");
  assert_cut (archive, ";pax 0 ;gnu 0 ;a 1 x");
}

static void
test_large_numbers (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  add (archive, UL_TAR_FILE, "a", "xyz");
  patch (archive, 0, 124, "\x80\0\0\0\0\0\0\0\0\0\0\3", 12);
  assert_cut (archive, ";a 3 xyz");
  patch (archive, 0, 124, " 3 \0\0\0\0\0\0\0\0\0", 12);
  assert_cut (archive, ";a 3 xyz");
  patch (archive, 0, 124, "\x80\0\0\0\x80\0\0\0\0\0\0\3", 12);
  assert_refused (archive, UL_ERROR_CORRUPT, "tar header: a: a size of 9223372036854775811");
  patch (archive, 0, 124, "\x80\0\0\1\0\0\0\0\0\0\0\3", 12);
  assert_refused (archive, UL_ERROR_CORRUPT, "tar header: its size is no number");
  patch (archive, 0, 124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
  assert_refused (archive, UL_ERROR_CORRUPT, "tar header: its size is no number");
  patch (archive, 0, 124, "0000009\0\0\0\0\0", 12);
  assert_refused (archive, UL_ERROR_CORRUPT, "tar header: its size is no number");
}

static void
test_damaged (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  add (archive, UL_TAR_FILE, "a", "x");
  archive->data[0] = 'b';
  assert_refused (archive, UL_ERROR_CORRUPT, "tar header: its checksum is wrong");
  archive->data[0] = 'a';
  g_byte_array_set_size (archive, 700);
  assert_refused (archive, UL_ERROR_CORRUPT, "tar: cut off inside an entry");
  g_byte_array_set_size (archive, 0);
  add (archive, UL_TAR_FILE, "a", "");
  ul_tar_append_padding (archive, 1);
  g_byte_array_set_size (archive, 2 * UL_TAR_BLOCK);
  memset (archive->data + UL_TAR_BLOCK, 0, UL_TAR_BLOCK);
  assert_cut (archive, ";a 0 "); /* a lone block of zeros at the end */
  add (archive, UL_TAR_FILE, "b", "");
  assert_refused (archive, UL_ERROR_CORRUPT, "tar header: a lone block of zeros before it");
}

static void
test_bad_records (void)
{
  static const char *const bad[] = {
    "x",
    "5 a=b",
    "6 a=b\n",
    "99 a=b\n",
    "3 \n",
    "5 ab\n",
    "6 =ab\n",
    "0 a=b\n",
    "9 size=x\n",
    "4294967302 a=b\n",
    " 6 a=b\n",
    "10 size=-1\n",
    "99999999999999999999999999 a=b\n",
  };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GByteArray) archive = g_byte_array_new ();
      add_records (archive, 'x', bad[i]);
      add (archive, UL_TAR_FILE, "a", "x");
      if (g_str_equal (bad[i], "6 a=b\n"))
        assert_cut (archive, ";a 1 x"); /* this one isn't */
      else
        assert_refused (archive, UL_ERROR_CORRUPT, "tar header: its pax records don't add up");
    }
}

static void
test_refused (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  add_records (archive, 'g', "10 path=x\n");
  assert_refused (archive, UL_ERROR_UNSUPPORTED, "tar header: a global record of path");
  g_byte_array_set_size (archive, 0);
  add_records (archive, 'x', "6 a=b\n");
  assert_cut (archive, ""); /* about nothing that is kept */
  patch (archive, 0, 156, "X", 1);
  assert_refused (archive, UL_ERROR_UNSUPPORTED, "tar header: type X of other systems");
  g_byte_array_set_size (archive, 0);
  add_records (archive, 'x', "10 path=x\n");
  assert_refused (archive, UL_ERROR_CORRUPT, "tar: cut off inside an entry");
  g_byte_array_set_size (archive, 0);
  add (archive, UL_TAR_FILE, "a", "");
  patch (archive, 0, 124, "00004000001", 11);
  patch (archive, 0, 156, "x", 1);
  assert_refused (archive, UL_ERROR_UNSUPPORTED,
                  "tar header: more than 1048576 bytes about one entry");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/TarFrame/entries", test_entries);
  g_test_add_func ("/TarFrame/pax", test_pax);
  g_test_add_func ("/TarFrame/ustar-prefix", test_ustar_prefix);
  g_test_add_func ("/TarFrame/no-body", test_no_body);
  g_test_add_func ("/TarFrame/sparse", test_sparse);
  g_test_add_func ("/TarFrame/large-numbers", test_large_numbers);
  g_test_add_func ("/TarFrame/damaged", test_damaged);
  g_test_add_func ("/TarFrame/bad-records", test_bad_records);
  g_test_add_func ("/TarFrame/refused", test_refused);
  return g_test_run ();
}
