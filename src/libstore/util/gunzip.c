// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/gunzip.h"

#include <zlib.h>

#include "util/error.h"
#include "util/fd.h"

#define INPUT_SIZE (64 * 1024)

struct _UlGunzip
{
  int fd;
  z_stream stream;
  gboolean between; /* a member has ended */
  guint8 input[INPUT_SIZE];
};

UlGunzip *
ul_gunzip_new (int fd)
{
  UlGunzip *self = g_new0 (UlGunzip, 1);
  self->fd = fd;
  const int result = inflateInit2 (&self->stream, MAX_WBITS + 16);
  g_assert (result == Z_OK); /* as GLib without memory */
  return self;
}

void
ul_gunzip_free (UlGunzip *self)
{
  if (self == NULL)
    return;
  inflateEnd (&self->stream);
  g_free (self);
}

/* More input; *out_end where there is none and needn't be. */
static gboolean
fill (UlGunzip *self, gboolean *out_end, GError **error)
{
  gsize n = self->stream.avail_in;
  if (n == 0)
    {
      if (!ul_fd_read (self->fd, self->input, INPUT_SIZE, NULL, &n, error))
        return FALSE;
      self->stream.next_in = self->input;
      self->stream.avail_in = (uInt) n;
    }
  *out_end = n == 0;
  return n > 0 || self->between || ul_throw (error, UL_ERROR_CORRUPT, "gzip: ends early");
}

static gboolean
inflate_some (UlGunzip *self, GError **error)
{
  if (self->between)
    {
      inflateReset (&self->stream);
      self->between = FALSE;
    }
  const int result = inflate (&self->stream, Z_NO_FLUSH);
  self->between = result == Z_STREAM_END;
  return result == Z_OK || result == Z_STREAM_END
         || ul_throw (error, UL_ERROR_CORRUPT, "gzip: %s",
                      self->stream.msg != NULL ? self->stream.msg : zError (result));
}

gboolean
ul_gunzip_read (UlGunzip *self, void *buffer, gsize len, gsize *out_n, GError **error)
{
  const uInt room = (uInt) MIN (len, G_MAXINT);
  gboolean end = FALSE;
  self->stream.next_out = buffer;
  self->stream.avail_out = room;
  while (self->stream.avail_out == room)
    {
      if (!fill (self, &end, error))
        return FALSE;
      if (end)
        break;
      if (!inflate_some (self, error))
        return FALSE;
    }
  *out_n = room - self->stream.avail_out;
  return TRUE;
}
