// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/stream.h"

#include "util/fd.h"
#include "util/interrupt.h"

#define BUFFER (256 * 1024)

struct _UlFdStream
{
  int fd;
  guint8 buffer[BUFFER];
};

static gboolean
read_fd (gpointer data, const guint8 **out_bytes, gsize *out_n, GError **error)
{
  UlFdStream *self = data;
  *out_bytes = self->buffer;
  return ul_interrupt_check (error)
         && ul_fd_read (self->fd, self->buffer, BUFFER, NULL, out_n, error);
}

UlFdStream *
ul_fd_stream_new (int fd)
{
  /* Not cleared: pages that nobody touches cost nothing. */
  UlFdStream *self = g_malloc (sizeof *self);
  self->fd = fd;
  return self;
}

void
ul_fd_stream_free (UlFdStream *self)
{
  g_free (self);
}

UlStream
ul_fd_stream (UlFdStream *self)
{
  return (UlStream){ .read = read_fd, .data = self };
}
