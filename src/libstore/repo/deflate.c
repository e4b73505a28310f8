// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/deflate.h"

#include <errno.h>
#include <libdeflate.h>
#include <zlib.h>

#include "util/error.h"
#include "util/fd.h"

#define RAW_DEFLATE (-MAX_WBITS)

void
ul_deflate_whole (const guint8 *data, gsize len, UlScratch *scratch, gint level,
                  const guint8 **out_packed, gsize *out_len)
{
  if (scratch->deflate != NULL && scratch->deflate_level != level)
    g_clear_pointer (&scratch->deflate, libdeflate_free_compressor);
  if (scratch->deflate == NULL)
    {
      scratch->deflate = libdeflate_alloc_compressor (level);
      scratch->deflate_level = level;
      g_assert (scratch->deflate != NULL);
    }
  const gsize bound = libdeflate_deflate_compress_bound (scratch->deflate, len);
  guint8 *packed = ul_scratch_packed (scratch, bound);
  *out_len = libdeflate_deflate_compress (scratch->deflate, data, len, packed, bound);
  g_assert (*out_len > 0); /* 0 means that it didn't fit, which the bound rules out */
  *out_packed = packed;
}

/* Push what is in z->next_in; with Z_FINISH until the stream's end. */
static gboolean
drain (z_stream *z, int flush, guint8 *out, gsize out_size, int fd, GError **error)
{
  int status;
  do
    {
      z->next_out = out;
      z->avail_out = (uInt)out_size;
      status = deflate (z, flush);
      g_assert (status != Z_STREAM_ERROR);
      if (!ul_fd_write_all (fd, out, out_size - z->avail_out, "object", error))
        return FALSE;
    }
  while (z->avail_out == 0);
  return TRUE;
}

static gboolean
stream (z_stream *z, const UlSource *source, UlScratch *scratch, int fd, UlHasher *tee,
        GError **error)
{
  guint8 *chunk = ul_scratch_chunk (scratch);
  guint8 *packed = ul_scratch_packed (scratch, UL_SCRATCH_CHUNK);
  UlCursor cursor = { .source = source };
  while (cursor.offset < source->size)
    {
      gsize n;
      if (!ul_cursor_read (&cursor, chunk, UL_SCRATCH_CHUNK, &n, error))
        return FALSE;
      if (tee != NULL)
        ul_hasher_update (tee, chunk, n);
      z->next_in = chunk;
      z->avail_in = (uInt)n;
      if (!drain (z, Z_NO_FLUSH, packed, UL_SCRATCH_CHUNK, fd, error))
        return FALSE;
    }
  return drain (z, Z_FINISH, packed, UL_SCRATCH_CHUNK, fd, error);
}

gboolean
ul_deflate_stream (const UlSource *source, UlScratch *scratch, gint level, int fd, UlHasher *tee,
                   GError **error)
{
  z_stream z = { 0 };
  if (deflateInit2 (&z, level, Z_DEFLATED, RAW_DEFLATE, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
    return ul_throw (error, UL_ERROR_FAILED, "compress object: out of memory");
  const gboolean ok = stream (&z, source, scratch, fd, tee, error);
  deflateEnd (&z);
  return ok;
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
  for (;;)
    {
      const ssize_t n = read (self->fd, self->in, sizeof self->in);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return ul_throw_errno (error, "read object");
      self->z.next_in = self->in;
      self->z.avail_in = (uInt)n;
      *out_eof = n == 0;
      return TRUE;
    }
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
  self->z.avail_out = (uInt)MIN (len, (gsize)1 << 30);
  const uInt room = self->z.avail_out;
  while (self->z.avail_out == room && !self->ended)
    {
      gboolean eof = FALSE;
      if (self->z.avail_in == 0 && !refill (self, &eof, error))
        return FALSE;
      if (eof)
        return ul_throw (error, UL_ERROR_CORRUPT, "compressed content is truncated");
      const int status = inflate (&self->z, Z_NO_FLUSH);
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
