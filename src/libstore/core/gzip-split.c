// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/gzip-split.h"

#include "core/gzip-split-private.h"
#include "core/varint.h"

/* Of a section: a frame is written when one has more. */
#define FRAME (128 * 1024)

/* Of a frame: in the order they are written. */
typedef enum
{
  CODES,
  DISTANCES,
  NUMBERS,
  BITS,
} Section;

struct _UlGzipSplitWriter
{
  UlGzipSplitSink sink;
  gpointer data;
  gboolean begun;
  guint64 literals; /* before the next match */
  guint64 done;     /* bytes of content in chunks before */
  GByteArray *bits;
  gsize lengths[BITS]; /* of those below */
  guint8 codes[FRAME];
  guint8 distances[2 * FRAME];
  guint8 numbers[FRAME + 2 * UL_VARINT_MAX];
  UlGzipSplitTable table;
};

UlGzipSplitWriter *
ul_gzip_split_writer_new (UlGzipSplitSink sink, gpointer data)
{
  UlGzipSplitWriter *self = g_new0 (UlGzipSplitWriter, 1);
  self->sink = sink;
  self->data = data;
  self->bits = g_byte_array_new ();
  return self;
}

void
ul_gzip_split_writer_free (UlGzipSplitWriter *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->bits);
  g_free (self);
}

static gboolean
begin (UlGzipSplitWriter *self, GError **error)
{
  if (self->begun)
    return TRUE;
  self->begun = TRUE;
  return self->sink (UL_GZIP_SPLIT_MAGIC, strlen (UL_GZIP_SPLIT_MAGIC), self->data, error);
}

static gboolean
flush (UlGzipSplitWriter *self, GError **error)
{
  const guint8 *const sections[UL_GZIP_SPLIT_SECTIONS]
      = { self->codes, self->distances, self->numbers, self->bits->data };
  const gsize lengths[UL_GZIP_SPLIT_SECTIONS]
      = { self->lengths[CODES], self->lengths[DISTANCES], self->lengths[NUMBERS], self->bits->len };
  guint8 numbers[UL_GZIP_SPLIT_SECTIONS * UL_VARINT_MAX];
  guint8 *end = numbers;
  for (guint i = 0; i < UL_GZIP_SPLIT_SECTIONS; i++)
    end = ul_varint_put (end, lengths[i]);
  if (!self->sink (numbers, (gsize) (end - numbers), self->data, error))
    return FALSE;
  for (guint i = 0; i < UL_GZIP_SPLIT_SECTIONS; i++)
    if (lengths[i] > 0 && !self->sink (sections[i], lengths[i], self->data, error))
      return FALSE;
  memset (self->lengths, 0, sizeof self->lengths);
  g_byte_array_set_size (self->bits, 0);
  return TRUE;
}

/* After each code. */
static inline gboolean
flush_if_full (UlGzipSplitWriter *self, GError **error)
{
  if (G_LIKELY (self->lengths[CODES] < FRAME && self->lengths[NUMBERS] < FRAME
                && self->bits->len < FRAME))
    return TRUE;
  return flush (self, error);
}

static inline void
put_code (UlGzipSplitWriter *self, guint code)
{
  self->codes[self->lengths[CODES]++] = (guint8) code;
}

static void
put_number (UlGzipSplitWriter *self, guint64 value)
{
  guint8 *at = self->numbers + self->lengths[NUMBERS];
  self->lengths[NUMBERS] += (gsize) (ul_varint_put (at, value) - at);
}

static void
put_mark (UlGzipSplitWriter *self, const UlGunzipMark *mark, const guint8 *bits)
{
  guint8 numbers[2 * UL_VARINT_MAX];
  const guint8 *end = ul_varint_put (ul_varint_put (numbers, mark->type), mark->n_bits);
  put_code (self, UL_GZIP_SPLIT_MARK);
  put_number (self, self->literals);
  self->literals = 0;
  g_byte_array_append (self->bits, numbers, (guint) (end - numbers));
  g_byte_array_append (self->bits, bits + mark->bytes, (mark->n_bits + 7) / 8);
}

/* Which of the last places of these bytes it is; UL_GZIP_SPLIT_PLACES for none. Without a branch:
 * no CPU can foretell it. */
static inline guint
find_place (guint64 places, guint16 place)
{
  const guint64 ones = G_GUINT64_CONSTANT (0x0001000100010001);
  const guint64 other = places ^ (ones * place);
  /* The lowest bit that is set is the top one of the first 16 that are 0. */
  const guint64 zeros = (other - ones) & ~other & (ones << 15);
  /* These bits side by side, and one above them. */
  const guint64 together = (zeros >> 15) * G_GUINT64_CONSTANT (0x0001000200040008) >> 48;
  return (guint) __builtin_ctz ((guint) together | 1U << UL_GZIP_SPLIT_PLACES);
}

/* @ahead: bytes known from @at on. What can't be judged by these is said. */
static inline void
put_match (UlGzipSplitWriter *self, const UlGunzipMatch *match, const guint8 *at, gsize ahead,
           guint64 place)
{
  guint code = UL_GZIP_SPLIT_SAID_DISTANCE;
  const gboolean is_said = match->length > UL_DEFLATE_MAX_MATCH
                           || (match->length < UL_DEFLATE_MAX_MATCH
                               && (match->length >= ahead
                                   || at[match->length] == at[match->length - match->distance]));
  if (ahead >= UL_GZIP_SPLIT_HASHED)
    code = find_place (*ul_gzip_split_table_at (&self->table, at),
                       (guint16) (place - match->distance));
  /* Always written, but only then counted: which it is can't be foretold, by a CPU either. */
  self->distances[self->lengths[DISTANCES]] = (guint8) match->distance;
  self->distances[self->lengths[DISTANCES] + 1] = (guint8) (match->distance >> 8);
  self->lengths[DISTANCES] += code / UL_GZIP_SPLIT_SAID_DISTANCE * 2;
  if (self->literals >= UL_GZIP_SPLIT_MANY_LITERALS)
    put_number (self, self->literals - UL_GZIP_SPLIT_MANY_LITERALS);
  if (G_UNLIKELY (is_said))
    {
      put_number (self, match->length);
      code += UL_GZIP_SPLIT_SAID_LENGTH;
    }
  code += (guint) MIN (self->literals, UL_GZIP_SPLIT_MANY_LITERALS) * UL_GZIP_SPLIT_WAYS;
  put_code (self, code);
  self->literals = 0;
}

gboolean
ul_gzip_split_writer_push (UlGzipSplitWriter *self, const UlGunzipChunk *chunk, GError **error)
{
  const UlGunzipMark *marks = chunk->marks;
  const guint8 *content = chunk->content - chunk->before;
  const guint64 first = self->done - chunk->before;
  const guint64 end = self->done + chunk->len;
  guint64 place = self->done;
  g_assert (chunk->before >= MIN (self->done, UL_GUNZIP_BEFORE));
  if (!begin (self, error))
    return FALSE;
  for (gsize i = 0; i < chunk->n_matches; i++)
    {
      const UlGunzipMatch *match = &chunk->matches[i];
      self->literals += match->literals;
      place += match->literals;
      if (match->length == 0)
        put_mark (self, marks++, chunk->bits);
      else
        {
          const guint8 *at = content + (place - first);
          ul_gzip_split_table_go_to (&self->table, at, place);
          put_match (self, match, at, (gsize) (end - place), place);
          place += MIN (match->length, UL_DEFLATE_MAX_MATCH);
        }
      if (!flush_if_full (self, error))
        return FALSE;
    }
  self->literals += end - place;
  self->done = end;
  return TRUE;
}

gboolean
ul_gzip_split_writer_finish (UlGzipSplitWriter *self, GError **error)
{
  return begin (self, error) && (self->lengths[CODES] == 0 || flush (self, error));
}
