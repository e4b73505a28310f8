// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/blob-split.h"

#include "core/gzip-split.h"

#define SLOTS 8

struct _UlBlobSplit
{
  UlPlainDraft *draft;
  guint64 left;         /* bytes that may still be written */
  gboolean is_too_long; /* of no use: nothing more is done */
  UlGzipSplitWriter *writer;
  gboolean threaded;
  GThread *thread; /* NULL: not started, or joined, or the system allows no more */

  GMutex lock; /* guards what follows; a slot is the pusher's until it's filled */
  GCond changed;
  guint64 filled; /* slots in all */
  guint64 used;   /* of these, the thread is done with */
  gboolean ended; /* no more come */
  gboolean failed;
  GError *failure; /* of the thread, until somebody is told */
  const UlGunzipChunk *slots[SLOTS];
};

static gboolean
write_split (const void *bytes, gsize len, gpointer data, GError **error)
{
  UlBlobSplit *self = data;
  self->is_too_long |= len > self->left;
  if (self->is_too_long)
    return TRUE;
  self->left -= len;
  return ul_plain_draft_write (self->draft, bytes, len, error);
}

UlBlobSplit *
ul_blob_split_new (UlPlainDraft *draft, guint64 max, gboolean threaded)
{
  UlBlobSplit *self = g_new0 (UlBlobSplit, 1);
  self->draft = draft;
  self->left = max;
  self->writer = ul_gzip_split_writer_new (write_split, self);
  self->threaded = threaded;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

static void
stop (UlBlobSplit *self, gboolean at_once)
{
  if (self->thread == NULL)
    return;
  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  self->failed = self->failed || at_once;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  g_thread_join (g_steal_pointer (&self->thread));
}

void
ul_blob_split_free (UlBlobSplit *self)
{
  if (self == NULL)
    return;
  stop (self, TRUE);
  for (; self->used < self->filled; self->used++)
    ul_gunzip_chunk_unref (self->slots[self->used % SLOTS]);
  ul_gzip_split_writer_free (self->writer);
  g_clear_error (&self->failure);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

/* FALSE: there is nothing more to do. */
static gboolean
wait_for_slot (UlBlobSplit *self)
{
  g_mutex_lock (&self->lock);
  while (self->filled == self->used && !self->ended)
    g_cond_wait (&self->changed, &self->lock);
  const gboolean more = self->filled > self->used && !self->failed;
  g_mutex_unlock (&self->lock);
  return more;
}

static gboolean
write_chunk (UlBlobSplit *self, const UlGunzipChunk *chunk, GError **error)
{
  return self->is_too_long || ul_gzip_split_writer_push (self->writer, chunk, error);
}

static gpointer
work (gpointer data)
{
  UlBlobSplit *self = data;
  while (wait_for_slot (self))
    {
      GError *failure = NULL;
      const UlGunzipChunk *chunk = self->slots[self->used % SLOTS];
      const gboolean ok = write_chunk (self, chunk, &failure);
      ul_gunzip_chunk_unref (chunk);
      g_mutex_lock (&self->lock);
      self->used++;
      if (!ok)
        {
          self->failed = TRUE;
          self->failure = failure;
        }
      g_cond_signal (&self->changed);
      g_mutex_unlock (&self->lock);
    }
  return NULL;
}

/* For one more; FALSE if the thread has failed. */
static gboolean
wait_for_room (UlBlobSplit *self, GError **error)
{
  g_mutex_lock (&self->lock);
  while (self->filled - self->used == SLOTS && !self->failed)
    g_cond_wait (&self->changed, &self->lock);
  if (self->failure != NULL)
    g_propagate_error (error, g_steal_pointer (&self->failure));
  const gboolean ok = !self->failed;
  g_mutex_unlock (&self->lock);
  return ok;
}

gboolean
ul_blob_split_push (UlBlobSplit *self, const UlGunzipChunk *chunk, GError **error)
{
  if (self->threaded && self->thread == NULL)
    {
      self->thread = g_thread_try_new ("gzip-split", work, self, NULL);
      self->threaded = self->thread != NULL;
    }
  if (!self->threaded)
    return write_chunk (self, chunk, error);
  if (!wait_for_room (self, error))
    return FALSE;
  self->slots[self->filled % SLOTS] = ul_gunzip_chunk_ref (chunk);
  g_mutex_lock (&self->lock);
  self->filled++;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

gboolean
ul_blob_split_finish (UlBlobSplit *self, gboolean *out_is_too_long, GError **error)
{
  stop (self, FALSE);
  if (self->failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->failure));
      return FALSE;
    }
  if (!ul_gzip_split_writer_finish (self->writer, error))
    return FALSE;
  *out_is_too_long = self->is_too_long;
  return TRUE;
}
