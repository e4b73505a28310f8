// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/gzip-zlib.h"

#include <string.h>
#include <zlib.h>

#include "util/fd.h"

#define BUFFER (256 * 1024)

/* What zlib wants to hear for its default window, and gzip around the stream. */
#define GZIP_WINDOW    (MAX_WBITS + 16)
#define DEFAULT_MEMORY 8

struct _UlGzipZlib
{
  int fd;
  guint64 written;
  z_stream stream;
  guint8 buffer[BUFFER];
};

static void
reset_buffer (UlGzipZlib *self)
{
  self->stream.next_out = self->buffer;
  self->stream.avail_out = BUFFER;
}

UlGzipZlib *
ul_gzip_zlib_new (int fd, int level)
{
  /* Not cleared: pages that nobody touches cost nothing. */
  UlGzipZlib *self = g_malloc (sizeof *self);
  self->fd = fd;
  self->written = 0;
  memset (&self->stream, 0, sizeof self->stream);
  const int status = deflateInit2 (&self->stream, level, Z_DEFLATED, GZIP_WINDOW, DEFAULT_MEMORY,
                                   Z_DEFAULT_STRATEGY);
  /* All else than memory is right. */
  if (status != Z_OK)
    g_error ("zlib: %s", zError (status));
  reset_buffer (self);
  return self;
}

void
ul_gzip_zlib_free (UlGzipZlib *self)
{
  if (self == NULL)
    return;
  deflateEnd (&self->stream);
  g_free (self);
}

static gboolean
flush (UlGzipZlib *self, GError **error)
{
  const gsize len = BUFFER - self->stream.avail_out;
  reset_buffer (self);
  self->written += len;
  return ul_fd_write_all (self->fd, self->buffer, len, "gzip", error);
}

gboolean
ul_gzip_zlib_write (UlGzipZlib *self, const void *data, gsize len, GError **error)
{
  /* zlib counts in unsigned int. */
  for (const guint8 *at = data; len > 0;)
    {
      const uInt n = (uInt) MIN (len, G_MAXINT32);
      self->stream.next_in = (Bytef *) at;
      self->stream.avail_in = n;
      at += n;
      len -= n;
      while (self->stream.avail_in > 0)
        {
          const int status = deflate (&self->stream, Z_NO_FLUSH);
          g_assert (status == Z_OK);
          if (self->stream.avail_out == 0 && !flush (self, error))
            return FALSE;
        }
    }
  return TRUE;
}

gboolean
ul_gzip_zlib_finish (UlGzipZlib *self, GError **error)
{
  while (deflate (&self->stream, Z_FINISH) != Z_STREAM_END)
    if (!flush (self, error))
      return FALSE;
  return flush (self, error);
}

guint64
ul_gzip_zlib_size (const UlGzipZlib *self)
{
  return self->written;
}

void
ul_gzip_zlib_header (guint8 extra, guint8 system, guint8 out[UL_GZIP_HEADER])
{
  const guint8 header[UL_GZIP_HEADER] = { 0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0, extra, system };
  memcpy (out, header, sizeof header);
}
