// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/pool.h"

#include <fcntl.h>
#include <sched.h>

#include "util/fd.h"

/* Descriptors that an operation with threads is likely to have open at once. */
#define DESCRIPTORS 1024

/* What a process has open besides its workers' descriptors, and what one of these may. */
#define DESCRIPTORS_BASE    24
#define DESCRIPTORS_PER_JOB 6

typedef struct
{
  gpointer item;
  guint64 seq;
} Queued;

struct _UlPool
{
  UlPoolOptions options;
  GPtrArray *threads;     /* of GThread; empty when everything runs inside push () */
  gpointer inline_worker; /* for jobs == 1 */
  guint64 next_seq;       /* producer only */
  guint64 failed_seq;     /* atomic; G_MAXUINT64 while nothing failed */

  GMutex lock;      /* guards what follows */
  GCond work;       /* something waits to be run, or nothing will any more */
  GCond room;       /* the queue is no longer full */
  guint n_idle;     /* workers waiting for work */
  gboolean is_full; /* the producer waits for room */
  GQueue waiting;   /* of Queued */
  gboolean closed;
  GError *failure;
};

guint
ul_pool_default_jobs (void)
{
  cpu_set_t cpus;
  if (sched_getaffinity (0, sizeof cpus, &cpus) == 0)
    return (guint) MAX (CPU_COUNT (&cpus), 1);
  return g_get_num_processors ();
}

guint
ul_pool_jobs (guint jobs)
{
  const guint limit = ul_fd_limit ();
  const guint room
      = limit > DESCRIPTORS_BASE ? (limit - DESCRIPTORS_BASE) / DESCRIPTORS_PER_JOB : 0;
  return MIN (jobs != 0 ? jobs : ul_pool_default_jobs (), MAX (room, 1));
}

static guint64
failed_seq (UlPool *pool)
{
  return __atomic_load_n (&pool->failed_seq, __ATOMIC_ACQUIRE);
}

static void
fail (UlPool *pool, guint64 seq, GError *failure)
{
  g_mutex_lock (&pool->lock);
  if (seq < failed_seq (pool))
    {
      g_clear_error (&pool->failure);
      pool->failure = failure;
      __atomic_store_n (&pool->failed_seq, seq, __ATOMIC_RELEASE);
    }
  else
    g_error_free (failure);
  g_mutex_unlock (&pool->lock);
}

static void
run_item (UlPool *pool, gpointer worker, gpointer item, guint64 seq)
{
  GError *failure = NULL;
  if (seq < failed_seq (pool) && !pool->options.run (item, worker, pool->options.data, &failure))
    fail (pool, seq, failure);
  if (pool->options.item_free != NULL)
    pool->options.item_free (item);
}

static Queued *
take (UlPool *pool)
{
  g_mutex_lock (&pool->lock);
  pool->n_idle++;
  while (pool->waiting.length == 0 && !pool->closed)
    g_cond_wait (&pool->work, &pool->lock);
  pool->n_idle--;
  Queued *queued = g_queue_pop_head (&pool->waiting);
  /* Half empty, not one free: a producer that is woken for every item costs a switch for every
   * item. */
  const gboolean wake = pool->is_full && pool->waiting.length <= pool->options.queue_length / 2;
  pool->is_full &= !wake;
  g_mutex_unlock (&pool->lock);
  if (wake)
    g_cond_signal (&pool->room);
  return queued;
}

static gpointer
work (gpointer data)
{
  UlPool *pool = data;
  gpointer worker = pool->options.worker_new ? pool->options.worker_new (pool->options.data) : NULL;
  Queued *queued;
  while ((queued = take (pool)) != NULL)
    {
      run_item (pool, worker, queued->item, queued->seq);
      g_free (queued);
    }
  if (pool->options.worker_free != NULL)
    pool->options.worker_free (worker);
  return NULL;
}

static void
run_inline (UlPool *pool)
{
  pool->options.jobs = 1;
  if (pool->options.worker_new != NULL)
    pool->inline_worker = pool->options.worker_new (pool->options.data);
}

/* Where a process has threads, its table of descriptors grows only after a grace period of RCU:
 * milliseconds in which every open () waits. So it's made large while there are none yet. */
static void
grow_descriptor_table (void)
{
  ul_autofd int any = open ("/", O_PATH | O_CLOEXEC);
  if (any < 0)
    return;
  ul_autofd int high = fcntl (any, F_DUPFD_CLOEXEC, MIN (ul_fd_limit (), DESCRIPTORS) - 1);
  (void) high;
}

UlPool *
ul_pool_new (const UlPoolOptions *options)
{
  UlPool *pool = g_new0 (UlPool, 1);
  pool->options = *options;
  pool->options.jobs = ul_pool_jobs (pool->options.jobs);
  if (pool->options.queue_length == 0)
    pool->options.queue_length = 16 * pool->options.jobs;
  pool->failed_seq = G_MAXUINT64;
  g_mutex_init (&pool->lock);
  g_cond_init (&pool->work);
  g_cond_init (&pool->room);
  g_queue_init (&pool->waiting);
  pool->threads = g_ptr_array_new ();
  if (pool->options.jobs == 1)
    {
      run_inline (pool);
      return pool;
    }
  grow_descriptor_table ();
  for (guint i = 0; i < pool->options.jobs; i++)
    {
      GThread *thread = g_thread_try_new ("underlay-worker", work, pool, NULL);
      if (thread == NULL)
        break; /* the system allows no more: those there are will do */
      g_ptr_array_add (pool->threads, thread);
    }
  if (pool->threads->len == 0)
    run_inline (pool);
  return pool;
}

gboolean
ul_pool_is_inline (const UlPool *pool)
{
  return pool->options.jobs == 1;
}

static gboolean
push (UlPool *pool, gpointer item, gboolean first)
{
  const guint64 seq = pool->next_seq++;
  if (pool->options.jobs == 1)
    {
      run_item (pool, pool->inline_worker, item, seq);
      return failed_seq (pool) == G_MAXUINT64;
    }

  Queued *queued = g_new (Queued, 1);
  *queued = (Queued){ .item = item, .seq = seq };
  g_mutex_lock (&pool->lock);
  while (pool->waiting.length >= pool->options.queue_length)
    {
      pool->is_full = TRUE;
      g_cond_wait (&pool->room, &pool->lock);
    }
  if (first)
    g_queue_push_head (&pool->waiting, queued);
  else
    g_queue_push_tail (&pool->waiting, queued);
  const gboolean wake = pool->n_idle > 0;
  g_mutex_unlock (&pool->lock);
  if (wake)
    g_cond_signal (&pool->work);
  return failed_seq (pool) == G_MAXUINT64;
}

gboolean
ul_pool_push (UlPool *pool, gpointer item)
{
  return push (pool, item, FALSE);
}

gboolean
ul_pool_push_first (UlPool *pool, gpointer item)
{
  return push (pool, item, TRUE);
}

static void
stop (UlPool *pool)
{
  g_mutex_lock (&pool->lock);
  pool->closed = TRUE;
  g_cond_broadcast (&pool->work);
  g_mutex_unlock (&pool->lock);
  for (guint i = 0; i < pool->threads->len; i++)
    g_thread_join (pool->threads->pdata[i]);
  g_ptr_array_set_size (pool->threads, 0);
}

gboolean
ul_pool_finish (UlPool *pool, GError **error)
{
  stop (pool);
  if (pool->failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&pool->failure));
  return FALSE;
}

void
ul_pool_free (UlPool *pool)
{
  /* Sequence numbers start at 0, so this makes workers skip whatever still waits. */
  __atomic_store_n (&pool->failed_seq, 0, __ATOMIC_RELEASE);
  stop (pool);
  if (pool->inline_worker != NULL && pool->options.worker_free != NULL)
    pool->options.worker_free (pool->inline_worker);
  g_clear_error (&pool->failure);
  g_ptr_array_unref (pool->threads);
  g_mutex_clear (&pool->lock);
  g_cond_clear (&pool->work);
  g_cond_clear (&pool->room);
  g_free (pool);
}
