// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/writeback.h"

#include <errno.h>
#include <unistd.h>

#include "util/error.h"

/* Enough to be worth a commit of the file system's journal, and not so much that the last part
 * takes long. */
#define EVERY (32 * 1024 * 1024)

struct _UlWriteback
{
  int dfd;
  guint64 waiting; /* atomic: bytes since the last syncfs began */
  GMutex lock;     /* guards what follows */
  GThread *thread; /* the last one started */
  gboolean running;
  int failure; /* errno */
};

static gpointer
run (gpointer data)
{
  UlWriteback *self = data;
  const int failure = syncfs (self->dfd) == 0 ? 0 : errno;
  g_mutex_lock (&self->lock);
  if (self->failure == 0)
    self->failure = failure;
  self->running = FALSE;
  g_mutex_unlock (&self->lock);
  return NULL;
}

UlWriteback *
ul_writeback_new (int dfd)
{
  UlWriteback *self = g_new0 (UlWriteback, 1);
  self->dfd = dfd;
  g_mutex_init (&self->lock);
  return self;
}

/* Called with the lock held, and nothing running. */
static void
start (UlWriteback *self)
{
  if (self->thread != NULL)
    g_thread_join (self->thread); /* it has only its return left */
  self->thread = g_thread_try_new ("underlay-sync", run, self, NULL);
  self->running = self->thread != NULL;
}

void
ul_writeback_add (UlWriteback *self, guint64 bytes)
{
  if (__atomic_add_fetch (&self->waiting, bytes, __ATOMIC_RELAXED) < EVERY)
    return;
  g_mutex_lock (&self->lock);
  if (!self->running && __atomic_load_n (&self->waiting, __ATOMIC_RELAXED) >= EVERY)
    {
      __atomic_store_n (&self->waiting, 0, __ATOMIC_RELAXED);
      start (self);
    }
  g_mutex_unlock (&self->lock);
}

static void
join (UlWriteback *self)
{
  if (self->thread != NULL)
    g_thread_join (g_steal_pointer (&self->thread));
}

gboolean
ul_writeback_finish (UlWriteback *self, GError **error)
{
  join (self);
  errno = self->failure;
  return self->failure == 0 || ul_throw_errno (error, "syncfs");
}

void
ul_writeback_free (UlWriteback *self)
{
  if (self == NULL)
    return;
  join (self);
  g_mutex_clear (&self->lock);
  g_free (self);
}
