// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/gzip-split-reader.h"

#include "core/gzip-split-private.h"
#include "core/varint.h"
#include "util/error.h"

/* Of the content, what is before the next byte, and what is to be written: as much as comes at
 * once, behind what a match may refer to. */
#define WINDOW UL_DEFLATE_WINDOW
#define PIECE  (256 * 1024)
#define OUTPUT (64 * 1024)

/* A symbol's code, ready to be written, with room for what is added to a length or distance. */
typedef struct
{
  guint16 bits;
  guint8 n; /* 0: there is none */
} Code;

/* How content is written at the moment. */
typedef enum
{
  NOT_AT_ALL,
  AS_BYTES,
  AS_CODES,
} Mode;

/* What comes next, once so many literals are written. */
typedef struct
{
  gboolean is_there;
  guint64 literals;
  guint code;   /* UL_GZIP_SPLIT_MARK, or of a match */
  guint length; /* 0: as far as it goes */
} Step;

typedef struct
{
  const guint8 *at;
  const guint8 *end;
} Section;

struct _UlGzipSplitReader
{
  UlStream split;
  const guint8 *more; /* what it gave and isn't taken yet */
  gsize more_len;
  gboolean begun;
  GByteArray *frame;
  Section codes;
  Section distances;
  Section numbers;
  Section bits;

  Step step;
  Mode mode;
  Code litlen[UL_DEFLATE_LITLENS];
  Code distance[UL_DEFLATE_DISTANCES];
  guint8 length_symbols[UL_DEFLATE_MAX_MATCH + 1]; /* counted from UL_DEFLATE_LENGTH */
  guint8 distance_symbols[512];                    /* see distance_index () */

  guint64 place;   /* of the next byte to be written, in the content */
  gboolean is_all; /* no content comes after ->content */
  gsize at;        /* the next byte to be written, in ->content */
  gsize content_len;

  UlGzipSplitSink sink;
  gpointer data;
  guint64 pending; /* bits that aren't in ->output yet */
  guint n_pending;
  gsize output_len;
  guint8 output[OUTPUT + 64]; /* with room for a step's bits */
  guint8 content[WINDOW + 2 * UL_DEFLATE_MAX_MATCH + PIECE];
  UlGzipSplitTable table;
};

/* Small distances one by one, others 128 at a time, which have one symbol. */
static inline guint
distance_index (guint distance)
{
  return distance <= 256 ? distance - 1 : 256 + ((distance - 1) >> 7);
}

static void
init_symbols (UlGzipSplitReader *self)
{
  const guint n = G_N_ELEMENTS (ul_deflate_lengths);
  for (guint i = 0; i < n && ul_deflate_lengths[i].base > 0; i++)
    for (guint k = 0; k < 1U << ul_deflate_lengths[i].extra; k++)
      self->length_symbols[ul_deflate_lengths[i].base + k] = (guint8) i;
  for (guint i = 0; i < UL_DEFLATE_DISTANCES && ul_deflate_distances[i].base > 0; i++)
    for (guint k = 0; k < 1U << ul_deflate_distances[i].extra; k++)
      self->distance_symbols[distance_index (ul_deflate_distances[i].base + k)] = (guint8) i;
}

UlGzipSplitReader *
ul_gzip_split_reader_new (const UlStream *split, UlGzipSplitSink sink, gpointer data)
{
  UlGzipSplitReader *self = g_new0 (UlGzipSplitReader, 1);
  self->split = *split;
  self->sink = sink;
  self->data = data;
  self->frame = g_byte_array_new ();
  init_symbols (self);
  return self;
}

void
ul_gzip_split_reader_free (UlGzipSplitReader *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->frame);
  g_free (self);
}

static gboolean
throw_damaged (GError **error)
{
  return ul_throw (error, UL_ERROR_CORRUPT, "gzip-split: damaged");
}

static gboolean
throw_other (GError **error)
{
  return ul_throw (error, UL_ERROR_CORRUPT, "gzip-split: of another content");
}

/* *out_n is less than @want only at the end. */
static gboolean
take (UlGzipSplitReader *self, guint8 *out, gsize want, gsize *out_n, GError **error)
{
  gsize got = 0;
  while (got < want)
    {
      if (self->more_len == 0
          && !self->split.read (self->split.data, &self->more, &self->more_len, error))
        return FALSE;
      if (self->more_len == 0)
        break;
      const gsize n = MIN (want - got, self->more_len);
      memcpy (out + got, self->more, n);
      self->more += n;
      self->more_len -= n;
      got += n;
    }
  *out_n = got;
  return TRUE;
}

static gboolean
take_all (UlGzipSplitReader *self, guint8 *out, gsize n, GError **error)
{
  gsize got;
  return take (self, out, n, &got, error) && (got == n || throw_damaged (error));
}

static gboolean
read_magic (UlGzipSplitReader *self, GError **error)
{
  guint8 magic[sizeof UL_GZIP_SPLIT_MAGIC - 1];
  if (self->begun)
    return TRUE;
  self->begun = TRUE;
  if (!take_all (self, magic, sizeof magic, error))
    return FALSE;
  return memcmp (magic, UL_GZIP_SPLIT_MAGIC, sizeof magic) == 0
         || ul_throw (error, UL_ERROR_CORRUPT, "gzip-split: of no form that is known");
}

/* How long a section is. *out_more is FALSE at the end, where there may be none. */
static gboolean
read_length (UlGzipSplitReader *self, guint32 *out, gboolean *out_more, GError **error)
{
  guint8 bytes[UL_VARINT_MAX];
  const guint8 *at = bytes;
  guint64 value = 0;
  gsize n = 0;
  gsize got = 1;
  do
    {
      if (n == sizeof bytes)
        return throw_damaged (error);
      if (!take (self, bytes + n, 1, &got, error))
        return FALSE;
      n += got;
    }
  while (got > 0 && bytes[n - 1] & 0x80);
  *out_more = n > 0;
  if (n > 0 && (!ul_varint_get (&at, bytes + n, &value) || value > UL_GZIP_SPLIT_MAX_SECTION))
    return throw_damaged (error);
  *out = (guint32) value;
  return TRUE;
}

static gboolean
read_frame (UlGzipSplitReader *self, gboolean *out_more, GError **error)
{
  Section *const sections[UL_GZIP_SPLIT_SECTIONS]
      = { &self->codes, &self->distances, &self->numbers, &self->bits };
  guint32 lengths[UL_GZIP_SPLIT_SECTIONS];
  guint32 all = 0;
  for (guint i = 0; i < UL_GZIP_SPLIT_SECTIONS; i++)
    {
      if (!read_length (self, &lengths[i], out_more, error))
        return FALSE;
      if (!*out_more)
        return i == 0 || throw_damaged (error);
      all += lengths[i];
    }
  if (lengths[0] == 0)
    return throw_damaged (error);
  g_byte_array_set_size (self->frame, all);
  if (!take_all (self, self->frame->data, all, error))
    return FALSE;
  const guint8 *at = self->frame->data;
  for (guint i = 0; i < UL_GZIP_SPLIT_SECTIONS; i++)
    {
      *sections[i] = (Section){ at, at + lengths[i] };
      at += lengths[i];
    }
  return TRUE;
}

static gboolean
take_number (Section *section, guint64 *out, GError **error)
{
  return ul_varint_get (&section->at, section->end, out) || throw_damaged (error);
}

/* A frame holds whole steps, and nothing besides. */
static gboolean
is_frame_used (const UlGzipSplitReader *self)
{
  return self->distances.at == self->distances.end && self->numbers.at == self->numbers.end
         && self->bits.at == self->bits.end;
}

/* The next step, unless the split is at its end. */
static gboolean
next_step (UlGzipSplitReader *self, GError **error)
{
  Step *step = &self->step;
  gboolean more = TRUE;
  guint64 number;
  if (self->codes.at == self->codes.end)
    {
      if (!is_frame_used (self))
        return throw_damaged (error);
      if (!read_magic (self, error) || !read_frame (self, &more, error))
        return FALSE;
      if (!more)
        return TRUE;
    }
  *step = (Step){ .is_there = TRUE, .code = *self->codes.at++ };
  if (step->code >= UL_GZIP_SPLIT_MARK)
    return (step->code == UL_GZIP_SPLIT_MARK || throw_damaged (error))
           && take_number (&self->numbers, &step->literals, error);
  step->literals = step->code / UL_GZIP_SPLIT_WAYS;
  if (step->literals == UL_GZIP_SPLIT_MANY_LITERALS)
    {
      if (!take_number (&self->numbers, &number, error))
        return FALSE;
      if (number > G_MAXINT64)
        return throw_damaged (error);
      step->literals += number;
    }
  if (step->code % UL_GZIP_SPLIT_WAYS < UL_GZIP_SPLIT_SAID_LENGTH)
    return TRUE;
  if (!take_number (&self->numbers, &number, error))
    return FALSE;
  step->length = (guint) MIN (number, G_MAXUINT);
  return (number >= UL_DEFLATE_MIN_MATCH && number <= UL_GUNZIP_ODD_LENGTH)
         || throw_damaged (error);
}

static gboolean
flush (UlGzipSplitReader *self, GError **error)
{
  const gsize len = self->output_len;
  self->output_len = 0;
  return len == 0 || self->sink (self->output, len, self->data, error);
}

/* Whole bytes of what is pending: less than 8 bits stay. */
static inline void
settle (UlGzipSplitReader *self)
{
  const guint64 bytes = GUINT64_TO_LE (self->pending);
  memcpy (self->output + self->output_len, &bytes, sizeof bytes);
  self->output_len += self->n_pending >> 3;
  self->pending >>= self->n_pending & ~7U;
  self->n_pending &= 7;
}

/* Up to 56 bits in all until they are settled. */
static inline void
put (UlGzipSplitReader *self, guint64 bits, guint n)
{
  self->pending |= bits << self->n_pending;
  self->n_pending += n;
}

static gboolean
put_bits (UlGzipSplitReader *self, UlDeflateBits bits, GError **error)
{
  while (bits.at < bits.end)
    {
      const guint n = (guint) MIN (16, bits.end - bits.at);
      put (self, ul_deflate_bits_take (&bits, n), n);
      settle (self);
      if (self->output_len >= OUTPUT && !flush (self, error))
        return FALSE;
    }
  return TRUE;
}

static void
set_codes (Code *out, const guint8 *lengths, guint n)
{
  guint16 codes[UL_DEFLATE_LITLENS];
  ul_deflate_codes (lengths, n, codes);
  for (guint i = 0; i < n; i++)
    out[i] = (Code){ codes[i], lengths[i] };
}

static gboolean
begin_codes (UlGzipSplitReader *self, UlGunzipMarkType type, UlDeflateBits bits, GError **error)
{
  UlDeflateLengths lengths;
  (void) ul_deflate_bits_take (&bits, 3);
  if (type == UL_GUNZIP_FIXED)
    ul_deflate_fixed (&lengths);
  else if (!ul_deflate_read_lengths (&bits, &lengths) || bits.at != bits.end)
    return throw_damaged (error);
  set_codes (self->litlen, lengths.litlen, UL_DEFLATE_LITLENS);
  set_codes (self->distance, lengths.distance, UL_DEFLATE_DISTANCES);
  self->mode = AS_CODES;
  return TRUE;
}

static gboolean
do_mark (UlGzipSplitReader *self, GError **error)
{
  guint64 type;
  guint64 n_bits;
  if (!take_number (&self->bits, &type, error) || !take_number (&self->bits, &n_bits, error))
    return FALSE;
  if (type > UL_GUNZIP_VERBATIM || n_bits > (guint64) (self->bits.end - self->bits.at) * 8)
    return throw_damaged (error);
  const UlDeflateBits bits = { self->bits.at, 0, n_bits };
  self->bits.at += (n_bits + 7) / 8;
  if (self->mode == AS_CODES)
    {
      put (self, self->litlen[UL_DEFLATE_END].bits, self->litlen[UL_DEFLATE_END].n);
      settle (self);
    }
  if (!put_bits (self, bits, error))
    return FALSE;
  self->mode = type == UL_GUNZIP_STORED ? AS_BYTES : NOT_AT_ALL;
  return type == UL_GUNZIP_STORED || type == UL_GUNZIP_VERBATIM
         || begin_codes (self, (UlGunzipMarkType) type, bits, error);
}

/* As many as there are, up to those of the step. */
static gboolean
do_literals (UlGzipSplitReader *self, GError **error)
{
  const gsize n = (gsize) MIN (self->step.literals, self->content_len - self->at);
  const guint8 *bytes = self->content + self->at;
  if (n > 0 && self->mode == NOT_AT_ALL)
    return throw_damaged (error);
  for (gsize i = 0; i < n; i++)
    {
      const Code code = self->mode == AS_BYTES ? (Code){ bytes[i], 8 } : self->litlen[bytes[i]];
      if (code.n == 0)
        return throw_other (error);
      put (self, code.bits, code.n);
      if (self->n_pending < 40)
        continue;
      settle (self);
      if (self->output_len >= OUTPUT && !flush (self, error))
        return FALSE;
    }
  settle (self);
  self->at += n;
  self->place += n;
  self->step.literals -= n;
  return self->output_len < OUTPUT || flush (self, error);
}

static inline void
put_symbol (UlGzipSplitReader *self, Code code, const UlDeflateSymbol *symbol, guint value)
{
  put (self, code.bits, code.n);
  put (self, value - symbol->base, symbol->extra);
}

static gboolean
put_match (UlGzipSplitReader *self, guint length, guint distance, GError **error)
{
  guint symbol = self->length_symbols[MIN (length, UL_DEFLATE_MAX_MATCH)];
  if (length > UL_DEFLATE_MAX_MATCH)
    {
      symbol--;
      length = UL_DEFLATE_MAX_MATCH;
    }
  const guint far = self->distance_symbols[distance_index (distance)];
  const Code code = self->litlen[UL_DEFLATE_LENGTH + symbol];
  if (code.n == 0 || self->distance[far].n == 0)
    return throw_other (error);
  put_symbol (self, code, &ul_deflate_lengths[symbol], length);
  settle (self);
  put_symbol (self, self->distance[far], &ul_deflate_distances[far], distance);
  settle (self);
  self->at += length;
  self->place += length;
  return self->output_len < OUTPUT || flush (self, error);
}

static gboolean
find_distance (UlGzipSplitReader *self, guint *out, GError **error)
{
  const guint which = self->step.code % UL_GZIP_SPLIT_SAID_LENGTH;
  guint distance;
  if (which == UL_GZIP_SPLIT_SAID_DISTANCE)
    {
      if (self->distances.end - self->distances.at < 2)
        return throw_damaged (error);
      distance = self->distances.at[0] + ((guint) self->distances.at[1] << 8);
      self->distances.at += 2;
    }
  else
    {
      if (self->content_len - self->at < UL_GZIP_SPLIT_HASHED)
        return throw_other (error);
      const guint64 places = *ul_gzip_split_table_at (&self->table, self->content + self->at);
      distance = (guint16) (self->place - (guint16) (places >> (16 * which)));
    }
  *out = distance;
  return (distance > 0 && distance <= UL_DEFLATE_WINDOW && distance <= self->place)
         || throw_other (error);
}

static gboolean
do_match (UlGzipSplitReader *self, GError **error)
{
  guint length = self->step.length;
  guint distance = 0;
  if (self->mode != AS_CODES)
    return throw_damaged (error);
  const guint8 *at = self->content + self->at;
  const guint max = (guint) MIN (UL_DEFLATE_MAX_MATCH, self->content_len - self->at);
  if (max < UL_DEFLATE_MIN_MATCH)
    return throw_other (error);
  ul_gzip_split_table_go_to (&self->table, at, self->place);
  if (!find_distance (self, &distance, error))
    return FALSE;
  if (length == 0)
    while (length < max && at[length] == at[(gssize) length - (gssize) distance])
      length++;
  if (length < UL_DEFLATE_MIN_MATCH || MIN (length, UL_DEFLATE_MAX_MATCH) > max)
    return throw_other (error);
  return put_match (self, length, distance, error);
}

/* As far as it gets with the content that there is. */
static gboolean
go_on (UlGzipSplitReader *self, GError **error)
{
  for (;;)
    {
      if (!self->step.is_there && !next_step (self, error))
        return FALSE;
      if (!self->step.is_there || !do_literals (self, error))
        return !self->step.is_there;
      /* A match is judged by all that may be in it. */
      const gsize ahead = self->content_len - self->at;
      if (self->step.literals > 0
          || (!self->is_all && self->step.code != UL_GZIP_SPLIT_MARK
              && ahead <= UL_DEFLATE_MAX_MATCH))
        return TRUE;
      if (!(self->step.code == UL_GZIP_SPLIT_MARK ? do_mark (self, error) : do_match (self, error)))
        return FALSE;
      self->step.is_there = FALSE;
    }
}

/* Content that nothing refers to any more goes. */
static void
make_room (UlGzipSplitReader *self)
{
  if (self->at <= WINDOW)
    return;
  const gsize shift = self->at - WINDOW;
  memmove (self->content, self->content + shift, self->content_len - shift);
  self->content_len -= shift;
  self->at -= shift;
}

gboolean
ul_gzip_split_reader_push (UlGzipSplitReader *self, const guint8 *content, gsize len,
                           GError **error)
{
  while (len > 0)
    {
      make_room (self);
      const gsize n = MIN (len, sizeof self->content - self->content_len);
      if (n == 0)
        return throw_other (error);
      memcpy (self->content + self->content_len, content, n);
      self->content_len += n;
      content += n;
      len -= n;
      if (!go_on (self, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ul_gzip_split_reader_finish (UlGzipSplitReader *self, GError **error)
{
  self->is_all = TRUE;
  if (!go_on (self, error))
    return FALSE;
  if (self->step.is_there || self->at < self->content_len)
    return throw_other (error);
  /* A file consists of whole bytes. */
  return self->n_pending == 0 ? flush (self, error) : throw_damaged (error);
}
