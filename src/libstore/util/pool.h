// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* A worker pool for one operation: the caller pushes items from one thread, workers run a function
 * on each. Items start in the order pushed, but for those pushed first. The queue is bounded, so a
 * fast producer waits.
 *
 * The first failure in push order is the pool's error, whatever the number of workers: an item is
 * skipped only if an earlier one has failed, so every earlier item has run. */

G_BEGIN_DECLS

typedef struct _UlPool UlPool;

/* @worker is what worker_new () made for this thread (NULL without it). */
typedef gboolean (*UlPoolFunc) (gpointer item, gpointer worker, gpointer data, GError **error);

typedef struct
{
  guint jobs; /* threads, fewer where the system allows no more; 0: ul_pool_default_jobs (); 1:
                 everything runs inside push () */
  guint queue_length; /* items that may wait; 0: 16 a thread */
  UlPoolFunc run;
  GDestroyNotify item_free; /* for every item, run or not */
  gpointer (*worker_new) (gpointer data);
  GDestroyNotify worker_free;
  gpointer data;
} UlPoolOptions;

/* The CPUs this process may use (its affinity mask), at least 1. */
guint ul_pool_default_jobs (void);

/* What a pool makes of @jobs: 0 is the default, and it's fewer where the process may have only few
 * descriptors, since a thread that gets none fails. */
guint ul_pool_jobs (guint jobs);

UlPool *ul_pool_new (const UlPoolOptions *options);

/* Does everything run inside push (), so that what an item waits for has to be done before? */
gboolean ul_pool_is_inline (const UlPool *pool);

/* Takes @item. Returns FALSE when an item has failed already, so that a producer may stop early;
 * the error comes from ul_pool_finish (). */
gboolean ul_pool_push (UlPool *pool, gpointer item);

/* The same, but the item starts before all that waits: for one that takes long, so that it isn't
 * left to one thread at the end. Failures keep their precedence in push order. */
gboolean ul_pool_push_first (UlPool *pool, gpointer item);

/* Wait until all is done, stop the threads. Call once. */
gboolean ul_pool_finish (UlPool *pool, GError **error);

/* Without a finish () before it: drops what waits, and waits for what runs. */
void ul_pool_free (UlPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlPool, ul_pool_free)

G_END_DECLS
