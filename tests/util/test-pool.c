// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/pool.h"

#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/progress.h"

#define N_ITEMS 500

static const guint all_jobs[] = { 1, 2, 8 };

/* Counts each item's runs and frees; items are pointers into slots. */
typedef struct
{
  gint ran;
  gint freed;
  gint delay_usec;
  gboolean fails;
} Slot;

typedef struct
{
  Slot slots[N_ITEMS];
  guint n;
  gint workers_made;
  gint workers_freed;
} Load;

static gboolean
run_slot (gpointer item, gpointer worker, gpointer data, GError **error)
{
  Load *load = data;
  Slot *slot = item;
  if (slot->delay_usec > 0)
    g_usleep ((gulong) slot->delay_usec);
  g_atomic_int_inc (&slot->ran);
  if (slot->fails)
    return ul_throw (error, UL_ERROR_FAILED, "item %d", (int) (slot - load->slots));
  return TRUE;
}

static void
free_slot (gpointer item)
{
  g_atomic_int_inc (&((Slot *) item)->freed);
}

static UlPool *
new_pool (Load *load, guint jobs)
{
  const UlPoolOptions options
      = { .jobs = jobs, .run = run_slot, .item_free = free_slot, .data = load };
  return ul_pool_new (&options);
}

static guint
push_all (UlPool *pool, Load *load)
{
  guint refused = 0;
  for (guint i = 0; i < load->n; i++)
    refused += !ul_pool_push (pool, &load->slots[i]);
  return refused;
}

static void
test_runs_everything_once (void)
{
  static const guint jobs[] = { 0, 1, 2, 8 };
  for (guint j = 0; j < G_N_ELEMENTS (jobs); j++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree Load *load = g_new0 (Load, 1);
      load->n = N_ITEMS;
      g_autoptr (UlPool) pool = new_pool (load, jobs[j]);
      g_assert_cmpuint (push_all (pool, load), ==, 0);
      g_assert_true (ul_pool_finish (pool, &error));
      g_assert_no_error (error);
      for (guint i = 0; i < load->n; i++)
        {
          g_assert_cmpint (load->slots[i].ran, ==, 1);
          g_assert_cmpint (load->slots[i].freed, ==, 1);
        }
    }
}

static void
test_nothing (void)
{
  for (guint j = 0; j < G_N_ELEMENTS (all_jobs); j++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree Load *load = g_new0 (Load, 1);
      g_autoptr (UlPool) pool = new_pool (load, all_jobs[j]);
      g_assert_true (ul_pool_finish (pool, &error));
      g_assert_no_error (error);
    }
}

/* Item 7 fails late, items 8, 9 and 30 at once: 7 is the pool's error all the same. */
static void
test_first_failure_wins (void)
{
  for (guint j = 0; j < G_N_ELEMENTS (all_jobs); j++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree Load *load = g_new0 (Load, 1);
      load->n = 100;
      load->slots[3].delay_usec = 60 * 1000;
      load->slots[7].delay_usec = 30 * 1000;
      load->slots[7].fails = load->slots[8].fails = TRUE;
      load->slots[9].fails = load->slots[30].fails = TRUE;
      g_autoptr (UlPool) pool = new_pool (load, all_jobs[j]);
      push_all (pool, load);
      g_assert_false (ul_pool_finish (pool, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_FAILED);
      g_assert_cmpstr (error->message, ==, "item 7");
      for (guint i = 0; i < load->n; i++)
        {
          g_assert_cmpint (load->slots[i].freed, ==, 1);
          if (i <= 7)
            g_assert_cmpint (load->slots[i].ran, ==, 1);
        }
    }
}

static void
test_producer_learns (void)
{
  for (guint j = 0; j < G_N_ELEMENTS (all_jobs); j++)
    {
      g_autofree Load *load = g_new0 (Load, 1);
      load->n = N_ITEMS;
      load->slots[0].fails = TRUE;
      g_autoptr (UlPool) pool = new_pool (load, all_jobs[j]);
      guint pushed = 0;
      gboolean going = TRUE;
      while (going && pushed < load->n)
        {
          going = ul_pool_push (pool, &load->slots[pushed++]);
          g_usleep (200);
        }
      g_assert_false (going);
      if (all_jobs[j] == 1)
        g_assert_cmpuint (pushed, ==, 1);
      g_assert_false (ul_pool_finish (pool, NULL));
      for (guint i = 0; i < load->n; i++)
        g_assert_cmpint (load->slots[i].freed, ==, i < pushed);
    }
}

static void
test_free_without_finish (void)
{
  for (guint j = 0; j < G_N_ELEMENTS (all_jobs); j++)
    {
      g_autofree Load *load = g_new0 (Load, 1);
      load->n = all_jobs[j] * 4;
      for (guint i = 0; i < load->n; i++)
        load->slots[i].delay_usec = 1000;
      load->slots[1].fails = TRUE;
      UlPool *pool = new_pool (load, all_jobs[j]);
      push_all (pool, load);
      ul_pool_free (pool);
      for (guint i = 0; i < load->n; i++)
        {
          g_assert_cmpint (load->slots[i].freed, ==, 1);
          g_assert_cmpint (load->slots[i].ran, <=, 1);
        }
    }
}

static void
test_free_untouched (void)
{
  for (guint j = 0; j < G_N_ELEMENTS (all_jobs); j++)
    {
      g_autofree Load *load = g_new0 (Load, 1);
      ul_pool_free (new_pool (load, all_jobs[j]));
    }
}

typedef struct
{
  gint64 running;
  gint64 sum;
  gint64 pushed;
  gint64 started;
  gint64 furthest; /* most items pushed but not yet started */
} Sums;

static gboolean
add_up (gpointer item, gpointer worker, gpointer data, GError **error)
{
  Sums *sums = data;
  __atomic_fetch_add (&sums->sum, (gint64) GPOINTER_TO_SIZE (item), __ATOMIC_RELAXED);
  return TRUE;
}

static void
test_many (void)
{
  for (guint j = 0; j < G_N_ELEMENTS (all_jobs); j++)
    {
      g_autoptr (GError) error = NULL;
      Sums sums = { 0 };
      const UlPoolOptions options = { .jobs = all_jobs[j], .run = add_up, .data = &sums };
      g_autoptr (UlPool) pool = ul_pool_new (&options);
      const gint64 n = 20000;
      for (gint64 i = 1; i <= n; i++)
        g_assert_true (ul_pool_push (pool, GSIZE_TO_POINTER (i)));
      g_assert_true (ul_pool_finish (pool, &error));
      g_assert_no_error (error);
      g_assert_cmpint (sums.sum, ==, n * (n + 1) / 2);
    }
}

static gboolean
measure_backlog (gpointer item, gpointer worker, gpointer data, GError **error)
{
  Sums *sums = data;
  const gint64 started = __atomic_add_fetch (&sums->started, 1, __ATOMIC_SEQ_CST);
  const gint64 waiting = __atomic_load_n (&sums->pushed, __ATOMIC_SEQ_CST) - started;
  gint64 seen = __atomic_load_n (&sums->furthest, __ATOMIC_SEQ_CST);
  while (waiting > seen
         && !__atomic_compare_exchange_n (&sums->furthest, &seen, waiting, FALSE, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST))
    continue;
  g_usleep (100);
  return TRUE;
}

static void
test_bounded_queue (void)
{
  Sums sums = { 0 };
  const UlPoolOptions options
      = { .jobs = 2, .queue_length = 3, .run = measure_backlog, .data = &sums };
  g_autoptr (UlPool) pool = ul_pool_new (&options);
  for (guint i = 0; i < 300; i++)
    {
      ul_pool_push (pool, GUINT_TO_POINTER (i + 1));
      __atomic_add_fetch (&sums.pushed, 1, __ATOMIC_SEQ_CST);
    }
  g_assert_true (ul_pool_finish (pool, NULL));
  g_assert_cmpint (sums.started, ==, 300);
  /* Three that wait, and the two that were taken but have not counted themselves yet. */
  g_assert_cmpint (sums.furthest, <=, 5);
}

/* Items 1 and 2 wait for their gates, so that the one worker whose gate opens runs all the others.
 */
typedef struct
{
  GMutex gates[2];
  gint started;
  gint fail_from;
  GMutex lock; /* guards order */
  GString *order;
} Order;

static gboolean
note_order (gpointer item, gpointer worker, gpointer data, GError **error)
{
  Order *order = data;
  const gint n = GPOINTER_TO_INT (item);
  g_atomic_int_inc (&order->started);
  if (n <= 2)
    {
      g_mutex_lock (&order->gates[n - 1]);
      g_mutex_unlock (&order->gates[n - 1]);
    }
  g_mutex_lock (&order->lock);
  g_string_append_printf (order->order, "%d", n);
  g_mutex_unlock (&order->lock);
  return n < order->fail_from || ul_throw (error, UL_ERROR_FAILED, "item %d", n);
}

/* What waits is overtaken; of failures it's still the first pushed that counts. */
static void
test_push_first (void)
{
  for (gint fail_from = 6; fail_from <= 10; fail_from += 4)
    {
      g_autoptr (GError) error = NULL;
      Order order = { .order = g_string_new (NULL), .fail_from = fail_from };
      const UlPoolOptions options = { .jobs = 2, .run = note_order, .data = &order };
      g_autoptr (UlPool) pool = ul_pool_new (&options);
      g_mutex_lock (&order.gates[0]);
      g_mutex_lock (&order.gates[1]);
      ul_pool_push (pool, GINT_TO_POINTER (1));
      ul_pool_push (pool, GINT_TO_POINTER (2));
      while (g_atomic_int_get (&order.started) < 2)
        g_usleep (100);
      for (gint i = 3; i <= 6; i++)
        ul_pool_push (pool, GINT_TO_POINTER (i));
      ul_pool_push_first (pool, GINT_TO_POINTER (9));
      g_mutex_unlock (&order.gates[1]);
      while (g_atomic_int_get (&order.started) < 7)
        g_usleep (100);
      g_mutex_unlock (&order.gates[0]);
      g_assert_cmpint (ul_pool_finish (pool, &error), ==, fail_from > 9);
      if (fail_from <= 9)
        g_assert_cmpstr (error->message, ==, "item 6");
      /* Item 1 is among them somewhere. */
      char *one = strchr (order.order->str, '1');
      g_assert_nonnull (one);
      g_string_erase (order.order, one - order.order->str, 1);
      g_assert_cmpstr (order.order->str, ==, "293456");
      g_string_free (order.order, TRUE);
    }
}

typedef struct
{
  gint busy;
  GThread *thread;
} Worker;

/* A thread needs descriptors, so few of these mean few threads, but always one. */
static void
test_jobs_fit_descriptors (void)
{
  static const struct
  {
    rlim_t limit;
    guint wanted;
    guint jobs;
  } cases[] = { { 1024, 8, 8 }, { 36, 8, 2 }, { 30, 8, 1 }, { 16, 8, 1 }, { 36, 1, 1 } };
  struct rlimit before;
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  g_assert_cmpuint (ul_pool_jobs (0), ==, MIN (ul_pool_default_jobs (), ul_pool_jobs (G_MAXUINT)));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const struct rlimit limit = { .rlim_cur = cases[i].limit, .rlim_max = before.rlim_max };
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
      g_assert_cmpuint (ul_fd_limit (), ==, cases[i].limit);
      g_assert_cmpuint (ul_pool_jobs (cases[i].wanted), ==, cases[i].jobs);
    }
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
}

static gpointer
worker_new (gpointer data)
{
  g_atomic_int_inc (&((Load *) data)->workers_made);
  return g_new0 (Worker, 1);
}

static Load *freeing; /* a GDestroyNotify gets no data */

static void
worker_free (gpointer worker)
{
  g_atomic_int_inc (&freeing->workers_freed);
  g_free (worker);
}

static gboolean
use_worker (gpointer item, gpointer data_worker, gpointer data, GError **error)
{
  Worker *worker = data_worker;
  g_assert_true (g_atomic_int_compare_and_exchange (&worker->busy, 0, 1));
  if (worker->thread == NULL)
    worker->thread = g_thread_self ();
  g_assert_true (worker->thread == g_thread_self ());
  g_usleep (50);
  g_atomic_int_set (&worker->busy, 0);
  return TRUE;
}

static void
test_worker_state (void)
{
  for (guint j = 0; j < G_N_ELEMENTS (all_jobs); j++)
    {
      g_autofree Load *load = g_new0 (Load, 1);
      freeing = load;
      const UlPoolOptions options = {
        .jobs = all_jobs[j],
        .run = use_worker,
        .worker_new = worker_new,
        .worker_free = worker_free,
        .data = load,
      };
      UlPool *pool = ul_pool_new (&options);
      for (guint i = 0; i < 200; i++)
        ul_pool_push (pool, load);
      g_assert_true (ul_pool_finish (pool, NULL));
      ul_pool_free (pool);
      g_assert_cmpint (load->workers_made, ==, (gint) all_jobs[j]);
      g_assert_cmpint (load->workers_freed, ==, (gint) all_jobs[j]);
    }
}

static gboolean
note_thread (gpointer item, gpointer worker, gpointer data, GError **error)
{
  g_assert_null (worker);
  *(GThread **) data = g_thread_self ();
  return TRUE;
}

static void
test_one_job_is_inline (void)
{
  GThread *thread = NULL;
  const UlPoolOptions options = { .jobs = 1, .run = note_thread, .data = &thread };
  g_autoptr (UlPool) pool = ul_pool_new (&options);
  g_assert_true (ul_pool_push (pool, &thread));
  g_assert_true (thread == g_thread_self ());
  g_assert_true (ul_pool_finish (pool, NULL));
}

static void
test_default_jobs (void)
{
  cpu_set_t before;
  g_assert_cmpint (sched_getaffinity (0, sizeof before, &before), ==, 0);
  g_assert_cmpuint (ul_pool_default_jobs (), ==, (guint) CPU_COUNT (&before));
  cpu_set_t one;
  CPU_ZERO (&one);
  for (gsize i = 0; i < CPU_SETSIZE && CPU_COUNT (&one) == 0; i++)
    if (CPU_ISSET (i, &before))
      CPU_SET (i, &one);
  g_assert_cmpint (sched_setaffinity (0, sizeof one, &one), ==, 0);
  g_assert_cmpuint (ul_pool_default_jobs (), ==, 1);
  sched_setaffinity (0, sizeof before, &before);
}

static gboolean
count_progress (gpointer item, gpointer worker, gpointer data, GError **error)
{
  UlProgress *progress = data;
  ul_progress_add (progress, done, 1);
  ul_progress_add (progress, bytes, G_GUINT64_CONSTANT (5) << 32);
  return TRUE;
}

static void
test_progress (void)
{
  UlProgress progress = { 0 };
  UlProgress *none = NULL;
  ul_progress_add (none, done, 1);
  const UlPoolOptions options = { .jobs = 8, .run = count_progress, .data = &progress };
  g_autoptr (UlPool) pool = ul_pool_new (&options);
  for (guint i = 0; i < 1000; i++)
    ul_pool_push (pool, &progress);
  g_assert_true (ul_pool_finish (pool, NULL));
  g_assert_cmpint (ul_progress_get (&progress, done), ==, 1000);
  g_assert_cmpint (ul_progress_get (&progress, bytes), ==, (gint64) 5000 << 32);
  g_assert_cmpint (ul_progress_get (&progress, total), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Pool/runs-everything-once", test_runs_everything_once);
  g_test_add_func ("/Pool/finishes-without-items", test_nothing);
  g_test_add_func ("/Pool/first-failure-in-push-order-wins", test_first_failure_wins);
  g_test_add_func ("/Pool/push-tells-of-failure", test_producer_learns);
  g_test_add_func ("/Pool/free-without-finish-drops-what-waits", test_free_without_finish);
  g_test_add_func ("/Pool/free-unused", test_free_untouched);
  g_test_add_func ("/Pool/many-items", test_many);
  g_test_add_func ("/Pool/producer-waits-for-a-full-queue", test_bounded_queue);
  g_test_add_func ("/Pool/push-first-overtakes", test_push_first);
  g_test_add_func ("/Pool/jobs-fit-descriptors", test_jobs_fit_descriptors);
  g_test_add_func ("/Pool/worker-state-belongs-to-one-thread", test_worker_state);
  g_test_add_func ("/Pool/one-job-runs-inside-push", test_one_job_is_inline);
  g_test_add_func ("/Pool/default-jobs-follow-affinity", test_default_jobs);
  g_test_add_func ("/Progress/threads-lose-no-count", test_progress);
  return g_test_run ();
}
