// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/gzip-split.h"

#include "core/gzip-split-private.h"
#include "core/varint.h"

/* Of a section: a frame is written when one has more. */
#define FRAME (128 * 1024)

/* What is before a piece's own content: what its matches may refer to, and bytes that aren't in the
 * table yet. */
#define HISTORY (UL_DEFLATE_WINDOW + 2 * UL_DEFLATE_MAX_MATCH)

struct _UlGzipSplitPiece
{
  GByteArray *content; /* behind room for the history */
  GArray *matches;     /* of UlGunzipMatch */
  GArray *marks;       /* of UlGunzipMark */
  GByteArray *bits;
};

UlGzipSplitPiece *
ul_gzip_split_piece_new (void)
{
  UlGzipSplitPiece *self = g_new (UlGzipSplitPiece, 1);
  self->content = g_byte_array_new ();
  self->matches = g_array_new (FALSE, FALSE, sizeof (UlGunzipMatch));
  self->marks = g_array_new (FALSE, FALSE, sizeof (UlGunzipMark));
  self->bits = g_byte_array_new ();
  return self;
}

void
ul_gzip_split_piece_free (UlGzipSplitPiece *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->content);
  g_array_unref (self->matches);
  g_array_unref (self->marks);
  g_byte_array_unref (self->bits);
  g_free (self);
}

void
ul_gzip_split_piece_set (UlGzipSplitPiece *self, const UlGunzipChunk *chunk)
{
  gsize n_bits = 0;
  if (chunk->n_marks > 0)
    {
      const UlGunzipMark *last = &chunk->marks[chunk->n_marks - 1];
      n_bits = last->bytes + (last->n_bits + 7) / 8;
    }
  g_byte_array_set_size (self->content, HISTORY);
  g_byte_array_append (self->content, chunk->content, (guint) chunk->len);
  g_array_set_size (self->matches, 0);
  g_array_append_vals (self->matches, chunk->matches, (guint) chunk->n_matches);
  g_array_set_size (self->marks, 0);
  g_array_append_vals (self->marks, chunk->marks, (guint) chunk->n_marks);
  g_byte_array_set_size (self->bits, 0);
  g_byte_array_append (self->bits, chunk->bits, (guint) n_bits);
}

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
  guint64 literals;  /* before the next match */
  guint64 done;      /* bytes of content in pieces before */
  guint history_len; /* of ->history, at its end */
  guint8 history[HISTORY];
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

/* Which of the last places of these bytes it is; UL_GZIP_SPLIT_PLACES for none. */
static inline guint
find_place (guint64 places, guint16 place)
{
  const guint64 ones = G_GUINT64_CONSTANT (0x0001000100010001);
  const guint64 other = places ^ (ones * place);
  /* The lowest bit that is set is the top one of the first 16 that are 0. */
  const guint64 zeros = (other - ones) & ~other & (ones << 15);
  return zeros == 0 ? UL_GZIP_SPLIT_PLACES : (guint) __builtin_ctzll (zeros) / 16;
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
  self->lengths[DISTANCES] += code == UL_GZIP_SPLIT_SAID_DISTANCE ? 2 : 0;
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

/* Keep the end of a piece for the next one. */
static void
keep_history (UlGzipSplitWriter *self, const guint8 *end, gsize len)
{
  self->history_len = (guint) MIN (len, HISTORY);
  memcpy (self->history + HISTORY - self->history_len, end - self->history_len, self->history_len);
}

gboolean
ul_gzip_split_writer_push (UlGzipSplitWriter *self, UlGzipSplitPiece *piece, GError **error)
{
  const gsize len = piece->content->len - HISTORY;
  const UlGunzipMatch *matches = (const UlGunzipMatch *) piece->matches->data;
  const UlGunzipMark *marks = (const UlGunzipMark *) piece->marks->data;
  guint8 *content = piece->content->data;
  const guint64 first = self->done - HISTORY; /* may be below 0: only differences count */
  const guint64 end = self->done + len;
  guint64 place = self->done;
  if (!begin (self, error))
    return FALSE;
  memcpy (content + HISTORY - self->history_len, self->history + HISTORY - self->history_len,
          self->history_len);
  for (guint i = 0; i < piece->matches->len; i++)
    {
      const UlGunzipMatch *match = &matches[i];
      self->literals += match->literals;
      place += match->literals;
      if (match->length == 0)
        put_mark (self, marks++, piece->bits->data);
      else
        {
          const guint length = MIN (match->length, UL_DEFLATE_MAX_MATCH);
          ul_gzip_split_table_fill (&self->table, content, first, place, end);
          put_match (self, match, content + (place - first), (gsize) (end - place), place);
          ul_gzip_split_table_match (&self->table, place, length);
          place += length;
        }
      if (!flush_if_full (self, error))
        return FALSE;
    }
  self->literals += end - place;
  ul_gzip_split_table_fill (&self->table, content, first, end, end);
  keep_history (self, content + HISTORY + len, self->history_len + len);
  self->done = end;
  return TRUE;
}

gboolean
ul_gzip_split_writer_finish (UlGzipSplitWriter *self, GError **error)
{
  return begin (self, error) && (self->lengths[CODES] == 0 || flush (self, error));
}
