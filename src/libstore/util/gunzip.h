// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "util/deflate-codes.h"
#include "util/stream.h"

/* Unpacks gzip, and says how it was packed: with what comes out, everything needed to write the
 * very same bits again (core/gzip-split.h). Libraries keep that to themselves, so that for this
 * alone it's done by hand; what is only to be unpacked is util/unpack.h's.
 *
 * Members are checked as zlib does, with length and CRC-32. What follows the last one is no error.
 * Memory: 2 MiB, and 1 for each chunk that's kept. One thread at a time. Sources: RFC 1951, RFC
 * 1952. */

G_BEGIN_DECLS

typedef struct _UlGunzip UlGunzip;

/* A match of 258 bytes, which has a symbol of its own, written as another symbol. No encoder we
 * know does it. */
#define UL_GUNZIP_ODD_LENGTH 259

/* What the encoder has chosen next: so many bytes as they are (literals), then @length bytes from
 * @distance back. @length 0: no match, but the next of the chunk's marks. */
typedef struct
{
  guint32 literals;
  guint16 length;
  guint16 distance;
} UlGunzipMatch;

/* Of a block it's the number in its header. */
typedef enum
{
  UL_GUNZIP_STORED,
  UL_GUNZIP_FIXED,
  UL_GUNZIP_DYNAMIC,
  UL_GUNZIP_VERBATIM,
} UlGunzipMarkType;

/* Bits that are no content, as they are: the header of a block that begins there, with all lengths;
 * or (verbatim) what is between members, before the first one and behind the last. A block with
 * codes has the code of its end before the next mark. */
typedef struct
{
  UlGunzipMarkType type;
  guint n_bits; /* the last byte is filled up with zeros */
  gsize bytes;  /* where they are, in the chunk's ->bits */
} UlGunzipMark;

/* Content in order, and how it was packed. Matches are whole; literals may go on: those behind the
 * chunk's last match aren't counted, and come before the next chunk's first one. Everything stays
 * until the next read, and as long as somebody has a reference, be it on another thread. */
typedef struct
{
  const guint8 *content;
  gsize len;    /* may be 0 before the end */
  gsize before; /* bytes that precede ->content there, too: up to UL_GUNZIP_BEFORE, or all there
                   were */
  const UlGunzipMatch *matches;
  gsize n_matches;
  const UlGunzipMark *marks;
  gsize n_marks;
  const guint8 *bits;
} UlGunzipChunk;

/* What the matches of a chunk may refer to, and as much as two of them. */
#define UL_GUNZIP_BEFORE (UL_DEFLATE_WINDOW + 2 * UL_DEFLATE_MAX_MATCH)

const UlGunzipChunk *ul_gunzip_chunk_ref (const UlGunzipChunk *chunk);
void ul_gunzip_chunk_unref (const UlGunzipChunk *chunk);
/* Its content, with a reference to it. */
GBytes *ul_gunzip_chunk_bytes (const UlGunzipChunk *chunk);

/* Of what is behind the last member, more is an error. */
#define UL_GUNZIP_MAX_TAIL (16 * 1024 * 1024)

/* @from: copied. */
UlGunzip *ul_gunzip_new (const UlStream *from);
void ul_gunzip_free (UlGunzip *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlGunzip, ul_gunzip_free)

/* The next chunk, which is @self's until the caller asks for a reference. *out_more is FALSE for
 * the last one. NULL with UL_ERROR_CORRUPT for what is damaged or ends early, or @from's error. */
const UlGunzipChunk *ul_gunzip_read (UlGunzip *self, gboolean *out_more, GError **error);

G_END_DECLS
