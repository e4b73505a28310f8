// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string.h>

#include "util/deflate-codes.h"

/* What writer and reader of a gzip-split have to agree on. Private to core/gzip-split*.c. */

G_BEGIN_DECLS

#define UL_GZIP_SPLIT_MAGIC "underlay gzip-split 1\n"

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
  guint64 in_table; /* places before are in it, as far as they go there */
  guint64 match;    /* the last one begins here, and isn't in the table yet */
  guint match_len;  /* 0: it is */
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

/* All before @place that goes there: of a match its first two bytes and its last two, which is
 * enough, as that is where the next ones begin, and takes half the time; and all literals. Only
 * what has three bytes more before @end. @content is that of place @first. */
static inline void
ul_gzip_split_table_fill (UlGzipSplitTable *self, const guint8 *content, guint64 first,
                          guint64 place, guint64 end)
{
  if (end < UL_GZIP_SPLIT_HASHED)
    return;
  const guint64 stop = MIN (place, end - (UL_GZIP_SPLIT_HASHED - 1));
  if (self->match_len > 0)
    {
      const guint64 behind = self->match + self->match_len;
      const guint8 *bytes = content + (self->match - first);
      if (stop < behind)
        return;
      ul_gzip_split_table_put (self, bytes, self->match);
      ul_gzip_split_table_put (self, bytes + 1, self->match + 1);
      ul_gzip_split_table_put (self, bytes + self->match_len - 2, behind - 2);
      ul_gzip_split_table_put (self, bytes + self->match_len - 1, behind - 1);
      self->match_len = 0;
      self->in_table = behind;
    }
  /* Not in ->in_table itself, which would be written each time: for the compiler it could be one of
   * the places. */
  guint64 at = self->in_table;
  for (; at < stop; at++)
    ul_gzip_split_table_put (self, content + (at - first), at);
  self->in_table = at;
}

/* A match at @place; fill () up to there was before. */
static inline void
ul_gzip_split_table_match (UlGzipSplitTable *self, guint64 place, guint length)
{
  self->match = place;
  self->match_len = length;
}

G_END_DECLS
