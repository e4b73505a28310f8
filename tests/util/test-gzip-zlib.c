// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/gzip-zlib.h"

#include <fcntl.h>
#include <string.h>
#include <zlib.h>

#include "util/error.h"
#include "util/fd.h"

static GByteArray *
text (gsize len)
{
  GByteArray *bytes = g_byte_array_new ();
  g_byte_array_set_size (bytes, (guint) len);
  for (gsize i = 0; i < len; i++)
    bytes->data[i] = (guint8) (i * i / 1000 % 100);
  return bytes;
}

/* What zlib makes of it in one call, as Python has it. */
static GByteArray *
at_once (const GByteArray *plain, int level)
{
  z_stream stream = { 0 };
  g_assert_cmpint (deflateInit2 (&stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
  GByteArray *out = g_byte_array_new ();
  g_byte_array_set_size (out, (guint) deflateBound (&stream, plain->len));
  stream.next_in = plain->data;
  stream.avail_in = plain->len;
  stream.next_out = out->data;
  stream.avail_out = out->len;
  g_assert_cmpint (deflate (&stream, Z_FINISH), ==, Z_STREAM_END);
  g_byte_array_set_size (out, (guint) stream.total_out);
  deflateEnd (&stream);
  return out;
}

static GBytes *
in_pieces (const GByteArray *plain, int level, gsize piece)
{
  ul_autofd int fd = open (g_get_tmp_dir (), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  g_assert_cmpint (fd, >=, 0);
  g_autoptr (UlGzipZlib) gzip = ul_gzip_zlib_new (fd, level);
  g_autoptr (GError) error = NULL;
  GBytes *bytes = NULL;
  for (gsize at = 0; at < plain->len; at += piece)
    {
      ul_gzip_zlib_write (gzip, plain->data + at, MIN (piece, plain->len - at), &error);
      g_assert_no_error (error);
    }
  ul_gzip_zlib_finish (gzip, &error);
  g_assert_no_error (error);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  ul_fd_read_whole (fd, "packed", G_MAXINT32, &bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ul_gzip_zlib_size (gzip), ==, g_bytes_get_size (bytes));
  return bytes;
}

static void
test_same (void)
{
  static const gsize sizes[] = { 0, 1, 300000, 3000000 };
  static const gsize pieces[] = { 777, 512 * 1024 };
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (int level = 1; level <= 9; level += 4)
      for (gsize j = 0; j < G_N_ELEMENTS (pieces); j++)
        {
          g_autoptr (GByteArray) plain = text (sizes[i]);
          g_autoptr (GByteArray) want = at_once (plain, level);
          g_autoptr (GBytes) got = in_pieces (plain, level, pieces[j]);
          g_assert_cmpmem (g_bytes_get_data (got, NULL), g_bytes_get_size (got), want->data,
                           want->len);
        }
}

static void
test_header (void)
{
  g_autoptr (GByteArray) plain = text (1);
  for (int level = 1; level <= 9; level += 4)
    {
      guint8 header[UL_GZIP_HEADER];
      g_autoptr (GByteArray) packed = at_once (plain, level);
      ul_gzip_zlib_header (level == 9 ? 2 : level == 1 ? 4 : 0, 3, header);
      g_assert_cmpmem (header, sizeof header, packed->data, UL_GZIP_HEADER);
    }
}

static void
test_full (void)
{
  ul_autofd int fd = open ("/dev/full", O_WRONLY | O_CLOEXEC);
  g_autoptr (UlGzipZlib) gzip = ul_gzip_zlib_new (fd, 1);
  g_autoptr (GError) error = NULL;
  g_assert_true (ul_gzip_zlib_write (gzip, "x", 1, &error));
  g_assert_false (ul_gzip_zlib_finish (gzip, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NO_SPACE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gzip-zlib/same", test_same);
  g_test_add_func ("/gzip-zlib/header", test_header);
  g_test_add_func ("/gzip-zlib/full", test_full);
  return g_test_run ();
}
