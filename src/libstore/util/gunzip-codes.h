// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "util/gunzip.h"

/* Reads the symbols of a block: the one loop that an unpacker spends its time in. Private to
 * util/gunzip.c. */

G_BEGIN_DECLS

/* Bits that are looked up at once; longer codes go on in a table behind. The sizes are the most
 * that complete codes come to. */
#define UL_GUNZIP_LITLEN_BITS    11
#define UL_GUNZIP_DISTANCE_BITS  8
#define UL_GUNZIP_LITLEN_TABLE   2342
#define UL_GUNZIP_DISTANCE_TABLE 402

typedef struct
{
  guint32 litlen[UL_GUNZIP_LITLEN_TABLE];
  guint32 distance[UL_GUNZIP_DISTANCE_TABLE];
} UlGunzipTables;

/* @lengths: as ul_deflate_read_lengths () lets them through, or fixed. */
void ul_gunzip_tables_init (UlGunzipTables *self, const UlDeflateLengths *lengths);

/* Room that a run needs behind its stops, of what is read and of what is written. */
#define UL_GUNZIP_IN_SLACK  32
#define UL_GUNZIP_OUT_SLACK 320

/* Where a run is. It stops at the first symbol that begins at or behind one of the stops. */
typedef struct
{
  const guint8 *in;
  guint64 at; /* bits into it */
  const guint8 *in_stop;
  guint8 *out;
  const guint8 *out_stop;
  const guint8 *floor;    /* nothing before is the member's, or it's further back than matches go */
  const guint8 *literals; /* those that aren't counted yet */
  UlGunzipMatch *matches; /* where the next one goes; there is room for (out_stop - out) / 3 + 1 */
} UlGunzipRun;

typedef enum
{
  UL_GUNZIP_STOPPED,
  UL_GUNZIP_ENDED, /* behind the block's end */
  UL_GUNZIP_DAMAGED,
} UlGunzipResult;

UlGunzipResult ul_gunzip_codes (const UlGunzipTables *tables, UlGunzipRun *run);

G_END_DECLS
