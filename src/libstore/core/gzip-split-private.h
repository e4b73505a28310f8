// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string.h>

#include "util/deflate-codes.h"

/* What writer and reader of a gzip-split have to agree on. Private to core/gzip-split*.c. */

G_BEGIN_DECLS

#define UL_GZIP_SPLIT_MAGIC "underlay gzip-split 2\n"

/* A frame: four numbers (core/varint.h), the bytes in each of its sections, and those. The sections
 * hold codes, distances, numbers, bits. */
#define UL_GZIP_SPLIT_SECTIONS    4
#define UL_GZIP_SPLIT_MAX_SECTION (2 * 1024 * 1024)

/* Of a code: 10 times the literals before, plus how the length is known and which distance it is.
 * More literals than that are a number. */
#define UL_GZIP_SPLIT_MARK          250
#define UL_GZIP_SPLIT_MANY_LITERALS 24
#define UL_GZIP_SPLIT_WAYS          10
#define UL_GZIP_SPLIT_SAID_LENGTH   5 /* the length is a number; else it's as long as it can be */
#define UL_GZIP_SPLIT_SAID_DISTANCE 4 /* the distance is said; else it's from the table */

/* For each hash of 4 bytes the four places where that was last, the last one in the lowest 16 bits:
 * a place is its number in the content, modulo 65536, which is enough for a window. */
#define UL_GZIP_SPLIT_HASHED    4
#define UL_GZIP_SPLIT_HASH_BITS 14
#define UL_GZIP_SPLIT_PLACES    4

typedef struct
{
  guint64 match; /* where the last one begins, which isn't in the table yet */
  guint64 places[1U << UL_GZIP_SPLIT_HASH_BITS];
} UlGzipSplitTable;

static inline guint64 *
ul_gzip_split_table_at (UlGzipSplitTable *self, const guint8 *bytes)
{
  guint32 word;
  memcpy (&word, bytes, sizeof word);
  return &self->places[(GUINT32_FROM_LE (word) * 2654435761U) >> (32 - UL_GZIP_SPLIT_HASH_BITS)];
}

/* @bytes are those from @place on. */
static inline void
ul_gzip_split_table_put (UlGzipSplitTable *self, const guint8 *bytes, guint64 place)
{
  guint64 *at = ul_gzip_split_table_at (self, bytes);
  *at = *at << 16 | (guint16) place;
}

/* Before a match at @place is looked up: what goes into the table are places around the begin of a
 * match, which is where the next ones come from. All places would take much longer. Those of the
 * match before are its first three, as many bytes as any has: more may not be known yet.
 *
 * @bytes are those from @place on, of which three are there, and a window before them, or all there
 * were. */
static inline void
ul_gzip_split_table_go_to (UlGzipSplitTable *self, const guint8 *bytes, guint64 place)
{
  const guint64 match = self->match;
  const guint64 back = place - match;
  self->match = place;
  if (G_UNLIKELY (place < 4))
    return;
  if (G_LIKELY (back <= UL_DEFLATE_WINDOW))
    {
      ul_gzip_split_table_put (self, bytes - back, match);
      ul_gzip_split_table_put (self, bytes - back + 1, match + 1);
      ul_gzip_split_table_put (self, bytes - back + 2, match + 2);
    }
  ul_gzip_split_table_put (self, bytes - 4, place - 4);
  ul_gzip_split_table_put (self, bytes - 3, place - 3);
  ul_gzip_split_table_put (self, bytes - 2, place - 2);
  ul_gzip_split_table_put (self, bytes - 1, place - 1);
}

G_END_DECLS
