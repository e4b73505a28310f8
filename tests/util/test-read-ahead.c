// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/read-ahead.h"

#include <string.h>

#include "util/error.h"

/* Pieces of other sizes, of bytes that tell their place. */
typedef struct
{
  guint pieces;
  guint done;
  gboolean fails;     /* behind the last piece */
  guint8 bytes[1000]; /* of the last piece: it changes with the next, as a stream's may */
} Source;

static gsize
size_of (guint piece)
{
  return 1 + piece * 37 % sizeof ((Source *) NULL)->bytes;
}

static gboolean
read_piece (gpointer data, const guint8 **out_bytes, gsize *out_n, GError **error)
{
  Source *self = data;
  *out_n = 0;
  if (self->done == self->pieces)
    return !self->fails || ul_throw (error, UL_ERROR_CORRUPT, "cut off");
  memset (self->bytes, (int) (self->done % 256), sizeof self->bytes);
  *out_n = size_of (self->done++);
  *out_bytes = self->bytes;
  return TRUE;
}

static void
assert_pieces (UlStream *stream, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      const guint8 *bytes;
      gsize len;
      g_assert_true (stream->read (stream->data, &bytes, &len, NULL));
      g_assert_cmpuint (len, ==, size_of (i));
      for (gsize j = 0; j < len; j++)
        g_assert_cmpuint (bytes[j], ==, i % 256);
    }
}

static void
test_all (void)
{
  for (guint n = 0; n < 100; n += 9)
    {
      Source source = { .pieces = n };
      const UlStream from = { .read = read_piece, .data = &source };
      g_autoptr (UlReadAhead) ahead = ul_read_ahead_new (&from);
      UlStream stream = ul_read_ahead_stream (ahead);
      const guint8 *bytes;
      gsize len;
      assert_pieces (&stream, n);
      for (guint i = 0; i < 2; i++)
        {
          g_assert_true (stream.read (stream.data, &bytes, &len, NULL));
          g_assert_cmpuint (len, ==, 0);
        }
    }
}

static void
test_error (void)
{
  for (guint n = 0; n < 10; n++)
    {
      Source source = { .pieces = n, .fails = TRUE };
      const UlStream from = { .read = read_piece, .data = &source };
      g_autoptr (UlReadAhead) ahead = ul_read_ahead_new (&from);
      UlStream stream = ul_read_ahead_stream (ahead);
      const guint8 *bytes;
      gsize len;
      assert_pieces (&stream, n);
      for (guint i = 0; i < 2; i++)
        {
          g_autoptr (GError) error = NULL;
          g_assert_false (stream.read (stream.data, &bytes, &len, &error));
          g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
        }
    }
}

/* Of a source that has more: it isn't read any more afterwards. */
static void
test_finish (void)
{
  for (guint n = 0; n < 20; n++)
    {
      Source source = { .pieces = 1000, .fails = TRUE };
      const UlStream from = { .read = read_piece, .data = &source };
      g_autoptr (UlReadAhead) ahead = ul_read_ahead_new (&from);
      UlStream stream = ul_read_ahead_stream (ahead);
      const guint8 *bytes;
      gsize len = 1;
      assert_pieces (&stream, n);
      ul_read_ahead_finish (ahead);
      const guint done = source.done;
      g_assert_cmpuint (done, <=, n + 8);
      ul_read_ahead_finish (ahead);
      if (n > 0)
        {
          g_assert_true (stream.read (stream.data, &bytes, &len, NULL));
          g_assert_cmpuint (len, ==, 0);
        }
      g_assert_cmpuint (source.done, ==, done);
    }
}

/* Every other piece of it stays. */
typedef struct
{
  Source source;
  gint held; /* atomic: of these, not given back yet */
} HeldSource;

static gboolean
read_held (gpointer data, const guint8 **out_bytes, gsize *out_n, GError **error)
{
  HeldSource *self = data;
  return read_piece (&self->source, out_bytes, out_n, error);
}

typedef struct
{
  gint *held;
  guint8 bytes[];
} HeldPiece;

static void
give_back (gpointer data)
{
  HeldPiece *piece = data;
  g_atomic_int_add (piece->held, -1);
  g_free (piece);
}

static GBytes *
hold (gpointer data)
{
  HeldSource *self = data;
  const gsize len = size_of (self->source.done - 1);
  if (self->source.done % 2 == 0)
    return NULL;
  g_atomic_int_inc (&self->held);
  HeldPiece *piece = g_malloc (sizeof *piece + len);
  piece->held = &self->held;
  memcpy (piece->bytes, self->source.bytes, len);
  return g_bytes_new_with_free_func (piece->bytes, len, give_back, piece);
}

static void
test_hold (void)
{
  for (guint n = 0; n < 100; n += 9)
    {
      HeldSource source = { .source.pieces = 100 };
      const UlStream from = { .read = read_held, .data = &source, .hold = hold };
      g_autoptr (UlReadAhead) ahead = ul_read_ahead_new (&from);
      UlStream stream = ul_read_ahead_stream (ahead);
      assert_pieces (&stream, n);
      g_assert_cmpint (g_atomic_int_get (&source.held), <=, 4);
      g_clear_pointer (&ahead, ul_read_ahead_free);
      g_assert_cmpint (source.held, ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/read-ahead/all", test_all);
  g_test_add_func ("/read-ahead/error", test_error);
  g_test_add_func ("/read-ahead/finish", test_finish);
  g_test_add_func ("/read-ahead/hold", test_hold);
  return g_test_run ();
}
