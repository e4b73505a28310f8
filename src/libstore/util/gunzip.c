// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/gunzip.h"

#include <libdeflate.h>
#include <string.h>

#include "util/error.h"
#include "util/gunzip-buffer.h"
#include "util/gunzip-codes.h"

#define INPUT     (256 * 1024)
#define CHUNK_END (UL_GUNZIP_BEFORE + UL_GUNZIP_CONTENT)

#define TAIL_PIECE (64 * 1024) /* of what is behind the last member, at a time */

/* Names and comments in a member's header can be of any length. */
#define MAX_HEADER     (128 * 1024)
#define FIXED_HEADER   10
#define MAGIC_0        0x1f
#define MAGIC_1        0x8b
#define TRAILER        8
#define METHOD         8
#define FLAG_CRC       0x02
#define FLAG_EXTRA     0x04
#define FLAG_NAME      0x08
#define FLAG_COMMENT   0x10
#define FLAGS_RESERVED 0xe0

typedef enum
{
  MEMBER,
  BLOCK,
  STORED,
  CODES,
  TAIL,
  END,
} State;

struct _UlGunzip
{
  UlStream from;
  const guint8 *more; /* what it gave, and isn't in ->input yet */
  gsize more_len;
  gboolean from_ended;
  State state;
  gboolean any;        /* a member was there */
  gboolean is_last;    /* block of its member */
  guint64 at;          /* bits into ->input */
  gsize input_len;     /* zeros follow */
  gsize stored_left;   /* bytes of the block */
  gsize tail;          /* bytes of it so far */
  guint32 crc;         /* of the member, up to ->summed */
  guint32 member_size; /* the same; what is beyond 32 bits doesn't count */
  gsize before;        /* bytes in front of the chunk, which begins at UL_GUNZIP_BEFORE */
  gsize out;           /* its end so far */
  gsize member;        /* where it begins, or what is before the chunk does */
  gsize summed;        /* see crc */
  gsize literals;      /* where those begin that aren't counted yet */
  gsize n_matches;
  gsize n_marks;
  UlGunzipPool *pool;
  UlGunzipBuffer *buffer; /* the chunk's; NULL: nothing was read */
  UlGunzipTables tables;
  guint8 input[INPUT + 2 * UL_GUNZIP_IN_SLACK];
};

UlGunzip *
ul_gunzip_new (const UlStream *from)
{
  /* Not cleared: pages that nobody touches cost nothing. */
  UlGunzip *self = g_malloc (sizeof *self);
  memset (self, 0, G_STRUCT_OFFSET (UlGunzip, tables));
  self->from = *from;
  self->pool = ul_gunzip_pool_new ();
  return self;
}

void
ul_gunzip_free (UlGunzip *self)
{
  if (self == NULL)
    return;
  if (self->buffer != NULL)
    ul_gunzip_chunk_unref (&self->buffer->chunk);
  ul_gunzip_pool_unref (self->pool);
  g_free (self);
}

static gboolean
throw_damaged (GError **error)
{
  return ul_throw (error, UL_ERROR_CORRUPT, "unpack: gzip: damaged");
}

static gboolean
throw_early (GError **error)
{
  return ul_throw (error, UL_ERROR_CORRUPT, "unpack: gzip: ends early");
}

/* The next bytes, of which the first one may have been begun. */
static const guint8 *
here (const UlGunzip *self)
{
  return self->input + self->at / 8;
}

static gsize
ahead (const UlGunzip *self)
{
  const gsize used = (gsize) (self->at / 8);
  return used < self->input_len ? self->input_len - used : 0;
}

static gboolean
pull (UlGunzip *self, GError **error)
{
  if (!self->from.read (self->from.data, &self->more, &self->more_len, error))
    return FALSE;
  self->from_ended = self->more_len == 0;
  return TRUE;
}

/* At least @bytes ahead, unless the stream ends before. */
static gboolean
want (UlGunzip *self, gsize bytes, GError **error)
{
  while (ahead (self) < bytes && !self->from_ended)
    {
      const gsize left = ahead (self);
      const gsize n = MIN (self->more_len, INPUT - left);
      memmove (self->input, here (self), left);
      self->at &= 7;
      if (n > 0)
        {
          memcpy (self->input + left, self->more, n);
          self->more += n;
          self->more_len -= n;
        }
      self->input_len = left + n;
      memset (self->input + self->input_len, 0, 2 * UL_GUNZIP_IN_SLACK);
      if (n == 0 && !pull (self, error))
        return FALSE;
    }
  return TRUE;
}

/* The next bits are no content. */
static void
mark (UlGunzip *self, UlGunzipMarkType type, gsize n_bits)
{
  UlDeflateBits bits = { self->input, self->at, (guint64) self->input_len * 8 };
  GByteArray *to_bits = self->buffer->bits;
  const gsize first = to_bits->len;
  self->buffer->marks[self->n_marks++] = (UlGunzipMark){ type, (guint) n_bits, first };
  self->buffer->matches[self->n_matches++]
      = (UlGunzipMatch){ (guint32) (self->out - self->literals), 0, 0 };
  self->literals = self->out;
  g_byte_array_set_size (to_bits, (guint) (first + (n_bits + 7) / 8));
  self->at += n_bits;
  for (guint8 *to = to_bits->data + first; bits.at < self->at; to++)
    *to = (guint8) ul_deflate_bits_take (&bits, (guint) MIN (8, self->at - bits.at));
}

/* Length of a member's header, 0 if it isn't whole, or longer than is taken. */
static gsize
measure_header (const guint8 *bytes, gsize there)
{
  gsize at = FIXED_HEADER;
  const gsize len = MIN (there, MAX_HEADER);
  if (len < FIXED_HEADER)
    return 0;
  const guint8 flags = bytes[3];
  if (flags & FLAG_EXTRA)
    {
      if (at + 2 > len)
        return 0;
      at += 2 + bytes[at] + ((gsize) bytes[at + 1] << 8);
    }
  for (guint i = 0, n = !!(flags & FLAG_NAME) + !!(flags & FLAG_COMMENT); i < n; i++)
    {
      const guint8 *end = at < len ? memchr (bytes + at, '\0', len - at) : NULL;
      if (end == NULL)
        return 0;
      at = (gsize) (end - bytes) + 1;
    }
  at += flags & FLAG_CRC ? 2 : 0;
  return at <= len ? at : 0;
}

/* Half of a CRC-32 at its end. */
static gboolean
has_crc (const guint8 *header, gsize len)
{
  const guint32 crc = libdeflate_crc32 (0, header, len - 2);
  return header[len - 2] == (crc & 0xff) && header[len - 1] == (crc >> 8 & 0xff);
}

static gboolean
find_header (UlGunzip *self, gsize *out_len, GError **error)
{
  *out_len = measure_header (here (self), ahead (self));
  if (*out_len == 0)
    {
      if (!want (self, MAX_HEADER, error))
        return FALSE;
      *out_len = measure_header (here (self), ahead (self));
    }
  if (*out_len == 0)
    return ahead (self) < MAX_HEADER
               ? throw_early (error)
               : ul_throw (error, UL_ERROR_CORRUPT, "unpack: gzip: a header of over %u bytes",
                           (guint) MAX_HEADER);
  const guint8 *bytes = here (self);
  return (bytes[1] == MAGIC_1 && bytes[2] == METHOD && (bytes[3] & FLAGS_RESERVED) == 0
          && ((bytes[3] & FLAG_CRC) == 0 || has_crc (bytes, *out_len)))
         || throw_damaged (error);
}

/* A member, or what comes behind the last one. */
static gboolean
begin_member (UlGunzip *self, GError **error)
{
  gsize len;
  if (!want (self, FIXED_HEADER, error))
    return FALSE;
  /* With the first byte of a header it's to be one, as for ISA-L. */
  if (ahead (self) == 0 || here (self)[0] != MAGIC_0)
    {
      self->state = TAIL;
      return self->any || throw_damaged (error);
    }
  if (!find_header (self, &len, error))
    return FALSE;
  mark (self, UL_GUNZIP_VERBATIM, len * 8);
  self->any = TRUE;
  self->crc = 0;
  self->member_size = 0;
  self->member = self->out;
  self->summed = self->out;
  self->state = BLOCK;
  return TRUE;
}

/* Of the member, up to here. */
static void
sum (UlGunzip *self)
{
  const gsize n = self->out - self->summed;
  self->crc = libdeflate_crc32 (self->crc, self->buffer->output + self->summed, n);
  self->member_size += (guint32) n;
  self->summed = self->out;
}

static gboolean
end_member (UlGunzip *self, GError **error)
{
  guint32 numbers[2];
  const gsize padding = (8 - self->at % 8) % 8;
  if (!want (self, 1 + TRAILER, error))
    return FALSE;
  if (ahead (self) < (padding > 0) + TRAILER)
    return throw_early (error);
  mark (self, UL_GUNZIP_VERBATIM, padding + TRAILER * 8);
  memcpy (numbers, here (self) - TRAILER, sizeof numbers);
  sum (self);
  self->state = MEMBER;
  return (GUINT32_FROM_LE (numbers[0]) == self->crc
          && GUINT32_FROM_LE (numbers[1]) == self->member_size)
         || throw_damaged (error);
}

/* Bits of a stored block's header are followed by as many as fill a byte, the length, and its
 * complement. */
static gboolean
begin_stored (UlGunzip *self, UlDeflateBits *bits, guint64 begin, GError **error)
{
  bits->at = (bits->at + 7) & ~(guint64) 7;
  const guint len = ul_deflate_bits_take (bits, 16);
  const guint complement = ul_deflate_bits_take (bits, 16);
  if (bits->at > bits->end)
    return throw_early (error);
  if ((len ^ complement) != 0xffff)
    return throw_damaged (error);
  self->stored_left = len;
  self->state = STORED;
  mark (self, UL_GUNZIP_STORED, (gsize) (bits->at - begin));
  return TRUE;
}

static gboolean
begin_codes (UlGunzip *self, UlDeflateBits *bits, UlGunzipMarkType type, guint64 begin,
             GError **error)
{
  UlDeflateLengths lengths;
  if (type == UL_GUNZIP_FIXED)
    ul_deflate_fixed (&lengths);
  else if (!ul_deflate_read_lengths (bits, &lengths))
    return bits->at > bits->end ? throw_early (error) : throw_damaged (error);
  ul_gunzip_tables_init (&self->tables, &lengths);
  self->state = CODES;
  mark (self, type, (gsize) (bits->at - begin));
  return TRUE;
}

static gboolean
begin_block (UlGunzip *self, GError **error)
{
  if (self->is_last)
    {
      self->is_last = FALSE;
      return end_member (self, error);
    }
  if (!want (self, UL_DEFLATE_MAX_HEADER, error))
    return FALSE;
  UlDeflateBits bits = { self->input, self->at, (guint64) self->input_len * 8 };
  const guint64 begin = bits.at;
  if (bits.at + 3 > bits.end)
    return throw_early (error);
  self->is_last = ul_deflate_bits_take (&bits, 1);
  const guint type = ul_deflate_bits_take (&bits, 2);
  switch (type)
    {
    case UL_GUNZIP_STORED:
      return begin_stored (self, &bits, begin, error);
    case UL_GUNZIP_FIXED:
    case UL_GUNZIP_DYNAMIC:
      return begin_codes (self, &bits, (UlGunzipMarkType) type, begin, error);
    default:
      return throw_damaged (error);
    }
}

static gboolean
go_on_stored (UlGunzip *self, GError **error)
{
  if (self->stored_left == 0)
    {
      self->state = BLOCK;
      return TRUE;
    }
  if (!want (self, 1, error))
    return FALSE;
  const gsize n = MIN (MIN (ahead (self), self->stored_left), CHUNK_END - self->out);
  memcpy (self->buffer->output + self->out, here (self), n);
  self->at += n * 8;
  self->out += n;
  self->stored_left -= n;
  return n > 0 || throw_early (error);
}

static gboolean
go_on_codes (UlGunzip *self, GError **error)
{
  if (!want (self, 2 * UL_GUNZIP_IN_SLACK, error))
    return FALSE;
  guint8 *output = self->buffer->output;
  UlGunzipRun run = {
    .in = self->input,
    .at = self->at,
    .in_stop = self->input + self->input_len,
    .out = output + self->out,
    .out_stop = output + CHUNK_END,
    .floor = output + self->member,
    .literals = output + self->literals,
    .matches = self->buffer->matches + self->n_matches,
  };
  /* The end is followed by zeros: what comes of those is thrown away here. */
  run.in_stop += self->from_ended ? 8 : -UL_GUNZIP_IN_SLACK;
  const UlGunzipResult result = ul_gunzip_codes (&self->tables, &run);
  self->at = run.at;
  self->out = (gsize) (run.out - output);
  self->literals = (gsize) (run.literals - output);
  self->n_matches = (gsize) (run.matches - self->buffer->matches);
  if (self->at > (guint64) self->input_len * 8
      || (result == UL_GUNZIP_STOPPED && self->from_ended && ahead (self) == 0))
    return throw_early (error);
  if (result == UL_GUNZIP_DAMAGED)
    return throw_damaged (error);
  if (result == UL_GUNZIP_ENDED)
    self->state = BLOCK;
  return TRUE;
}

static gboolean
go_on_tail (UlGunzip *self, GError **error)
{
  if (!want (self, TAIL_PIECE, error))
    return FALSE;
  const gsize n = MIN (ahead (self), TAIL_PIECE);
  self->tail += n;
  if (self->tail > UL_GUNZIP_MAX_TAIL)
    return ul_throw (error, UL_ERROR_CORRUPT,
                     "unpack: gzip: goes on for over %u bytes after its end",
                     (guint) UL_GUNZIP_MAX_TAIL);
  if (n == 0)
    self->state = END;
  else
    mark (self, UL_GUNZIP_VERBATIM, n * 8);
  return TRUE;
}

static gboolean
step (UlGunzip *self, GError **error)
{
  switch (self->state)
    {
    case MEMBER:
      return begin_member (self, error);
    case BLOCK:
      return begin_block (self, error);
    case STORED:
      return go_on_stored (self, error);
    case CODES:
      return go_on_codes (self, error);
    case TAIL:
      return go_on_tail (self, error);
    case END:
      return TRUE;
    }
  g_return_val_if_reached (FALSE);
}

/* In a buffer of its own, behind a copy of what was before. */
static void
begin_chunk (UlGunzip *self)
{
  UlGunzipBuffer *last = self->buffer;
  self->buffer = ul_gunzip_pool_take (self->pool);
  if (last != NULL)
    {
      const gsize shift = self->out - UL_GUNZIP_BEFORE;
      const gsize before = MIN (self->before + shift, UL_GUNZIP_BEFORE);
      memcpy (self->buffer->output + UL_GUNZIP_BEFORE - before, last->output + self->out - before,
              before);
      self->before = before;
      self->member = MAX (self->member, UL_GUNZIP_BEFORE - before + shift) - shift;
      ul_gunzip_chunk_unref (&last->chunk);
    }
  self->out = UL_GUNZIP_BEFORE;
  self->summed = self->out;
  self->literals = self->out;
  self->n_matches = 0;
  self->n_marks = 0;
}

const UlGunzipChunk *
ul_gunzip_read (UlGunzip *self, gboolean *out_more, GError **error)
{
  begin_chunk (self);
  UlGunzipBuffer *buffer = self->buffer;
  /* A step has up to one mark. */
  while (self->state != END && self->out < CHUNK_END && self->n_marks < UL_GUNZIP_MARKS
         && buffer->bits->len < UL_GUNZIP_CONTENT)
    if (!step (self, error))
      return NULL;
  sum (self);
  buffer->chunk = (UlGunzipChunk){
    .content = buffer->output + UL_GUNZIP_BEFORE,
    .len = self->out - UL_GUNZIP_BEFORE,
    .before = self->before,
    .matches = buffer->matches,
    .n_matches = self->n_matches,
    .marks = buffer->marks,
    .n_marks = self->n_marks,
    .bits = buffer->bits->data,
  };
  *out_more = self->state != END;
  return &buffer->chunk;
}
