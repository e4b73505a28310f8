// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/handoff.h"

void
ul_handoff_init (UlHandoff *self, guint64 size)
{
  *self = (UlHandoff){ .size = size };
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
}

void
ul_handoff_clear (UlHandoff *self)
{
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
}

guint64
ul_handoff_wait_free (UlHandoff *self)
{
  g_mutex_lock (&self->lock);
  while (self->given - self->taken == self->size && !self->hung_up)
    g_cond_wait (&self->changed, &self->lock);
  const guint64 n = self->hung_up ? 0 : self->size - (self->given - self->taken);
  g_mutex_unlock (&self->lock);
  return n;
}

guint64
ul_handoff_wait_given (UlHandoff *self)
{
  g_mutex_lock (&self->lock);
  while (self->given == self->taken && !self->ended && !self->hung_up)
    g_cond_wait (&self->changed, &self->lock);
  const guint64 n = self->hung_up ? 0 : self->given - self->taken;
  g_mutex_unlock (&self->lock);
  return n;
}

/* Only one of the two can be waiting. */
static void
unlock (UlHandoff *self)
{
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
ul_handoff_give (UlHandoff *self, guint64 n)
{
  g_mutex_lock (&self->lock);
  self->given += n;
  unlock (self);
}

void
ul_handoff_take (UlHandoff *self, guint64 n)
{
  g_mutex_lock (&self->lock);
  self->taken += n;
  unlock (self);
}

void
ul_handoff_end (UlHandoff *self)
{
  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  unlock (self);
}

void
ul_handoff_hang_up (UlHandoff *self)
{
  g_mutex_lock (&self->lock);
  self->hung_up = TRUE;
  unlock (self);
}
