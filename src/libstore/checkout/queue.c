// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/queue.h"

#include "util/fd.h"
#include "util/pool.h"

/* Batches that may wait, a worker: so many that whoever adds needn't stop and go, unless
 * descriptors are few. */
#define QUEUE_PER_JOB     8
#define QUEUE_PER_JOB_MIN 2
#define FEW_DESCRIPTORS   1024

/* Entries [start, start + n) of a directory. */
typedef struct
{
  UlCheckoutDir *dir;
  gsize start;
  gsize n;
} Segment;

typedef struct
{
  GArray *segments; /* of Segment */
  gsize n_entries;
} Batch;

struct _UlCheckoutQueue
{
  UlCheckoutQueueOptions options;
  UlPool *pool;
  guint segments_max;
  Batch *batch; /* being filled; NULL: none */
  gboolean has_failed;
};

static void
segment_clear (Segment *segment)
{
  ul_checkout_dir_unref (segment->dir);
}

static void
batch_free (Batch *batch)
{
  g_array_unref (batch->segments);
  g_free (batch);
}

static Batch *
batch_new (void)
{
  Batch *batch = g_new (Batch, 1);
  *batch = (Batch){ .segments = g_array_new (FALSE, FALSE, sizeof (Segment)) };
  g_array_set_clear_func (batch->segments, (GDestroyNotify) segment_clear);
  return batch;
}

static gboolean
run_batch (gpointer item, gpointer worker, gpointer data, GError **error)
{
  const Batch *batch = item;
  const UlCheckoutQueueOptions *options = data;
  for (guint s = 0; s < batch->segments->len; s++)
    {
      const Segment *segment = &g_array_index (batch->segments, Segment, s);
      for (gsize i = 0; i < segment->n; i++)
        if (!options->run (segment->dir, segment->start + i, worker, options->data, error))
          return FALSE;
      ul_progress_add (options->progress, done, segment->n);
    }
  return TRUE;
}

static void
flush (UlCheckoutQueue *self)
{
  if (self->batch != NULL && !ul_pool_push (self->pool, g_steal_pointer (&self->batch)))
    self->has_failed = TRUE;
}

gboolean
ul_checkout_queue_add (UlCheckoutQueue *self, UlCheckoutDir *dir, gsize n_entries)
{
  ul_progress_add (self->options.progress, total, n_entries);
  for (gsize start = 0; start < n_entries && !self->has_failed;)
    {
      if (self->batch == NULL)
        self->batch = batch_new ();
      const gsize n = MIN (n_entries - start, self->options.batch_max - self->batch->n_entries);
      const Segment segment = { .dir = ul_checkout_dir_ref (dir), .start = start, .n = n };
      g_array_append_val (self->batch->segments, segment);
      self->batch->n_entries += n;
      start += n;
      if (self->batch->n_entries == self->options.batch_max
          || self->batch->segments->len == self->segments_max)
        flush (self);
    }
  return !self->has_failed;
}

/* Each segment keeps a directory open, in every batch that waits or runs. */
static guint
segments_max (guint jobs, guint queue_length)
{
  const guint64 batches = (guint64) queue_length + jobs + 1;
  return (guint) CLAMP (ul_fd_limit () / 2 / batches, 1, 32);
}

static gpointer
worker_new (gpointer data)
{
  return ul_hasher_new ();
}

UlCheckoutQueue *
ul_checkout_queue_new (const UlCheckoutQueueOptions *options)
{
  const guint jobs = ul_pool_jobs (options->jobs);
  const guint queue_length
      = jobs * (ul_fd_limit () < FEW_DESCRIPTORS ? QUEUE_PER_JOB_MIN : QUEUE_PER_JOB);
  UlCheckoutQueue *self = g_new (UlCheckoutQueue, 1);
  *self = (UlCheckoutQueue){
    .options = *options,
    .segments_max = segments_max (jobs, queue_length),
  };
  const UlPoolOptions pool_options = {
    .jobs = jobs,
    .queue_length = queue_length,
    .run = run_batch,
    .item_free = (GDestroyNotify) batch_free,
    .worker_new = worker_new,
    .worker_free = (GDestroyNotify) ul_hasher_free,
    .data = &self->options,
  };
  self->pool = ul_pool_new (&pool_options);
  return self;
}

gboolean
ul_checkout_queue_finish (UlCheckoutQueue *self, GError **error)
{
  flush (self);
  return ul_pool_finish (self->pool, error);
}

void
ul_checkout_queue_free (UlCheckoutQueue *self)
{
  ul_pool_free (self->pool);
  g_clear_pointer (&self->batch, batch_free);
  g_free (self);
}
