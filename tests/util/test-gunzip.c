// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/gunzip.h"

#include <string.h>

#include "util/error.h"
#include "util/fd.h"

static GByteArray *
pack (const void *data, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GZlibCompressor) compressor
      = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, -1);
  GByteArray *packed = g_byte_array_new ();
  gsize read;
  gsize written;
  g_byte_array_set_size (packed, (guint) (len + len / 1000 + 100));
  g_converter_convert (G_CONVERTER (compressor), data, len, packed->data, packed->len,
                       G_CONVERTER_INPUT_AT_END, &read, &written, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (read, ==, len);
  g_byte_array_set_size (packed, (guint) written);
  return packed;
}

/* All that is in @packed; NULL with an error. @piece: bytes at once. */
static GByteArray *
unpack (const GByteArray *packed, gsize piece, GError **error)
{
  g_autoptr (GError) file_error = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autofree char *path = NULL;
  g_autofree guint8 *buffer = g_malloc (piece);
  ul_autofd int fd = g_file_open_tmp ("gunzip-XXXXXX", &path, &file_error);
  gsize n;
  g_assert_no_error (file_error);
  g_assert_cmpint (unlink (path), ==, 0);
  g_assert_cmpint (write (fd, packed->data, packed->len), ==, packed->len);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  g_autoptr (UlGunzip) gunzip = ul_gunzip_new (fd);
  do
    {
      if (!ul_gunzip_read (gunzip, buffer, piece, &n, error))
        return NULL;
      g_assert_cmpuint (n, <=, piece);
      g_byte_array_append (out, buffer, (guint) n);
    }
  while (n > 0);
  return g_steal_pointer (&out);
}

static void
assert_unpacks (const GByteArray *packed, const void *data, gsize len)
{
  static const gsize pieces[] = { 1, 1000, 1 << 20 };
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GByteArray) out = unpack (packed, pieces[i], &error);
      g_assert_no_error (error);
      g_assert_cmpmem (out->data, out->len, data, len);
    }
}

static void
assert_refuses (const GByteArray *packed, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (unpack (packed, 1000, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_cmpstr (error->message, ==, message);
}

/* More of both sides than goes at once. */
static void
test_content (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autofree guint8 *data = g_malloc0 (400000);
  for (guint i = 0; i < 200000; i++)
    data[i] = (guint8) g_rand_int (rand);
  g_autoptr (GByteArray) packed = pack (data, 400000);
  g_autoptr (GByteArray) nothing = pack ("", 0);
  assert_unpacks (packed, data, 400000);
  assert_unpacks (nothing, "", 0);
}

static void
test_members (void)
{
  g_autoptr (GByteArray) packed = pack ("one", 3);
  g_autoptr (GByteArray) nothing = pack ("", 0);
  g_autoptr (GByteArray) two = pack ("two", 3);
  g_byte_array_append (packed, nothing->data, nothing->len);
  g_byte_array_append (packed, two->data, two->len);
  assert_unpacks (packed, "onetwo", 6);
}

static void
test_refusals (void)
{
  g_autoptr (GByteArray) packed = pack ("some text", 9);
  g_autoptr (GByteArray) bad = g_byte_array_new ();
  assert_refuses (bad, "gzip: ends early");
  g_byte_array_append (bad, packed->data, packed->len - 1);
  assert_refuses (bad, "gzip: ends early");
  g_byte_array_append (bad, (const guint8 *) "\1", 1);
  assert_refuses (bad, "gzip: incorrect length check");
  bad->data[packed->len - 8] ^= 1;
  assert_refuses (bad, "gzip: incorrect data check");
  g_byte_array_append (packed, (const guint8 *) "more", 4);
  assert_refuses (packed, "gzip: incorrect header check");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Gunzip/content", test_content);
  g_test_add_func ("/Gunzip/members", test_members);
  g_test_add_func ("/Gunzip/refusals", test_refusals);
  return g_test_run ();
}
