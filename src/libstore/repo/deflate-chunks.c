// SPDX-License-Identifier: LGPL-2.1-or-later

/* Large files as one deflate stream, packed in chunks by several threads.
 *
 * libdeflate is several times faster than zlib but packs only whole buffers, each to a stream that
 * ends itself. Streams are joined by two changes (RFC 1951, 3.2.3): the final bit of a chunk's last
 * block is cleared, and an empty stored block behind it fills up the byte and says that more comes.
 * Where the last block begins is found by zlib, whose inflate () stops at block boundaries when
 * asked to (Z_BLOCK); that pass also proves each chunk before it's written. */

#include <libdeflate.h>
#include <string.h>
#include <zlib.h>

#include "repo/deflate.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/pool.h"

#define CHUNK (1024 * 1024)

typedef struct
{
  GMutex lock; /* guards the chunks' done */
  GCond changed;
  gint level;
} Shared;

typedef struct
{
  Shared *shared;
  guint8 *data;
  gsize len;
  gboolean last;
  guint8 *packed;
  gsize packed_len;
  gboolean done;
} Chunk;

/* A thread's own. */
typedef struct
{
  struct libdeflate_compressor *compressor;
  z_stream z;
  guint8 out[64 * 1024];
} Packer;

static gpointer
packer_new (gpointer data)
{
  Packer *packer = g_new0 (Packer, 1);
  packer->compressor = libdeflate_alloc_compressor (((Shared *) data)->level);
  g_assert (packer->compressor != NULL);
  const int status = inflateInit2 (&packer->z, -MAX_WBITS);
  g_assert (status == Z_OK);
  return packer;
}

static void
packer_free (gpointer data)
{
  Packer *packer = data;
  libdeflate_free_compressor (packer->compressor);
  inflateEnd (&packer->z);
  g_free (packer);
}

static void
chunk_free (Chunk *chunk)
{
  g_free (chunk->data);
  g_free (chunk->packed);
  g_free (chunk);
}

/* In bits: where the last block's header begins, and where the stream ends. */
static gboolean
find_last_block (Packer *packer, const Chunk *chunk, gsize *out_header, gsize *out_end)
{
  z_stream *z = &packer->z;
  gsize header = 0;
  int status = inflateReset (z);
  z->next_in = chunk->packed;
  z->avail_in = (uInt) chunk->packed_len;
  while (status == Z_OK)
    {
      z->next_out = packer->out;
      z->avail_out = sizeof packer->out;
      status = inflate (z, Z_BLOCK);
      const gsize bit = z->total_in * 8 - (gsize) (z->data_type & 7);
      const gboolean at_block_end = (z->data_type & 128) != 0;
      const gboolean in_last = (z->data_type & 64) != 0;
      /* Seen before Z_STREAM_END, which comes with the rest of the last byte thrown away. */
      if (status == Z_OK && at_block_end)
        *(in_last ? out_end : &header) = bit;
    }
  *out_header = header;
  return status == Z_STREAM_END && z->total_out == chunk->len;
}

/* @chunk->packed has 5 bytes to spare. */
static void
open_end (Chunk *chunk, gsize header, gsize end)
{
  chunk->packed[header / 8] &= (guint8) ~(1u << (header % 8));
  /* Three zero bits (not final, stored) and padding, all zero already up to the end of the last
   * byte. */
  const gsize len = (end + 3 + 7) / 8;
  if (len > chunk->packed_len)
    chunk->packed[len - 1] = 0;
  static const guint8 empty[] = { 0, 0, 0xff, 0xff };
  memcpy (chunk->packed + len, empty, sizeof empty);
  chunk->packed_len = len + sizeof empty;
}

static gboolean
pack (gpointer item, gpointer worker, gpointer data, GError **error)
{
  Chunk *chunk = item;
  Packer *packer = worker;
  const gsize bound = libdeflate_deflate_compress_bound (packer->compressor, chunk->len);
  chunk->packed = g_malloc (bound + 5);
  if (!ul_deflate_is_incompressible (chunk->data, chunk->len))
    chunk->packed_len = libdeflate_deflate_compress (packer->compressor, chunk->data, chunk->len,
                                                     chunk->packed, bound);
  if (chunk->packed_len == 0)
    chunk->packed_len = ul_deflate_store (chunk->data, chunk->len, chunk->packed, bound);

  gsize header;
  gsize end = 0;
  const gboolean sound = find_last_block (packer, chunk, &header, &end);
  if (sound && !chunk->last)
    open_end (chunk, header, end);
  g_clear_pointer (&chunk->data, g_free);

  return sound || ul_throw (error, UL_ERROR_FAILED, "compress object: chunk doesn't decompress");
}

/* As the pool's item_free: it gets every chunk, also those it skips after a failure. */
static void
finish_chunk (gpointer item)
{
  Chunk *chunk = item;
  Shared *shared = chunk->shared;
  g_mutex_lock (&shared->lock);
  chunk->done = TRUE;
  g_cond_broadcast (&shared->changed);
  g_mutex_unlock (&shared->lock);
}

static gboolean
read_chunk (UlCursor *cursor, Shared *shared, UlHasher *tee, Chunk **out, GError **error)
{
  const guint64 left = cursor->source->size - cursor->offset;
  Chunk *chunk = g_new0 (Chunk, 1);
  chunk->shared = shared;
  chunk->len = (gsize) MIN (left, CHUNK);
  chunk->last = left <= CHUNK;
  chunk->data = g_malloc (chunk->len);
  for (gsize have = 0; have < chunk->len;)
    {
      gsize n;
      if (!ul_cursor_read (cursor, chunk->data + have, chunk->len - have, &n, error))
        {
          chunk_free (chunk);
          return FALSE;
        }
      have += n;
    }
  if (tee != NULL)
    ul_hasher_update (tee, chunk->data, chunk->len);
  *out = chunk;
  return TRUE;
}

/* The oldest chunk that was pushed: wait for it, write it. */
static gboolean
write_oldest (GQueue *pending, Shared *shared, int fd, GError **error)
{
  Chunk *chunk = g_queue_pop_head (pending);
  g_mutex_lock (&shared->lock);
  while (!chunk->done)
    g_cond_wait (&shared->changed, &shared->lock);
  g_mutex_unlock (&shared->lock);
  const gboolean ok = ul_fd_write_all (fd, chunk->packed, chunk->packed_len, "object", error);
  chunk_free (chunk);
  return ok;
}

static gboolean
feed (const UlSource *source, UlPool *pool, GQueue *pending, Shared *shared, guint most, int fd,
      UlHasher *tee, GError **error)
{
  UlCursor cursor = { .source = source };
  while (cursor.offset < source->size)
    {
      Chunk *chunk;
      if (!read_chunk (&cursor, shared, tee, &chunk, error))
        return FALSE;
      g_queue_push_tail (pending, chunk);
      if (!ul_pool_push (pool, chunk))
        return FALSE; /* the pool has the error */
      if (pending->length >= most && !write_oldest (pending, shared, fd, error))
        return FALSE;
    }
  while (pending->length > 0)
    if (!write_oldest (pending, shared, fd, error))
      return FALSE;
  return TRUE;
}

gboolean
ul_deflate_stream (const UlSource *source, gint zlib_level, guint jobs, int fd, UlHasher *tee,
                   GError **error)
{
  Shared shared = { .level = ul_deflate_level (zlib_level) };
  g_mutex_init (&shared.lock);
  g_cond_init (&shared.changed);
  if (jobs == 0)
    jobs = ul_pool_default_jobs ();
  const UlPoolOptions pool_options = {
    .jobs = jobs,
    .run = pack,
    .item_free = finish_chunk,
    .worker_new = packer_new,
    .worker_free = packer_free,
    .data = &shared,
  };
  g_autoptr (UlPool) pool = ul_pool_new (&pool_options);
  GQueue pending = G_QUEUE_INIT;
  g_autoptr (GError) feed_error = NULL;
  const gboolean fed = feed (source, pool, &pending, &shared, 2 * jobs, fd, tee, &feed_error);
  const gboolean packed = ul_pool_finish (pool, error);
  g_queue_clear_full (&pending, (GDestroyNotify) chunk_free);
  g_mutex_clear (&shared.lock);
  g_cond_clear (&shared.changed);
  if (packed && !fed)
    g_propagate_error (error, g_steal_pointer (&feed_error));
  return packed && fed;
}
