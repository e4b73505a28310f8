// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-tar-pipe.h"

#include <string.h>

struct _UlTarPipe
{
  gint refs; /* atomic */
  GMutex lock;
  GCond changed;
  guint64 written; /* bytes in all; the ring holds those behind read */
  guint64 read;
  gboolean closed;
  gboolean hung_up;
  GError *failure;
  guint8 *ring;
  gsize size;
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
  self->size = size;
  self->give = give;
  self->data = data;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
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
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

guint8 *
ul_tar_pipe_room (UlTarPipe *self, gsize *out_len)
{
  g_mutex_lock (&self->lock);
  while (self->written - self->read == self->size && !self->hung_up)
    g_cond_wait (&self->changed, &self->lock);
  const gsize room = (gsize) (self->size - (self->written - self->read));
  const gboolean hung_up = self->hung_up;
  g_mutex_unlock (&self->lock);
  if (hung_up)
    return NULL;
  const gsize at = (gsize) (self->written % self->size);
  *out_len = MIN (room, self->size - at);
  return self->ring + at;
}

void
ul_tar_pipe_wrote (UlTarPipe *self, gsize len)
{
  g_mutex_lock (&self->lock);
  self->written += len;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
ul_tar_pipe_close (UlTarPipe *self, GError *failure)
{
  g_mutex_lock (&self->lock);
  self->closed = TRUE;
  self->failure = failure;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

gboolean
ul_tar_pipe_read (gpointer data, void *buffer, gsize len, gsize *out_n, GError **error)
{
  UlTarPipe *self = data;
  g_mutex_lock (&self->lock);
  while (self->written == self->read && !self->closed)
    g_cond_wait (&self->changed, &self->lock);
  const gsize have = (gsize) (self->written - self->read);
  if (have == 0 && self->failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->failure));
      g_mutex_unlock (&self->lock);
      return FALSE;
    }
  g_mutex_unlock (&self->lock);

  const gsize at = (gsize) (self->read % self->size);
  *out_n = MIN (MIN (have, len), self->size - at);
  memcpy (buffer, self->ring + at, *out_n);
  g_mutex_lock (&self->lock);
  self->read += *out_n;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

void
ul_tar_pipe_hang_up (UlTarPipe *self)
{
  g_mutex_lock (&self->lock);
  self->hung_up = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}
