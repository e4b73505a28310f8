// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/deflate.h"

#include <fcntl.h>
#include <zlib.h>

#include "fixture.h"
#include "util/error.h"
#include "util/fd.h"

#define MIB (1024 * 1024)

typedef enum
{
  TEXT,
  ZEROS,
  NOISE,
  MIXED, /* a MiB of text, a MiB of noise, ... */
  N_KINDS
} Kind;

static guint8 *
make_data (Kind kind, gsize len)
{
  guint8 *data = g_malloc0 (len + 8);
  guint64 state = 88172645463325252u;
  for (gsize i = 0; i < len && kind != ZEROS; i += 8)
    {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      const gboolean noise = kind == NOISE || (kind == MIXED && i / MIB % 2 == 1);
      const guint64 word
          = noise ? state : (state & G_GUINT64_CONSTANT (0x0f000f0003000f01)) + 0x6161616161616161u;
      memcpy (data + i, &word, sizeof word);
    }
  return data;
}

/* By zlib alone, which knows nothing of how it was packed. */
static void
assert_unpacks_to (const char *path, const guint8 *data, gsize len)
{
  gsize packed_len;
  g_autofree char *packed = fixture_get (path, &packed_len);
  g_autofree guint8 *out = g_malloc (len + 1);
  z_stream z = { .next_in = (guint8 *) packed, .avail_in = (uInt) packed_len };
  g_assert_cmpint (inflateInit2 (&z, -MAX_WBITS), ==, Z_OK);
  z.next_out = out;
  z.avail_out = (uInt) len + 1;
  g_assert_cmpint (inflate (&z, Z_FINISH), ==, Z_STREAM_END);
  g_assert_cmpuint (z.avail_in, ==, 0);
  g_assert_cmpmem (out, z.total_out, data, len);
  inflateEnd (&z);
}

static void
assert_reads_back (const char *path, const guint8 *data, gsize len, gsize piece)
{
  ul_autofd int fd = open (path, O_RDONLY | O_CLOEXEC);
  UlInflate *inflater = ul_inflate_new (fd);
  g_autofree guint8 *out = g_malloc (len + piece);
  gsize have = 0;
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      gsize n;
      g_assert_true (ul_inflate_read (inflater, out + have, piece, &n, &error));
      g_assert_no_error (error);
      if (n == 0)
        break;
      have += n;
      g_assert_cmpuint (have, <=, len);
    }
  g_assert_cmpmem (out, have, data, len);
  ul_inflate_free (inflater);
}

static void
pack_whole (const guint8 *data, gsize len, UlScratch *scratch, gint level, const char *path)
{
  const guint8 *packed;
  gsize packed_len;
  ul_deflate_whole (data, len, scratch, level, &packed, &packed_len);
  fixture_put (path, packed, packed_len);
}

static void
test_whole (void)
{
  static const gsize sizes[] = { 0, 1, 2, 255, 65535, 65536, 70000, 200000 };
  static const gint levels[] = { 0, 1, 6, 9 };
  for (guint kind = 0; kind < N_KINDS; kind++)
    for (guint l = 0; l < G_N_ELEMENTS (levels); l++)
      {
        UlScratch scratch = { 0 }; /* a compressor is of one level */
        for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
          {
            g_autofree guint8 *data = make_data ((Kind) kind, sizes[s]);
            pack_whole (data, sizes[s], &scratch, levels[l], "whole");
            assert_unpacks_to ("whole", data, sizes[s]);
            assert_reads_back ("whole", data, sizes[s], 30000);
          }
        ul_scratch_clear (&scratch);
      }
}

static void
test_whole_largest (void)
{
  static const gsize sizes[] = { UL_SOURCE_WHOLE_MAX - 1, UL_SOURCE_WHOLE_MAX };
  UlScratch scratch = { 0 };
  for (guint kind = 0; kind < N_KINDS; kind++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      {
        g_autofree guint8 *data = make_data ((Kind) kind, sizes[s]);
        pack_whole (data, sizes[s], &scratch, 6, "largest");
        assert_unpacks_to ("largest", data, sizes[s]);
      }
  ul_scratch_clear (&scratch);
}

static void
pack_stream (const UlSource *source, guint jobs, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlHasher) tee = ul_hasher_new ();
  fixture_put (path, "", 0);
  ul_autofd int fd = open (path, O_WRONLY | O_CLOEXEC);
  ul_hasher_start (tee);
  g_assert_true (ul_deflate_stream (source, 6, jobs, fd, tee, &error));
  g_assert_no_error (error);
  if (source->data != NULL)
    {
      UlChecksum got, expected;
      ul_hasher_finish (tee, &got);
      ul_checksum_of_data (source->data, (gsize) source->size, &expected);
      g_assert_true (ul_checksum_equal (&got, &expected));
    }
}

static void
test_stream (void)
{
  static const gsize sizes[] = { 1, MIB, MIB + 1, 4 * MIB + 1 };
  for (guint kind = 0; kind < N_KINDS; kind++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      {
        g_autofree guint8 *data = make_data ((Kind) kind, sizes[s]);
        const UlSource source = { .data = data, .fd = -1, .size = sizes[s] };
        pack_stream (&source, 2, "stream");
        assert_unpacks_to ("stream", data, sizes[s]);
      }
}

/* How a chunk ends decides how the next is joined to it: try many ends. */
static void
test_stream_joints (void)
{
  const gsize len = 2 * MIB + 100;
  g_autofree guint8 *data = make_data (ZEROS, len);
  for (guint i = 0; i < 16; i++)
    {
      for (gsize k = 0; k < i; k++)
        data[MIB - 1 - k] = (guint8) (k * 37 + i);
      const UlSource source = { .data = data, .fd = -1, .size = len };
      pack_stream (&source, 1, "joints");
      assert_unpacks_to ("joints", data, len);
    }
}

static void
test_stream_jobs (void)
{
  const gsize len = 4 * MIB + 7;
  g_autofree guint8 *data = make_data (MIXED, len);
  const UlSource source = { .data = data, .fd = -1, .size = len };
  pack_stream (&source, 1, "jobs-1");
  gsize len_1;
  g_autofree char *one = fixture_get ("jobs-1", &len_1);
  static const guint jobs[] = { 0, 2, 8 };
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      gsize n;
      pack_stream (&source, jobs[i], "jobs-n");
      g_autofree char *many = fixture_get ("jobs-n", &n);
      g_assert_cmpmem (many, n, one, len_1);
    }
}

static void
test_stream_short_source (void)
{
  g_autofree guint8 *data = make_data (TEXT, 2 * MIB);
  fixture_put ("short", data, 2 * MIB);
  static const guint jobs[] = { 1, 2, 8 };
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      g_autoptr (GError) error = NULL;
      ul_autofd int from = open ("short", O_RDONLY | O_CLOEXEC);
      ul_autofd int to = open ("/dev/null", O_WRONLY | O_CLOEXEC);
      const UlSource source = { .fd = from, .size = 5 * MIB };
      g_assert_false (ul_deflate_stream (&source, 6, jobs[i], to, NULL, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_FAILED);
    }
}

static void
test_stream_full_disk (void)
{
  g_autoptr (GError) error = NULL;
  ul_autofd int to = open ("/dev/full", O_WRONLY | O_CLOEXEC);
  if (to < 0)
    {
      g_test_skip ("no /dev/full");
      return;
    }
  g_autofree guint8 *data = make_data (NOISE, 4 * MIB);
  const UlSource source = { .data = data, .fd = -1, .size = 4 * MIB };
  g_assert_false (ul_deflate_stream (&source, 6, 2, to, NULL, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NO_SPACE);
}

static void
test_small_reads (void)
{
  UlScratch scratch = { 0 };
  g_autofree guint8 *data = make_data (TEXT, 5000);
  pack_whole (data, 5000, &scratch, 6, "small");
  assert_reads_back ("small", data, 5000, 1);
  assert_reads_back ("small", data, 5000, 7);
  assert_reads_back ("small", data, 5000, 5000);
  ul_scratch_clear (&scratch);
}

static void
test_read_nothing (void)
{
  g_autoptr (GError) error = NULL;
  UlScratch scratch = { 0 };
  pack_whole ((const guint8 *) "abc", 3, &scratch, 6, "nothing");
  ul_autofd int fd = open ("nothing", O_RDONLY | O_CLOEXEC);
  UlInflate *inflater = ul_inflate_new (fd);
  char buffer[8];
  gsize n = 42;
  g_assert_true (ul_inflate_read (inflater, buffer, 0, &n, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 0);
  g_assert_true (ul_inflate_read (inflater, buffer, sizeof buffer, &n, &error));
  g_assert_cmpmem (buffer, n, "abc", 3);
  ul_inflate_free (inflater);
  ul_scratch_clear (&scratch);
}

/* Reads to the end or the error. */
static gboolean
read_all (const char *path, GError **error)
{
  ul_autofd int fd = open (path, O_RDONLY | O_CLOEXEC);
  UlInflate *inflater = ul_inflate_new (fd);
  guint8 buffer[4096];
  gsize n = 1;
  gboolean ok = TRUE;
  while (ok && n > 0)
    ok = ul_inflate_read (inflater, buffer, sizeof buffer, &n, error);
  ul_inflate_free (inflater);
  return ok;
}

static void
test_broken (void)
{
  UlScratch scratch = { 0 };
  g_autofree guint8 *data = make_data (TEXT, 3000);
  const guint8 *packed;
  gsize len;
  ul_deflate_whole (data, 3000, &scratch, 6, &packed, &len);
  g_autofree guint8 *copy = g_malloc0 (len + 1);
  memcpy (copy, packed, len);
  for (gsize cut = 0; cut < len; cut += 1 + cut / 64)
    {
      g_autoptr (GError) error = NULL;
      fixture_put ("broken", copy, cut);
      g_assert_false (read_all ("broken", &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
  g_autoptr (GError) trailing = NULL;
  fixture_put ("broken", copy, len + 1);
  g_assert_false (read_all ("broken", &trailing));
  g_assert_error (trailing, UL_ERROR, UL_ERROR_CORRUPT);

  /* Damage may go unseen here (the checksum tells), but it can't hang or overrun. */
  guint seen = 0;
  for (gsize i = 0; i < len; i += 1 + len / 300)
    {
      g_autoptr (GError) error = NULL;
      copy[i] ^= 0xff;
      fixture_put ("broken", copy, len);
      if (!read_all ("broken", &error))
        {
          g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
          seen++;
        }
      copy[i] ^= 0xff;
    }
  g_assert_cmpuint (seen, >, 0);
  ul_scratch_clear (&scratch);
}

static void
test_incompressible (void)
{
  g_autofree guint8 *noise = make_data (NOISE, MIB);
  g_autofree guint8 *text = make_data (TEXT, MIB);
  g_assert_true (ul_deflate_is_incompressible (noise, MIB));
  g_assert_false (ul_deflate_is_incompressible (text, MIB));
  g_assert_false (ul_deflate_is_incompressible (noise, 1000));
  g_assert_false (ul_deflate_is_incompressible (noise, 0));
  UlScratch scratch = { 0 };
  const guint8 *packed;
  gsize len;
  ul_deflate_whole (noise, MIB, &scratch, 6, &packed, &len);
  g_assert_cmpuint (len, <, MIB + MIB / 1000);
  ul_scratch_clear (&scratch);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Deflate/whole-round-trips", test_whole);
  g_test_add_func ("/Deflate/largest-whole", test_whole_largest);
  g_test_add_func ("/Deflate/stream-round-trips", test_stream);
  g_test_add_func ("/Deflate/stream-joints", test_stream_joints);
  g_test_add_func ("/Deflate/bytes-do-not-depend-on-jobs", test_stream_jobs);
  g_test_add_func ("/Deflate/stream-of-short-source", test_stream_short_source);
  g_test_add_func ("/Deflate/stream-to-full-disk", test_stream_full_disk);
  g_test_add_func ("/Deflate/small-reads", test_small_reads);
  g_test_add_func ("/Deflate/read-of-no-bytes-returns", test_read_nothing);
  g_test_add_func ("/Deflate/truncated-trailing-and-damaged", test_broken);
  g_test_add_func ("/Deflate/incompressible-costs-little", test_incompressible);
  return g_test_run ();
}
