// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/gunzip-buffer.h"

struct _UlGunzipPool
{
  GMutex lock;
  UlGunzipBuffer *unused;
};

static void
buffer_free (UlGunzipBuffer *self)
{
  g_byte_array_unref (self->bits);
  g_free (self);
}

static void
pool_clear (gpointer data)
{
  UlGunzipPool *self = data;
  for (UlGunzipBuffer *buffer = self->unused; buffer != NULL;)
    {
      UlGunzipBuffer *next = buffer->next;
      buffer_free (buffer);
      buffer = next;
    }
  g_mutex_clear (&self->lock);
}

UlGunzipPool *
ul_gunzip_pool_new (void)
{
  UlGunzipPool *self = g_atomic_rc_box_new0 (UlGunzipPool);
  g_mutex_init (&self->lock);
  return self;
}

void
ul_gunzip_pool_unref (UlGunzipPool *self)
{
  g_atomic_rc_box_release_full (self, pool_clear);
}

UlGunzipBuffer *
ul_gunzip_pool_take (UlGunzipPool *pool)
{
  g_mutex_lock (&pool->lock);
  UlGunzipBuffer *self = pool->unused;
  if (self != NULL)
    pool->unused = self->next;
  g_mutex_unlock (&pool->lock);
  if (self == NULL)
    {
      /* Not cleared: pages that nobody touches cost nothing. */
      self = g_malloc (sizeof *self);
      self->bits = g_byte_array_new ();
    }
  g_atomic_ref_count_init (&self->refs);
  self->pool = g_atomic_rc_box_acquire (pool);
  g_byte_array_set_size (self->bits, 0);
  return self;
}

const UlGunzipChunk *
ul_gunzip_chunk_ref (const UlGunzipChunk *chunk)
{
  g_atomic_ref_count_inc (&((UlGunzipBuffer *) chunk)->refs);
  return chunk;
}

void
ul_gunzip_chunk_unref (const UlGunzipChunk *chunk)
{
  UlGunzipBuffer *self = (UlGunzipBuffer *) chunk;
  if (chunk == NULL || !g_atomic_ref_count_dec (&self->refs))
    return;
  UlGunzipPool *pool = self->pool;
  g_mutex_lock (&pool->lock);
  self->next = pool->unused;
  pool->unused = self;
  g_mutex_unlock (&pool->lock);
  ul_gunzip_pool_unref (pool);
}

static void
unref_chunk (gpointer chunk)
{
  ul_gunzip_chunk_unref (chunk);
}

GBytes *
ul_gunzip_chunk_bytes (const UlGunzipChunk *chunk)
{
  return g_bytes_new_with_free_func (chunk->content, chunk->len, unref_chunk,
                                     (gpointer) ul_gunzip_chunk_ref (chunk));
}
