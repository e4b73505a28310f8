// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/source.h"

#include <fcntl.h>

#include "fixture.h"
#include "util/error.h"
#include "util/fd.h"

/* A stream that gives a few bytes at a time, and ends early if told to. */
typedef struct
{
  const guint8 *data;
  gsize len; /* what there is */
  gsize done;
  gsize piece;
  gboolean fails;
} Stream;

static gboolean
read_stream (gpointer user, void *buffer, gsize len, gsize *out_n, GError **error)
{
  Stream *stream = user;
  if (stream->fails && stream->done == stream->len)
    return ul_throw (error, UL_ERROR_FAILED, "stream broke");
  const gsize n = MIN (MIN (len, stream->piece), stream->len - stream->done);
  memcpy (buffer, stream->data + stream->done, n);
  stream->done += n;
  *out_n = n;
  return TRUE;
}

static const gsize sizes[] = {
  0, 1, 4096, UL_SCRATCH_CHUNK - 1, UL_SCRATCH_CHUNK, UL_SCRATCH_CHUNK + 1, 3 * UL_SCRATCH_CHUNK + 7
};

/* Calls @check for the same bytes as memory, descriptor and stream. */
static void
with_each_kind (void (*check) (const UlSource *source, const guint8 *data, gsize len))
{
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      const gsize len = sizes[i];
      g_autofree guint8 *data = fixture_data (len);
      check (&(UlSource){ .data = data, .fd = -1, .size = len }, data, len);
      fixture_put ("source", data, len);
      ul_autofd int fd = open ("source", O_RDONLY | O_CLOEXEC);
      check (&(UlSource){ .fd = fd, .size = len }, data, len);
      Stream stream = { .data = data, .len = len, .piece = 1000 };
      check (&(UlSource){ .read = read_stream, .user = &stream, .fd = -1, .size = len }, data, len);
    }
}

static void
check_hash (const UlSource *source, const guint8 *data, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  UlScratch scratch = { 0 };
  UlChecksum got, expected;
  ul_hasher_start (hasher);
  g_assert_true (ul_source_hash (source, &scratch, hasher, &error));
  g_assert_no_error (error);
  ul_hasher_finish (hasher, &got);
  ul_checksum_of_data (data, len, &expected);
  g_assert_true (ul_checksum_equal (&got, &expected));
  ul_scratch_clear (&scratch);
  ul_scratch_clear (&scratch);
}

static void
test_hash (void)
{
  with_each_kind (check_hash);
}

static void
check_write (const UlSource *source, const guint8 *data, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlHasher) tee = ul_hasher_new ();
  UlScratch scratch = { 0 };
  UlChecksum got, expected;
  fixture_put ("written", "", 0);
  ul_autofd int fd = open ("written", O_WRONLY | O_CLOEXEC);
  ul_hasher_start (tee);
  g_assert_true (ul_source_write (source, &scratch, fd, tee, &error));
  g_assert_no_error (error);
  ul_hasher_finish (tee, &got);
  ul_checksum_of_data (data, len, &expected);
  g_assert_true (ul_checksum_equal (&got, &expected));
  gsize written_len;
  g_autofree char *written = fixture_get ("written", &written_len);
  g_assert_cmpmem (written, written_len, data, len);
  ul_scratch_clear (&scratch);
}

static void
test_write (void)
{
  with_each_kind (check_write);
}

static void
check_whole (const UlSource *source, const guint8 *data, gsize len)
{
  g_autoptr (GError) error = NULL;
  UlScratch scratch = { 0 };
  const guint8 *whole;
  g_assert_true (ul_source_get_whole (source, &scratch, &whole, &error));
  g_assert_no_error (error);
  g_assert_true (len == 0 || memcmp (whole, data, len) == 0);
  ul_scratch_clear (&scratch);
}

static void
test_whole (void)
{
  with_each_kind (check_whole);
}

/* The file has become shorter since its size was asked, or the stream is shorter than promised. */
static void
test_ends_early (void)
{
  g_autofree guint8 *data = fixture_data (200000);
  fixture_put ("short", data, 150000);
  ul_autofd int fd = open ("short", O_RDONLY | O_CLOEXEC);
  for (guint kind = 0; kind < 2; kind++)
    for (guint call = 0; call < 3; call++)
      {
        g_autoptr (GError) error = NULL;
        g_autoptr (UlHasher) hasher = ul_hasher_new ();
        UlScratch scratch = { 0 };
        const guint8 *whole;
        Stream stream = { .data = data, .len = 150000, .piece = 4096 };
        UlSource source = { .fd = fd, .size = 200000 };
        if (kind == 1)
          source = (UlSource){ .read = read_stream, .user = &stream, .fd = -1, .size = 200000 };
        ul_hasher_start (hasher);
        ul_autofd int to = open ("/dev/null", O_WRONLY | O_CLOEXEC);
        g_assert_false (call == 0   ? ul_source_hash (&source, &scratch, hasher, &error)
                        : call == 1 ? ul_source_write (&source, &scratch, to, NULL, &error)
                                    : ul_source_get_whole (&source, &scratch, &whole, &error));
        g_assert_error (error, UL_ERROR, UL_ERROR_FAILED);
        ul_scratch_clear (&scratch);
      }
}

static void
test_longer (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *data = fixture_data (1000);
  fixture_put ("longer", data, 1000);
  ul_autofd int fd = open ("longer", O_RDONLY | O_CLOEXEC);
  UlScratch scratch = { 0 };
  const guint8 *whole;
  /* Exactly the size that was said, wherever the descriptor stands. */
  g_assert_cmpint (lseek (fd, 500, SEEK_SET), ==, 500);
  g_assert_true (
      ul_source_get_whole (&(UlSource){ .fd = fd, .size = 600 }, &scratch, &whole, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (whole, 600, data, 600);
  ul_scratch_clear (&scratch);
}

static void
test_stream_fails (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *data = fixture_data (1000);
  Stream stream = { .data = data, .len = 500, .piece = 100, .fails = TRUE };
  const UlSource source = { .read = read_stream, .user = &stream, .fd = -1, .size = 1000 };
  UlScratch scratch = { 0 };
  const guint8 *whole;
  g_assert_false (ul_source_get_whole (&source, &scratch, &whole, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, "stream broke");
  ul_scratch_clear (&scratch);
}

static void
test_scratch_grows (void)
{
  UlScratch scratch = { 0 };
  static const gsize wants[] = { 10, 100000, 50, 100001, UL_SOURCE_WHOLE_MAX };
  for (guint i = 0; i < G_N_ELEMENTS (wants); i++)
    {
      memset (ul_scratch_whole (&scratch, wants[i]), 1, wants[i]);
      memset (ul_scratch_packed (&scratch, wants[i]), 2, wants[i]);
    }
  g_assert_cmpint (scratch.whole[0], ==, 1);
  memset (ul_scratch_chunk (&scratch), 3, UL_SCRATCH_CHUNK);
  ul_scratch_clear (&scratch);
  g_assert_null (scratch.whole);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Source/hash-of-each-kind", test_hash);
  g_test_add_func ("/Source/write-of-each-kind", test_write);
  g_test_add_func ("/Source/whole-of-each-kind", test_whole);
  g_test_add_func ("/Source/ends-early", test_ends_early);
  g_test_add_func ("/Source/no-more-than-the-size", test_longer);
  g_test_add_func ("/Source/stream-fails", test_stream_fails);
  g_test_add_func ("/Source/scratch-grows", test_scratch_grows);
  return g_test_run ();
}
