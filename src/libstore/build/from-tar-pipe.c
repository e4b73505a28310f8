// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-tar-pipe.h"

#include <string.h>

#include "util/handoff.h"

struct _UlTarPipe
{
  gint refs; /* atomic */
  UlHandoff bytes;
  GError *failure; /* set before the end */
  guint8 *ring;
  void (*give) (guint8 *ring, gpointer data);
  gpointer data;
};

UlTarPipe *
ul_tar_pipe_new (guint8 *ring, gsize size, void (*give) (guint8 *ring, gpointer data),
                 gpointer data)
{
  UlTarPipe *self = g_new0 (UlTarPipe, 1);
  self->refs = 1;
  self->ring = ring;
  self->give = give;
  self->data = data;
  ul_handoff_init (&self->bytes, size);
  return self;
}

UlTarPipe *
ul_tar_pipe_ref (UlTarPipe *self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

void
ul_tar_pipe_unref (UlTarPipe *self)
{
  if (!g_atomic_int_dec_and_test (&self->refs))
    return;
  self->give (self->ring, self->data);
  g_clear_error (&self->failure);
  ul_handoff_clear (&self->bytes);
  g_free (self);
}

guint8 *
ul_tar_pipe_room (UlTarPipe *self, gsize *out_len)
{
  const guint64 room = ul_handoff_wait_free (&self->bytes);
  const guint64 at = self->bytes.given % self->bytes.size;
  *out_len = (gsize) MIN (room, self->bytes.size - at);
  return room > 0 ? self->ring + at : NULL;
}

void
ul_tar_pipe_wrote (UlTarPipe *self, gsize len)
{
  ul_handoff_give (&self->bytes, len);
}

void
ul_tar_pipe_close (UlTarPipe *self, GError *failure)
{
  self->failure = failure;
  ul_handoff_end (&self->bytes);
}

gboolean
ul_tar_pipe_read (gpointer data, void *buffer, gsize len, gsize *out_n, GError **error)
{
  UlTarPipe *self = data;
  const guint64 have = ul_handoff_wait_given (&self->bytes);
  const guint64 at = self->bytes.taken % self->bytes.size;
  if (have == 0 && self->failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->failure));
      return FALSE;
    }
  *out_n = (gsize) MIN (MIN (have, len), self->bytes.size - at);
  memcpy (buffer, self->ring + at, *out_n);
  ul_handoff_take (&self->bytes, *out_n);
  return TRUE;
}

void
ul_tar_pipe_hang_up (UlTarPipe *self)
{
  ul_handoff_hang_up (&self->bytes);
}
