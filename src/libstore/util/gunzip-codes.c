// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/gunzip-codes.h"

#include <string.h>

/* An entry of a table. Its lowest 8 bits are how many to consume, with those that are added to a
 * base. The others:
 *
 * - a literal: LITERAL, and in bits 16-23 it
 * - a base (none of the three): in bits 16-30 it, in bits 8-12 how many of the bits to consume are
 *   the code itself
 * - a longer code: OTHER and LONGER, in bits 16-29 the table that goes on, in bits 8-11 how many
 *   bits that is for
 * - the end: OTHER and END
 * - nothing: OTHER */
#define LITERAL (1U << 31)
#define OTHER   (1U << 15)
#define LONGER  (1U << 14)
#define END     (1U << 13)

static inline guint
consumed (guint32 entry)
{
  return entry & 0xff;
}

static inline guint
value (guint32 entry)
{
  return entry >> 16 & 0x7fff;
}

static inline guint
code_bits (guint32 entry)
{
  return entry >> 8 & 0x1f;
}

static inline guint
next_bits (guint32 entry)
{
  return entry >> 8 & 0xf;
}

/* 258 has a symbol of its own, and could be written as another with what is added to it, too. To
 * tell these apart, the former has this base. */
#define LONGEST (UL_DEFLATE_MAX_MATCH + 2)

static guint32
base_entry (const UlDeflateSymbol *symbol, guint bits)
{
  if (symbol->base == 0)
    return OTHER | bits;
  return (guint32) symbol->base << 16 | bits << 8 | (bits + symbol->extra);
}

static guint32
litlen_entry (guint symbol, guint bits)
{
  if (symbol < UL_DEFLATE_END)
    return LITERAL | symbol << 16 | bits;
  if (symbol == UL_DEFLATE_END)
    return OTHER | END | bits;
  static const UlDeflateSymbol longest = { LONGEST, 0 };
  const UlDeflateSymbol *length = &ul_deflate_lengths[symbol - UL_DEFLATE_LENGTH];
  return base_entry (length->base == UL_DEFLATE_MAX_MATCH ? &longest : length, bits);
}

static guint32
distance_entry (guint symbol, guint bits)
{
  return base_entry (&ul_deflate_distances[symbol], bits);
}

/* Bits of the table for codes that begin as one of @bits does: so many that those which are as long
 * or longer fill it. @count: of those that have no entry yet. */
static guint
longer_bits (const guint count[UL_DEFLATE_MAX_BITS + 1], guint bits, guint main_bits)
{
  guint n = bits - main_bits;
  for (gint left = 1 << n; n + main_bits < UL_DEFLATE_MAX_BITS; n++, left <<= 1)
    {
      left -= (gint) count[n + main_bits];
      if (left <= 0)
        break;
    }
  return n;
}

/* Used symbols in @out, those with short codes first. Returns how many. */
static guint
sort (const guint8 *lengths, guint n, const guint count[UL_DEFLATE_MAX_BITS + 1],
      guint16 out[UL_DEFLATE_LITLENS])
{
  guint next[UL_DEFLATE_MAX_BITS + 1] = { 0 };
  for (guint bits = 1; bits < UL_DEFLATE_MAX_BITS; bits++)
    next[bits + 1] = next[bits] + count[bits];
  for (guint i = 0; i < n; i++)
    if (lengths[i] > 0)
      out[next[lengths[i]]++] = (guint16) i;
  return n - count[0];
}

/* @room: entries in the table. */
static void
build (guint32 *table, guint room, guint main_bits, const guint8 *lengths, guint n,
       guint32 (*entry) (guint symbol, guint bits))
{
  guint16 codes[UL_DEFLATE_LITLENS];
  guint16 sorted[UL_DEFLATE_LITLENS];
  guint count[UL_DEFLATE_MAX_BITS + 1] = { 0 };
  guint used = 1U << main_bits;
  for (guint i = 0; i < n; i++)
    count[lengths[i]]++;
  for (guint i = 0; i < room; i++)
    table[i] = OTHER;
  ul_deflate_codes (lengths, n, codes);
  for (guint i = 0, end = sort (lengths, n, count, sorted); i < end; i++)
    {
      const guint symbol = sorted[i];
      const guint bits = lengths[symbol];
      guint32 *at = &table[codes[symbol] & ((1U << main_bits) - 1)];
      if (bits <= main_bits)
        {
          for (guint k = codes[symbol]; k < 1U << main_bits; k += 1U << bits)
            table[k] = entry (symbol, bits);
          continue;
        }
      /* The first code of a table behind is the shortest, and says how large that has to be. */
      if (*at == OTHER)
        {
          const guint more = longer_bits (count, bits, main_bits);
          *at = OTHER | LONGER | used << 16 | more << 8 | main_bits;
          used += 1U << more;
          g_assert (used <= room);
        }
      count[bits]--;
      for (guint k = codes[symbol] >> main_bits; k < 1U << next_bits (*at);
           k += 1U << (bits - main_bits))
        table[value (*at) + k] = entry (symbol, bits - main_bits);
    }
}

void
ul_gunzip_tables_init (UlGunzipTables *self, const UlDeflateLengths *lengths)
{
  build (self->litlen, UL_GUNZIP_LITLEN_TABLE, UL_GUNZIP_LITLEN_BITS, lengths->litlen,
         UL_DEFLATE_LITLENS, litlen_entry);
  build (self->distance, UL_GUNZIP_DISTANCE_TABLE, UL_GUNZIP_DISTANCE_BITS, lengths->distance,
         UL_DEFLATE_DISTANCES, distance_entry);
}

/* Bits that were loaded, of what is at ->in; some above ->n may be there already. */
typedef struct
{
  const guint8 *in;
  guint64 bits;
  guint n;
} Reader;

/* At least 56 then. */
static inline void
load (Reader *reader)
{
  guint64 more;
  memcpy (&more, reader->in, sizeof more);
  reader->bits |= GUINT64_FROM_LE (more) << reader->n;
  reader->in += (63 - reader->n) >> 3;
  reader->n |= 56;
}

static inline void
drop (Reader *reader, guint n)
{
  reader->bits >>= n;
  reader->n -= n;
}

/* The base of an entry, and the bits that are added to it. */
static inline guint
take_base (Reader *reader, guint32 entry)
{
  const guint64 own = reader->bits & ((G_GUINT64_CONSTANT (1) << consumed (entry)) - 1);
  drop (reader, consumed (entry));
  return value (entry) + (guint) (own >> code_bits (entry));
}

/* They may overlap: what is read is what was there before. */
static inline void
copy_8 (guint8 *to, const guint8 *from)
{
  guint64 word;
  memcpy (&word, from, sizeof word);
  memcpy (to, &word, sizeof word);
}

/* Copies that go too far are made good by what comes, or are in the slack. */
static inline void
copy_match (guint8 *to, guint distance, guint length)
{
  const guint8 *from = to - distance;
  const guint8 *end = to + length;
  if (G_LIKELY (distance >= 16))
    {
      /* Most are no longer than two steps. */
      memcpy (to, from, 16);
      memcpy (to + 16, from + 16, 16);
      for (guint at = 32; G_UNLIKELY (at < length); at += 16)
        memcpy (to + at, from + at, 16);
      return;
    }
  /* Each step has twice the bytes that repeat each other. */
  for (; distance < 8; distance *= 2)
    {
      copy_8 (to, from);
      to += distance;
    }
  for (; to < end; to += 8, from += 8)
    copy_8 (to, from);
}

/* The entry for the next bits, of those that are looked up at once. */
static inline guint32
look_up (const guint32 *table, const Reader *reader, guint bits)
{
  return table[reader->bits & ((1U << bits) - 1)];
}

/* The entry itself where the code is longer than those. */
static inline guint32
look_up_longer (const guint32 *table, Reader *reader, guint32 entry)
{
  if (G_LIKELY ((entry & (LITERAL | LONGER)) != LONGER))
    return entry;
  drop (reader, consumed (entry));
  return look_up (table + value (entry), reader, next_bits (entry));
}

/* The entry for the next code. */
static inline guint32
peek (const UlGunzipTables *tables, const Reader *reader)
{
  return look_up (tables->litlen, reader, UL_GUNZIP_LITLEN_BITS);
}

/* Also looks up what comes next, which is known before the literal is stored. */
static inline guint32
take_literal (const UlGunzipTables *tables, Reader *reader, guint32 entry, guint8 **out)
{
  *(*out)++ = (guint8) (entry >> 16);
  drop (reader, consumed (entry));
  return peek (tables, reader);
}

static inline __attribute__ ((always_inline)) UlGunzipResult
read_codes (const UlGunzipTables *tables, UlGunzipRun *run)
{
  Reader reader = { .in = run->in + (run->at >> 3) };
  const guint8 *const in_stop = run->in_stop;
  const guint8 *const out_stop = run->out_stop;
  const guint8 *const floor = run->floor;
  guint8 *out = run->out;
  const guint8 *literals = run->literals;
  UlGunzipMatch *match = run->matches;
  UlGunzipResult result = UL_GUNZIP_STOPPED;
  load (&reader);
  drop (&reader, run->at & 7);
  /* Of the next code, which isn't consumed: while what is before it is being copied, its table's
   * entry is on the way. */
  guint32 entry = peek (tables, &reader);
  while (reader.in < in_stop && out < out_stop)
    {
      /* Of 56 bits two literals that are looked up at once take 22, a third symbol with its length
       * 20, and 11 are looked at for the next. */
      load (&reader);
      if (entry & LITERAL)
        {
          entry = take_literal (tables, &reader, entry, &out);
          if (entry & LITERAL)
            {
              entry = take_literal (tables, &reader, entry, &out);
              if (entry & LITERAL)
                {
                  entry = take_literal (tables, &reader, entry, &out);
                  continue;
                }
            }
        }
      if (G_UNLIKELY (entry & OTHER))
        {
          entry = look_up_longer (tables->litlen, &reader, entry);
          if (entry & LITERAL)
            {
              entry = take_literal (tables, &reader, entry, &out);
              continue;
            }
          if (entry & OTHER)
            {
              drop (&reader, consumed (entry));
              result = entry & END ? UL_GUNZIP_ENDED : UL_GUNZIP_DAMAGED;
              break;
            }
        }
      guint length = take_base (&reader, entry);
      load (&reader);
      entry = look_up (tables->distance, &reader, UL_GUNZIP_DISTANCE_BITS);
      entry = look_up_longer (tables->distance, &reader, entry);
      const guint distance = take_base (&reader, entry);
      if (G_UNLIKELY (entry & OTHER || distance > (gsize) (out - floor)))
        {
          result = UL_GUNZIP_DAMAGED;
          break;
        }
      entry = peek (tables, &reader);
      *match = (UlGunzipMatch){ (guint32) (out - literals), (guint16) length, (guint16) distance };
      if (G_UNLIKELY (length >= UL_DEFLATE_MAX_MATCH))
        {
          match->length = length == LONGEST ? UL_DEFLATE_MAX_MATCH : UL_GUNZIP_ODD_LENGTH;
          length = UL_DEFLATE_MAX_MATCH;
        }
      match++;
      copy_match (out, distance, length);
      out += length;
      literals = out;
    }
  run->at = (guint64) (reader.in - run->in) * 8 - reader.n;
  run->out = out;
  run->literals = literals;
  run->matches = match;
  return result;
}

#ifdef __x86_64__
/* With shifts by any register, and masks in one step: a twentieth less. */
__attribute__ ((target ("bmi,bmi2"))) static UlGunzipResult
read_codes_bmi2 (const UlGunzipTables *tables, UlGunzipRun *run)
{
  return read_codes (tables, run);
}
#endif

UlGunzipResult
ul_gunzip_codes (const UlGunzipTables *tables, UlGunzipRun *run)
{
#ifdef __x86_64__
  if (__builtin_cpu_supports ("bmi") && __builtin_cpu_supports ("bmi2"))
    return read_codes_bmi2 (tables, run);
#endif
  return read_codes (tables, run);
}
