// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/deflate.h"

#include <libdeflate.h>
#include <string.h>
#include <zlib.h>

#include "util/error.h"
#include "util/fd.h"

#define RAW_DEFLATE (-MAX_WBITS)

/* For each zlib level the fastest level of libdeflate whose output is no more than 1% larger,
 * measured over the files of a Debian root filesystem (docs/design/archive.md). */
static const gint equivalent_levels[] = { 0, 1, 1, 2, 2, 3, 3, 5, 6, 7 };

#define SAMPLE_SIZE  1024
#define SAMPLE_EVERY (32 * 1024)

gint
ul_deflate_level (gint zlib_level)
{
  return equivalent_levels[CLAMP (zlib_level, 0, (gint) G_N_ELEMENTS (equivalent_levels) - 1)];
}

static struct libdeflate_compressor *
compressor (UlScratch *scratch, gint level)
{
  if (scratch->deflate == NULL)
    {
      scratch->deflate = libdeflate_alloc_compressor (level);
      g_assert (scratch->deflate != NULL);
    }
  return scratch->deflate;
}

/* Compressed packages, images, archives in a root filesystem cost as much time as anything and gain
 * nothing. One KiB of every 32 tells: where these together don't get 2% smaller, the rest won't
 * either. */
gboolean
ul_deflate_is_incompressible (const guint8 *data, gsize len)
{
  if (len < 2 * SAMPLE_EVERY)
    return FALSE;
  g_autofree guint8 *samples = g_malloc (len / SAMPLE_EVERY * SAMPLE_SIZE);
  gsize n = 0;
  for (gsize offset = 0; offset + SAMPLE_EVERY <= len; offset += SAMPLE_EVERY, n += SAMPLE_SIZE)
    memcpy (samples + n, data + offset, SAMPLE_SIZE);

  struct libdeflate_compressor *fast = libdeflate_alloc_compressor (1);
  g_assert (fast != NULL);
  g_autofree guint8 *packed = g_malloc (n);
  const gsize room = n - n / 50;
  const gsize packed_len = libdeflate_deflate_compress (fast, samples, n, packed, room);
  libdeflate_free_compressor (fast);
  return packed_len == 0; /* it didn't fit */
}

gsize
ul_deflate_store (const guint8 *data, gsize len, guint8 *out, gsize room)
{
  struct libdeflate_compressor *none = libdeflate_alloc_compressor (0);
  g_assert (none != NULL);
  const gsize n = libdeflate_deflate_compress (none, data, len, out, room);
  libdeflate_free_compressor (none);
  g_assert (n > 0); /* 0: it didn't fit, which the bound rules out */
  return n;
}

void
ul_deflate_whole (const guint8 *data, gsize len, UlScratch *scratch, gint zlib_level,
                  const guint8 **out_packed, gsize *out_len)
{
  struct libdeflate_compressor *c = compressor (scratch, ul_deflate_level (zlib_level));
  const gsize bound = libdeflate_deflate_compress_bound (c, len);
  guint8 *packed = ul_scratch_packed (scratch, bound);
  *out_len = 0;
  if (!ul_deflate_is_incompressible (data, len))
    *out_len = libdeflate_deflate_compress (c, data, len, packed, bound);
  if (*out_len == 0)
    *out_len = ul_deflate_store (data, len, packed, bound);
  *out_packed = packed;
}

gboolean
ul_inflate_whole (const guint8 *packed, gsize packed_len, UlScratch *scratch, guint8 *out,
                  gsize size, GError **error)
{
  if (scratch->unpack == NULL)
    {
      scratch->unpack = libdeflate_alloc_decompressor ();
      g_assert (scratch->unpack != NULL);
    }
  gsize used;
  switch (libdeflate_deflate_decompress_ex (scratch->unpack, packed, packed_len, out, size, &used,
                                            NULL))
    {
    case LIBDEFLATE_SUCCESS:
      return used == packed_len
             || ul_throw (error, UL_ERROR_CORRUPT, "compressed content is followed by other bytes");
    default:
      return ul_throw (error, UL_ERROR_CORRUPT, "compressed content is damaged");
    }
}

struct _UlInflate
{
  z_stream z;
  int fd;
  gboolean ended;
  guint8 in[32 * 1024];
};

UlInflate *
ul_inflate_new (int fd)
{
  UlInflate *self = g_new0 (UlInflate, 1);
  self->fd = fd;
  const int status = inflateInit2 (&self->z, RAW_DEFLATE);
  g_assert (status == Z_OK);
  return self;
}

void
ul_inflate_free (UlInflate *self)
{
  if (self == NULL)
    return;
  inflateEnd (&self->z);
  g_free (self);
}

static gboolean
refill (UlInflate *self, gboolean *out_eof, GError **error)
{
  gsize n;
  if (!ul_fd_read (self->fd, self->in, sizeof self->in, "object", &n, error))
    return FALSE;
  self->z.next_in = self->in;
  self->z.avail_in = (uInt) n;
  *out_eof = n == 0;
  return TRUE;
}

static gboolean
check_end (UlInflate *self, GError **error)
{
  gboolean eof = FALSE;
  if (self->z.avail_in == 0 && !refill (self, &eof, error))
    return FALSE;
  if (!eof)
    return ul_throw (error, UL_ERROR_CORRUPT, "compressed content is followed by other bytes");
  return TRUE;
}

gboolean
ul_inflate_read (UlInflate *self, void *buffer, gsize len, gsize *out_n, GError **error)
{
  self->z.next_out = buffer;
  self->z.avail_out = (uInt) MIN (len, (gsize) 1 << 30);
  const uInt room = self->z.avail_out;
  while (room > 0 && self->z.avail_out == room && !self->ended)
    {
      gboolean eof = FALSE;
      if (self->z.avail_in == 0 && !refill (self, &eof, error))
        return FALSE;
      const int status = inflate (&self->z, Z_NO_FLUSH);
      /* The end of the input isn't yet the end of the output: zlib holds back what didn't fit. */
      if (eof && status != Z_STREAM_END && self->z.avail_out == room)
        return ul_throw (error, UL_ERROR_CORRUPT, "compressed content is truncated");
      if (status == Z_STREAM_END)
        {
          self->ended = TRUE;
          if (!check_end (self, error))
            return FALSE;
        }
      else if (status != Z_OK && status != Z_BUF_ERROR)
        return ul_throw (error, UL_ERROR_CORRUPT, "compressed content is damaged");
    }
  *out_n = room - self->z.avail_out;
  return TRUE;
}
