// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-tar-pipe.h"

#include <string.h>

#define SIZE (2 * 1024 * 1024)

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
  guint8 ring[SIZE];
};

UlTarPipe *
ul_tar_pipe_new (void)
{
  /* Not cleared: pages that nobody touches cost nothing. */
  UlTarPipe *self = g_malloc (sizeof *self);
  self->refs = 1;
  self->written = 0;
  self->read = 0;
  self->closed = FALSE;
  self->hung_up = FALSE;
  self->failure = NULL;
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
  g_clear_error (&self->failure);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

guint8 *
ul_tar_pipe_room (UlTarPipe *self, gsize *out_len)
{
  g_mutex_lock (&self->lock);
  while (self->written - self->read == SIZE && !self->hung_up)
    g_cond_wait (&self->changed, &self->lock);
  const gsize room = (gsize) (SIZE - (self->written - self->read));
  const gboolean hung_up = self->hung_up;
  g_mutex_unlock (&self->lock);
  if (hung_up)
    return NULL;
  const gsize at = (gsize) (self->written % SIZE);
  *out_len = MIN (room, SIZE - at);
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

  const gsize at = (gsize) (self->read % SIZE);
  *out_n = MIN (MIN (have, len), SIZE - at);
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
