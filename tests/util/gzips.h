// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>
#include <string.h>
#include <zlib.h>

/* Contents, and ways of zlib to pack them, which together use all that deflate has. For tests. */

enum
{
  CONTENT_NOTHING,
  CONTENT_BYTE,
  CONTENT_ZEROS,  /* the longest matches */
  CONTENT_NOISE,  /* doesn't pack: stored blocks */
  CONTENT_TEXT,   /* short matches, from near and far */
  CONTENT_COPIES, /* of noise, from up to a window back, and their changes */
  CONTENT_N,
};

static inline void
fill_noise (guint8 *bytes, gsize len, guint32 seed)
{
  for (gsize i = 0; i < len; i++)
    {
      seed = seed * 1664525 + 1013904223;
      bytes[i] = (guint8) (seed >> 24);
    }
}

static inline GByteArray *
content_new (guint which)
{
  static const gsize lens[CONTENT_N] = { 0, 1, 700000, 300000, 600000, 700000 };
  GByteArray *self = g_byte_array_new ();
  const gsize len = lens[which];
  g_byte_array_set_size (self, (guint) len);
  if (len == 0)
    return self;
  memset (self->data, 0, len);
  if (which == CONTENT_BYTE || which == CONTENT_NOISE)
    fill_noise (self->data, len, 7);
  else if (which == CONTENT_TEXT)
    {
      fill_noise (self->data, len, 11);
      for (gsize i = 0; i < len; i++)
        self->data[i] = (guint8) "etaoinshr dlu\n"[self->data[i] * self->data[i] / 5000];
    }
  else if (which == CONTENT_COPIES)
    {
      const gsize block = 9001;
      fill_noise (self->data, block, 13);
      for (gsize at = block; at < len; at++)
        self->data[at] = at % 701 == 0 ? (guint8) (at / 701) : self->data[at - block];
    }
  return self;
}

typedef struct
{
  int level;
  int strategy;
  gsize flush_every; /* 0: never */
  int flush;
  gboolean names; /* and all else that a header may have */
} Packing;

static const Packing packings[] = {
  { 6, Z_DEFAULT_STRATEGY, 0, 0, FALSE },
  { 1, Z_DEFAULT_STRATEGY, 0, 0, TRUE },
  { 9, Z_DEFAULT_STRATEGY, 0, 0, FALSE },
  { 0, Z_DEFAULT_STRATEGY, 0, 0, FALSE },
  { 6, Z_FIXED, 0, 0, FALSE },
  { 6, Z_HUFFMAN_ONLY, 0, 0, FALSE },
  { 6, Z_RLE, 0, 0, FALSE },
  { 6, Z_FILTERED, 100000, Z_SYNC_FLUSH, FALSE },
  { 9, Z_DEFAULT_STRATEGY, 4099, Z_FULL_FLUSH, FALSE },
  { 3, Z_DEFAULT_STRATEGY, 65536, Z_PARTIAL_FLUSH, FALSE },
  { 6, Z_DEFAULT_STRATEGY, 100000, Z_BLOCK, FALSE },
};

/* A member more. */
static inline void
gzip_add (GByteArray *out, const GByteArray *content, const Packing *packing)
{
  z_stream z = { 0 };
  gz_header header = {
    .time = 1,
    .os = 3,
    .extra = (Bytef *) "ab\2\0xy",
    .extra_len = 6,
    .name = (Bytef *) "name",
    .comment = (Bytef *) "comment",
    .hcrc = 1,
  };
  g_assert_cmpint (deflateInit2 (&z, packing->level, Z_DEFLATED, 31, 8, packing->strategy), ==,
                   Z_OK);
  if (packing->names)
    deflateSetHeader (&z, &header);
  g_autofree guint8 *room = g_malloc (content->len + content->len / 2 + 100000);
  z.next_out = room;
  z.avail_out = content->len + content->len / 2 + 100000;
  const gsize every = packing->flush_every > 0 ? packing->flush_every : content->len + 1;
  for (gsize at = 0; at < content->len; at += every)
    {
      z.next_in = content->data + at;
      z.avail_in = (uInt) MIN (every, content->len - at);
      g_assert_cmpint (deflate (&z, packing->flush), ==, Z_OK);
    }
  g_assert_cmpint (deflate (&z, Z_FINISH), ==, Z_STREAM_END);
  g_byte_array_append (out, room, (guint) z.total_out);
  deflateEnd (&z);
}

/* What zlib makes of one member that is all there is; NULL if it's damaged. */
static inline GByteArray *
gzip_judge (const guint8 *bytes, gsize len)
{
  z_stream z = { 0 };
  guint8 room[65536];
  int result = Z_OK;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_assert_cmpint (inflateInit2 (&z, 31), ==, Z_OK);
  z.next_in = (Bytef *) bytes;
  z.avail_in = (uInt) len;
  while (result == Z_OK)
    {
      z.next_out = room;
      z.avail_out = sizeof room;
      result = inflate (&z, Z_NO_FLUSH);
      g_byte_array_append (out, room, (guint) (sizeof room - z.avail_out));
    }
  inflateEnd (&z);
  return result == Z_STREAM_END ? g_steal_pointer (&out) : NULL;
}
