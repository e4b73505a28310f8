// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/deflate-codes.h"

#include <string.h>

/* Symbols that say code lengths: so many, the last of which repeat what was or zeros. */
#define PRECODES     19
#define PRECODE_BITS 7
#define REPEAT       16
#define ZEROS        17
#define MANY_ZEROS   18

const UlDeflateSymbol ul_deflate_lengths[UL_DEFLATE_LITLENS - UL_DEFLATE_LENGTH] = {
  { 3, 0 },   { 4, 0 },   { 5, 0 },   { 6, 0 },   { 7, 0 },   { 8, 0 },  { 9, 0 },  { 10, 0 },
  { 11, 1 },  { 13, 1 },  { 15, 1 },  { 17, 1 },  { 19, 2 },  { 23, 2 }, { 27, 2 }, { 31, 2 },
  { 35, 3 },  { 43, 3 },  { 51, 3 },  { 59, 3 },  { 67, 4 },  { 83, 4 }, { 99, 4 }, { 115, 4 },
  { 131, 5 }, { 163, 5 }, { 195, 5 }, { 227, 5 }, { 258, 0 },
};

const UlDeflateSymbol ul_deflate_distances[UL_DEFLATE_DISTANCES] = {
  { 1, 0 },     { 2, 0 },     { 3, 0 },     { 4, 0 },      { 5, 1 },      { 7, 1 },
  { 9, 2 },     { 13, 2 },    { 17, 3 },    { 25, 3 },     { 33, 4 },     { 49, 4 },
  { 65, 5 },    { 97, 5 },    { 129, 6 },   { 193, 6 },    { 257, 7 },    { 385, 7 },
  { 513, 8 },   { 769, 8 },   { 1025, 9 },  { 1537, 9 },   { 2049, 10 },  { 3073, 10 },
  { 4097, 11 }, { 6145, 11 }, { 8193, 12 }, { 12289, 12 }, { 16385, 13 }, { 24577, 13 },
};

void
ul_deflate_fixed (UlDeflateLengths *out)
{
  memset (out->litlen, 8, 144);
  memset (out->litlen + 144, 9, 112);
  memset (out->litlen + 256, 7, 24);
  memset (out->litlen + 280, 8, 8);
  memset (out->distance, 5, UL_DEFLATE_DISTANCES);
}

/* 32 bits from where one is. */
static guint
load (const UlDeflateBits *self)
{
  guint64 word;
  memcpy (&word, self->bytes + (self->at >> 3), sizeof word);
  return (guint) (GUINT64_FROM_LE (word) >> (self->at & 7));
}

/* The same where no eight bytes are left. */
static guint
load_last (const UlDeflateBits *self, guint n)
{
  guint value = 0;
  for (guint i = 0; i < n; i++)
    {
      const guint64 at = self->at + i;
      value |= ((guint) self->bytes[at >> 3] >> (at & 7) & 1) << i;
    }
  return value;
}

guint
ul_deflate_bits_take (UlDeflateBits *self, guint n)
{
  const guint64 left = self->end - MIN (self->at, self->end);
  const guint value = left >= 64 ? load (self) : load_last (self, (guint) MIN (n, left));
  self->at += n;
  return value & ((1U << n) - 1);
}

/* The order of 16 bits turned round. */
static guint
reverse (guint code)
{
  code = (code & 0x5555) << 1 | (code >> 1 & 0x5555);
  code = (code & 0x3333) << 2 | (code >> 2 & 0x3333);
  code = (code & 0x0f0f) << 4 | (code >> 4 & 0x0f0f);
  return (code & 0x00ff) << 8 | code >> 8;
}

void
ul_deflate_codes (const guint8 *lengths, guint n, guint16 *out)
{
  guint count[UL_DEFLATE_MAX_BITS + 1] = { 0 };
  guint next[UL_DEFLATE_MAX_BITS + 1];
  guint code = 0;
  for (guint i = 0; i < n; i++)
    count[lengths[i]]++;
  count[0] = 0;
  for (guint bits = 1; bits <= UL_DEFLATE_MAX_BITS; bits++)
    {
      code = (code + count[bits - 1]) << 1;
      next[bits] = code;
    }
  for (guint i = 0; i < n; i++)
    out[i] = lengths[i] > 0 ? (guint16) (reverse (next[lengths[i]]++) >> (16 - lengths[i])) : 0;
}

/* Is there a code for everything that may come? One code alone of one bit will do, too; of
 * distances also none. */
static gboolean
is_complete (const guint8 *lengths, guint n, gboolean may_lack)
{
  guint left = 1U << UL_DEFLATE_MAX_BITS;
  guint used = 0;
  for (guint i = 0; i < n; i++)
    {
      const guint share = lengths[i] > 0 ? 1U << (UL_DEFLATE_MAX_BITS - lengths[i]) : 0;
      if (share > left)
        return FALSE;
      left -= share;
      used += lengths[i] > 0;
    }
  return left == 0
         || (may_lack && (used == 0 || (used == 1 && left == 1U << (UL_DEFLATE_MAX_BITS - 1))));
}

/* By the next bits: the symbol, and its length in the upper four. */
static gboolean
read_precodes (UlDeflateBits *bits, guint8 table[1U << PRECODE_BITS])
{
  static const guint8 order[PRECODES]
      = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
  guint8 lengths[PRECODES] = { 0 };
  guint16 codes[PRECODES];
  const guint n = ul_deflate_bits_take (bits, 4) + 4;
  for (guint i = 0; i < n; i++)
    lengths[order[i]] = (guint8) ul_deflate_bits_take (bits, 3);
  if (!is_complete (lengths, PRECODES, FALSE))
    return FALSE;
  ul_deflate_codes (lengths, PRECODES, codes);
  for (guint i = 0; i < PRECODES; i++)
    if (lengths[i] > 0)
      for (guint at = codes[i]; at < 1U << PRECODE_BITS; at += 1U << lengths[i])
        table[at] = (guint8) (lengths[i] << 5 | i);
  return TRUE;
}

/* Lengths of all codes, in a row. */
static gboolean
read_all (UlDeflateBits *bits, const guint8 table[1U << PRECODE_BITS], guint8 *out, guint n)
{
  for (guint i = 0; i < n;)
    {
      UlDeflateBits ahead = *bits;
      const guint entry = table[ul_deflate_bits_take (&ahead, PRECODE_BITS)];
      const guint symbol = entry & 31;
      guint8 length = 0;
      guint times = 1;
      bits->at += entry >> 5;
      if (symbol < REPEAT)
        length = (guint8) symbol;
      else if (symbol == REPEAT && i > 0)
        {
          length = out[i - 1];
          times = 3 + ul_deflate_bits_take (bits, 2);
        }
      else if (symbol == ZEROS)
        times = 3 + ul_deflate_bits_take (bits, 3);
      else if (symbol == MANY_ZEROS)
        times = 11 + ul_deflate_bits_take (bits, 7);
      else
        return FALSE;
      if (times > n - i || bits->at > bits->end)
        return FALSE;
      memset (out + i, length, times);
      i += times;
    }
  return TRUE;
}

gboolean
ul_deflate_read_lengths (UlDeflateBits *bits, UlDeflateLengths *out)
{
  guint8 table[1U << PRECODE_BITS];
  guint8 all[UL_DEFLATE_LITLENS + UL_DEFLATE_DISTANCES];
  const guint litlens = ul_deflate_bits_take (bits, 5) + UL_DEFLATE_LENGTH;
  const guint distances = ul_deflate_bits_take (bits, 5) + 1;
  if (litlens > UL_DEFLATE_LITLENS - 2 || distances > UL_DEFLATE_DISTANCES - 2
      || !read_precodes (bits, table) || !read_all (bits, table, all, litlens + distances))
    return FALSE;
  memset (out, 0, sizeof *out);
  memcpy (out->litlen, all, litlens);
  memcpy (out->distance, all + litlens, distances);
  return bits->at <= bits->end && out->litlen[UL_DEFLATE_END] > 0
         && is_complete (out->litlen, litlens, TRUE)
         && is_complete (out->distance, distances, TRUE);
}
