// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/gunzip-buffer.h"

struct _UlGunzipPool
{
  gint refs; /* atomic; GLib's own counters are nothing that a thread sanitizer sees */
  GMutex lock;
  UlGunzipBuffer *unused;
};

static void
buffer_free (UlGunzipBuffer *self)
{
  g_byte_array_unref (self->bits);
  g_free (self);
}

UlGunzipPool *
ul_gunzip_pool_new (void)
{
  UlGunzipPool *self = g_new0 (UlGunzipPool, 1);
  self->refs = 1;
  g_mutex_init (&self->lock);
  return self;
}

static UlGunzipPool *
pool_ref (UlGunzipPool *self)
{
  g_atomic_int_inc (&self->refs);
  return self;
}

void
ul_gunzip_pool_unref (UlGunzipPool *self)
{
  if (!g_atomic_int_dec_and_test (&self->refs))
    return;
  for (UlGunzipBuffer *buffer = self->unused; buffer != NULL;)
    {
      UlGunzipBuffer *next = buffer->next;
      buffer_free (buffer);
      buffer = next;
    }
  g_mutex_clear (&self->lock);
  g_free (self);
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
  self->refs = 1;
  self->pool = pool_ref (pool);
  g_byte_array_set_size (self->bits, 0);
  return self;
}

const UlGunzipChunk *
ul_gunzip_chunk_ref (const UlGunzipChunk *chunk)
{
  g_atomic_int_inc (&((UlGunzipBuffer *) chunk)->refs);
  return chunk;
}

void
ul_gunzip_chunk_unref (const UlGunzipChunk *chunk)
{
  UlGunzipBuffer *self = (UlGunzipBuffer *) chunk;
  if (chunk == NULL || !g_atomic_int_dec_and_test (&self->refs))
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
