// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

/* What whoever reads deflate and whoever writes it have in common: the header of a block with codes
 * of its own, and the symbols of lengths and distances. Bits count from a byte's lowest one.
 *
 * Source: RFC 1951. */

G_BEGIN_DECLS

#define UL_DEFLATE_LITLENS    288 /* symbols, of which the last two stand for nothing */
#define UL_DEFLATE_DISTANCES  32  /* the same */
#define UL_DEFLATE_MAX_BITS   15  /* of a symbol's code */
#define UL_DEFLATE_WINDOW     32768
#define UL_DEFLATE_MIN_MATCH  3
#define UL_DEFLATE_MAX_MATCH  258
#define UL_DEFLATE_END        256 /* the symbol that ends a block */
#define UL_DEFLATE_LENGTH     257 /* the first of lengths */
#define UL_DEFLATE_MAX_HEADER 640 /* bytes of a block's header: 3 bits, its codes' lengths */

/* How many bits each symbol's code has; 0: it isn't used. The codes follow from that. */
typedef struct
{
  guint8 litlen[UL_DEFLATE_LITLENS];
  guint8 distance[UL_DEFLATE_DISTANCES];
} UlDeflateLengths;

/* A length or distance is @base and so many bits more; base 0: the symbol stands for nothing. */
typedef struct
{
  guint16 base;
  guint8 extra;
} UlDeflateSymbol;

/* By symbol - UL_DEFLATE_LENGTH; by symbol. */
extern const UlDeflateSymbol ul_deflate_lengths[UL_DEFLATE_LITLENS - UL_DEFLATE_LENGTH];
extern const UlDeflateSymbol ul_deflate_distances[UL_DEFLATE_DISTANCES];

/* Those of a block with fixed codes. */
void ul_deflate_fixed (UlDeflateLengths *out);

/* Bits in memory. */
typedef struct
{
  const guint8 *bytes;
  guint64 at; /* the next one */
  guint64 end;
} UlDeflateBits;

/* Up to 16; 0 for those behind the end, which ->at shows. */
guint ul_deflate_bits_take (UlDeflateBits *self, guint n);

/* What follows the first 3 bits of a block with codes of its own. FALSE if that is none: too short,
 * or codes that nobody could read, as zlib judges. */
gboolean ul_deflate_read_lengths (UlDeflateBits *bits, UlDeflateLengths *out);

/* Codes for @n symbols of those lengths, as they are read, lowest bit first. */
void ul_deflate_codes (const guint8 *lengths, guint n, guint16 *out);

G_END_DECLS
