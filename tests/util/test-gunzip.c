// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/gunzip.h"

#include "gzips.h"
#include "pieces.h"

/* Unpacked, or NULL with an error. Matches and literals say the same as the content. */
static GByteArray *
unpack (Pieces *pieces, GError **error)
{
  const UlStream stream = { .read = read_piece, .data = pieces };
  g_autoptr (UlGunzip) gunzip = ul_gunzip_new (&stream);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  guint64 said = 0;
  gboolean more = TRUE;
  while (more)
    {
      gsize marks = 0;
      guint64 at = out->len;
      const UlGunzipChunk *chunk = ul_gunzip_read (gunzip, &more, error);
      if (chunk == NULL)
        return NULL;
      g_byte_array_append (out, chunk->content, (guint) chunk->len);
      for (gsize i = 0; i < chunk->n_matches; i++)
        {
          const UlGunzipMatch *match = &chunk->matches[i];
          const guint length = MIN (match->length, UL_DEFLATE_MAX_MATCH);
          said += match->literals + length;
          at += match->literals;
          marks += match->length == 0;
          g_assert_cmpuint (at + length, <=, out->len);
          if (length == 0)
            continue;
          g_assert_cmpuint (length, >=, UL_DEFLATE_MIN_MATCH);
          g_assert_cmpuint (match->distance, >, 0);
          g_assert_cmpuint (match->distance, <=, at);
          for (guint k = 0; k < length; k++)
            g_assert_cmpuint (out->data[at + k], ==, out->data[at + k - match->distance]);
          at += length;
        }
      said += out->len - at;
      g_assert_cmpuint (marks, ==, chunk->n_marks);
    }
  g_assert_cmpuint (said, ==, out->len);
  return g_steal_pointer (&out);
}

static void
test_packings (void)
{
  static const gsize sizes[] = { 1, 777, 1000000 };
  for (guint which = 0; which < CONTENT_N; which++)
    for (guint i = 0; i < G_N_ELEMENTS (packings); i++)
      for (guint k = 0; k < G_N_ELEMENTS (sizes); k++)
        {
          g_autoptr (GError) error = NULL;
          g_autoptr (GByteArray) content = content_new (which);
          g_autoptr (GByteArray) packed = g_byte_array_new ();
          gzip_add (packed, content, &packings[i]);
          Pieces pieces = { .data = packed->data, .len = packed->len, .piece = sizes[k] };
          g_autoptr (GByteArray) back = unpack (&pieces, &error);
          g_assert_no_error (error);
          g_assert_cmpmem (back->data, back->len, content->data, content->len);
        }
}

/* One of each content, each in a member packed in another way. */
static void
add_members (GByteArray *content, GByteArray *packed)
{
  for (guint which = 0; which < CONTENT_N; which++)
    {
      g_autoptr (GByteArray) one = content_new (which);
      gzip_add (packed, one, &packings[which]);
      g_byte_array_append (content, one->data, one->len);
    }
}

/* Chunks that somebody has a reference to stay as they are, also when it's gone; each has what was
 * before it in front. */
static void
test_kept_chunks (void)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();
  add_members (content, packed);
  g_assert_cmpuint (content->len, >, 1024 * 1024);
  Pieces pieces = { .data = packed->data, .len = packed->len, .piece = 5000 };
  const UlStream stream = { .read = read_piece, .data = &pieces };
  UlGunzip *gunzip = ul_gunzip_new (&stream);
  gboolean more = TRUE;
  gsize at = 0;
  for (guint i = 0; more; i++)
    {
      g_autoptr (GError) error = NULL;
      const UlGunzipChunk *chunk = ul_gunzip_read (gunzip, &more, &error);
      g_assert_no_error (error);
      if (i % 3 != 2)
        g_ptr_array_add (kept, ul_gunzip_chunk_bytes (chunk));
      else
        g_ptr_array_add (kept, g_bytes_new (chunk->content, chunk->len));
      g_assert_cmpuint (chunk->before, ==, MIN (at, UL_GUNZIP_BEFORE));
      g_assert_cmpmem (chunk->content - chunk->before, chunk->before + chunk->len,
                       content->data + at - chunk->before, chunk->before + chunk->len);
      at += chunk->len;
    }
  ul_gunzip_free (gunzip);
  at = 0;
  for (guint i = 0; i < kept->len; i++)
    {
      gsize len;
      const guint8 *bytes = g_bytes_get_data (kept->pdata[i], &len);
      g_assert_cmpmem (bytes, len, content->data + at, len);
      at += len;
      g_bytes_unref (kept->pdata[i]);
    }
  g_assert_cmpuint (at, ==, content->len);
}

/* What comes behind the last member is none of the content. */
static void
test_members (void)
{
  static const char *const tails[] = { "", "x", "\x1f", "\x1fxx", "a tail", "\x1f\x8b" };
  g_autoptr (GByteArray) content = g_byte_array_new ();
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  add_members (content, packed);
  for (guint i = 0; i < G_N_ELEMENTS (tails); i++)
    {
      g_autoptr (GByteArray) all = g_byte_array_new ();
      g_byte_array_append (all, packed->data, packed->len);
      g_byte_array_append (all, (const guint8 *) tails[i], (guint) strlen (tails[i]));
      Pieces pieces = { .data = all->data, .len = all->len, .piece = 4096 };
      g_autoptr (GError) error = NULL;
      g_autoptr (GByteArray) back = unpack (&pieces, &error);
      if (tails[i][0] == '\x1f')
        {
          g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
          continue;
        }
      g_assert_no_error (error);
      g_assert_cmpmem (back->data, back->len, content->data, content->len);
      g_assert_cmpuint (pieces.len, ==, 0);
    }
}

static void
test_long_tail (void)
{
  g_autoptr (GByteArray) content = content_new (CONTENT_BYTE);
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  gzip_add (packed, content, &packings[0]);
  const guint len = packed->len;
  g_byte_array_set_size (packed, len + UL_GUNZIP_MAX_TAIL + 1);
  memset (packed->data + len, 0, UL_GUNZIP_MAX_TAIL + 1);
  Pieces pieces = { .data = packed->data, .len = packed->len - 1, .piece = 100000 };
  g_autoptr (GByteArray) back = unpack (&pieces, &error);
  g_assert_no_error (error);
  Pieces more = { .data = packed->data, .len = packed->len, .piece = 100000 };
  g_assert_null (unpack (&more, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
}

/* A name of any length up to a limit, wherever its member begins. */
static void
test_long_name (void)
{
  static const guint8 begin[] = { 0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3 };
  static const guint8 end[] = { 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  for (guint i = 0; i < 4; i++)
    {
      const gboolean is_longer = i & 1;
      g_autoptr (GError) error = NULL;
      g_autoptr (GByteArray) content = content_new (CONTENT_NOTHING);
      g_autoptr (GByteArray) packed = g_byte_array_new ();
      while (i >= 2 && packed->len < 100000)
        gzip_add (packed, content, &packings[0]);
      g_byte_array_append (packed, begin, sizeof begin);
      const guint len = packed->len;
      g_byte_array_set_size (packed, len + (is_longer ? 131072 : 131061));
      memset (packed->data + len, 'n', packed->len - len);
      g_byte_array_append (packed, end, sizeof end);
      Pieces pieces = { .data = packed->data, .len = packed->len, .piece = 5000 };
      g_autoptr (GByteArray) back = unpack (&pieces, &error);
      g_assert_true ((back != NULL) == !is_longer);
      if (is_longer)
        g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
}

/* With any bit changed, or cut off anywhere, zlib and we say the same. */
static void
test_damage (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (packings); i++)
    {
      g_autoptr (GByteArray) content = content_new (CONTENT_TEXT);
      g_autoptr (GByteArray) packed = g_byte_array_new ();
      g_byte_array_set_size (content, 400);
      gzip_add (packed, content, &packings[i]);
      for (guint bit = 16; bit < packed->len * 8; bit++)
        {
          packed->data[bit / 8] ^= (guint8) (1U << bit % 8);
          g_autoptr (GByteArray) theirs = gzip_judge (packed->data, packed->len);
          Pieces pieces = { .data = packed->data, .len = packed->len, .piece = 64 };
          g_autoptr (GError) error = NULL;
          g_autoptr (GByteArray) ours = unpack (&pieces, &error);
          if ((theirs != NULL) != (ours != NULL))
            g_error ("packing %u, bit %u: %s", i, bit, theirs ? "zlib takes it" : "we take it");
          if (ours != NULL)
            g_assert_cmpmem (ours->data, ours->len, theirs->data, theirs->len);
          else
            g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
          packed->data[bit / 8] ^= (guint8) (1U << bit % 8);
        }
      for (guint len = 0; len < packed->len; len++)
        {
          g_autoptr (GError) error = NULL;
          Pieces pieces = { .data = packed->data, .len = len, .piece = 64 };
          g_assert_null (unpack (&pieces, &error));
          g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
        }
    }
}

static void
test_source_fails (void)
{
  g_autoptr (GByteArray) content = content_new (CONTENT_COPIES);
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  gzip_add (packed, content, &packings[0]);
  for (gsize len = 0; len <= packed->len; len += packed->len / 7 + 1)
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
  g_test_add_func ("/gunzip/packings", test_packings);
  g_test_add_func ("/gunzip/kept-chunks", test_kept_chunks);
  g_test_add_func ("/gunzip/members", test_members);
  g_test_add_func ("/gunzip/long-tail", test_long_tail);
  g_test_add_func ("/gunzip/long-name", test_long_name);
  g_test_add_func ("/gunzip/damage", test_damage);
  g_test_add_func ("/gunzip/source-fails", test_source_fails);
  return g_test_run ();
}
