// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <string.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/gzip.h"
#include "util/unpack.h"

#include "pieces.h"

/* Unpacked, or NULL with an error. */
static GByteArray *
unpack (Pieces *pieces, GError **error)
{
  const UlStream stream = { .read = read_piece, .data = pieces };
  g_autoptr (UlUnpack) unpack = ul_unpack_new (&stream, error);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  const guint8 *bytes;
  gsize n;
  g_assert_nonnull (unpack);
  do
    {
      if (!ul_unpack_read (unpack, &bytes, &n, error))
        return NULL;
      if (n > 0)
        g_byte_array_append (out, bytes, (guint) n);
    }
  while (n > 0);
  /* The end stays the end. */
  g_assert_true (ul_unpack_read (unpack, &bytes, &n, NULL));
  g_assert_cmpuint (n, ==, 0);
  return g_steal_pointer (&out);
}

static GByteArray *
noise (gsize len)
{
  GByteArray *bytes = g_byte_array_sized_new ((guint) len);
  g_byte_array_set_size (bytes, (guint) len);
  for (gsize i = 0; i < len; i++)
    bytes->data[i] = (guint8) (i % 251 * (i / 1000));
  return bytes;
}

/* As nothing can pack it. */
static GByteArray *
random_bytes (gsize len)
{
  GByteArray *bytes = noise (len);
  guint32 state = 1;
  for (gsize i = 0; i < len; i++)
    bytes->data[i] = (guint8) ((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

/* @plain as our own writer packs it, in pieces of @piece, with @jobs threads. */
static GByteArray *
gzip_at_level (const GByteArray *plain, int level, gsize piece, guint jobs)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "test-unpack-XXXXXX", NULL);
  ul_autofd int fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  g_autoptr (UlGzip) gzip = ul_gzip_new (fd, "gzip", level, jobs);
  g_autoptr (GBytes) bytes = NULL;
  g_assert_cmpint (fd, >=, 0);
  unlink (path);
  for (gsize i = 0; i < plain->len; i += piece)
    g_assert_true (ul_gzip_write (gzip, plain->data + i, MIN (piece, plain->len - i), NULL));
  g_assert_true (ul_gzip_finish (gzip, NULL));
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  g_assert_true (ul_fd_read_whole (fd, "gzip", 64 * 1024 * 1024, &bytes, NULL));
  return g_bytes_unref_to_array (g_steal_pointer (&bytes));
}

static GByteArray *
gzip (const GByteArray *plain, gsize piece, guint jobs)
{
  return gzip_at_level (plain, 6, piece, jobs);
}

/* Content of each kind, at each level, is what it was; and it's the same bytes however it comes. */
static void
test_gzip (void)
{
  static const gsize sizes[] = { 0, 1, 1000, 1024 * 1024, 1024 * 1024 + 1, 3 * 1024 * 1024 + 7 };
  static const int levels[] = { UL_GZIP_QUICK, 1, 6 };
  for (guint i = 0; i < 2 * G_N_ELEMENTS (sizes) * G_N_ELEMENTS (levels); i++)
    {
      const gsize size = sizes[i / 2 % G_N_ELEMENTS (sizes)];
      const int level = levels[i / 2 / G_N_ELEMENTS (sizes)];
      g_autoptr (GByteArray) plain = i % 2 == 0 ? noise (size) : random_bytes (size);
      g_autoptr (GByteArray) packed = gzip_at_level (plain, level, 4096, 1);
      g_autoptr (GByteArray) other = gzip_at_level (plain, level, 77777, 3);
      g_assert_cmpmem (packed->data, packed->len, other->data, other->len);
      if (i % 2 == 0 && size >= 1000)
        g_assert_cmpuint (packed->len, <, size / 2);
      for (gsize piece = packed->len < 5000 ? 1 : 5000; piece < 100000; piece *= 20)
        {
          Pieces pieces = { .data = packed->data, .len = packed->len, .piece = piece };
          g_autoptr (GByteArray) back = unpack (&pieces, NULL);
          g_assert_nonnull (back);
          g_assert_cmpmem (back->data, back->len, plain->data, plain->len);
        }
    }
}

static void
test_plain (void)
{
  g_autoptr (GByteArray) plain = noise (300000);
  Pieces pieces = { .data = plain->data, .len = plain->len, .piece = 777 };
  g_autoptr (GByteArray) back = unpack (&pieces, NULL);
  g_assert_nonnull (back);
  g_assert_cmpmem (back->data, back->len, plain->data, plain->len);
}

static void
test_truncated (void)
{
  g_autoptr (GByteArray) plain = noise (300000);
  g_autoptr (GByteArray) packed = gzip (plain, 300000, 1);
  g_autoptr (GError) error = NULL;
  Pieces pieces = { .data = packed->data, .len = packed->len - 100, .piece = 5000 };
  g_assert_null (unpack (&pieces, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
}

static void
test_source_fails (void)
{
  g_autoptr (GByteArray) plain = noise (300000);
  g_autoptr (GByteArray) packed = gzip (plain, 300000, 1);
  for (gsize len = 0; len < packed->len; len += packed->len / 3)
    {
      g_autoptr (GError) error = NULL;
      Pieces pieces = { .data = packed->data, .len = len, .piece = 500, .fails = TRUE };
      g_assert_null (unpack (&pieces, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Unpack/gzip", test_gzip);
  g_test_add_func ("/Unpack/plain", test_plain);
  g_test_add_func ("/Unpack/truncated", test_truncated);
  g_test_add_func ("/Unpack/source-fails", test_source_fails);
  return g_test_run ();
}
