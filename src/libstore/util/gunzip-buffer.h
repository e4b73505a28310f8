// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "util/gunzip-codes.h"

/* Where chunks are. Private to util/gunzip.c. */

G_BEGIN_DECLS

/* About the content of a chunk: as much as stays in a cache. */
#define UL_GUNZIP_CONTENT (256 * 1024)
#define UL_GUNZIP_MARKS   4096 /* of a chunk: blocks may be empty */
#define UL_GUNZIP_MATCHES (UL_GUNZIP_CONTENT / UL_DEFLATE_MIN_MATCH + 2 + UL_GUNZIP_MARKS)

/* Those that nobody has a reference to any more: new ones would be pages to get from the kernel.
 * Lives as long as somebody may give one back. */
typedef struct _UlGunzipPool UlGunzipPool;

typedef struct _UlGunzipBuffer UlGunzipBuffer;

struct _UlGunzipBuffer
{
  UlGunzipChunk chunk; /* first: it's what others know it by, and its references are the buffer's */
  gint refs;           /* atomic */
  UlGunzipPool *pool;
  UlGunzipBuffer *next; /* in the pool */
  GByteArray *bits;
  UlGunzipMark marks[UL_GUNZIP_MARKS];
  UlGunzipMatch matches[UL_GUNZIP_MATCHES];
  guint8 output[UL_GUNZIP_BEFORE + UL_GUNZIP_CONTENT + UL_GUNZIP_OUT_SLACK];
};

UlGunzipPool *ul_gunzip_pool_new (void);
void ul_gunzip_pool_unref (UlGunzipPool *self);

/* With one reference; without bits, and else as it was left. */
UlGunzipBuffer *ul_gunzip_pool_take (UlGunzipPool *pool);

G_END_DECLS
