// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/reach.h"

#include "core/dirtree.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/pool.h"

/* Dirtrees that a worker takes at once. */
#define BATCH_MAX 64

typedef struct
{
  const UlReach *options;
  const GArray *level; /* of UlChecksum: being entered */

  GMutex lock; /* guards what follows */
  GArray *next;
  GPtrArray *faults;
} Walk;

typedef struct
{
  gsize from;
  gsize to;
} Batch;

typedef struct
{
  UlHasher *hasher;
  GArray *found; /* of UlChecksum: new dirtrees */
  /* Most directories have the dirmeta of the one before. */
  UlChecksum last_meta;
  gboolean has_meta;
} Worker;

static void
fault_free (gpointer data)
{
  UlReachFault *fault = data;
  g_clear_error (&fault->cause);
  g_free (fault);
}

static int
compare_faults (gconstpointer a, gconstpointer b)
{
  const UlReachFault *x = *(UlReachFault *const *) a;
  const UlReachFault *y = *(UlReachFault *const *) b;
  return ul_checksum_compare_func (&x->tree, &y->tree);
}

static gpointer
worker_new (gpointer data)
{
  Worker *worker = g_new0 (Worker, 1);
  worker->hasher = ul_hasher_new ();
  worker->found = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  return worker;
}

static void
worker_free (gpointer data)
{
  Worker *worker = data;
  ul_hasher_free (worker->hasher);
  g_array_unref (worker->found);
  g_free (worker);
}

static void
claim_entries (const UlReach *self, GVariant *dirtree, Worker *worker)
{
  g_auto (UlDirtreeView) view;
  ul_dirtree_view_init (&view, dirtree);
  for (gsize i = 0; i < view.n_files; i++)
    {
      UlDirtreeFile file;
      ul_dirtree_view_file (&view, i, &file);
      self->claim (UL_OBJECT_FILE, &file.checksum, self->data);
    }
  for (gsize i = 0; i < view.n_dirs; i++)
    {
      UlDirtreeDir dir;
      ul_dirtree_view_dir (&view, i, &dir);
      if (!worker->has_meta || !ul_checksum_equal (&dir.meta, &worker->last_meta))
        self->claim (UL_OBJECT_DIRMETA, &dir.meta, self->data);
      worker->last_meta = dir.meta;
      worker->has_meta = TRUE;
      if (self->claim (UL_OBJECT_DIRTREE, &dir.tree, self->data))
        g_array_append_val (worker->found, dir.tree);
    }
}

static void
enter (Walk *walk, const UlChecksum *tree, Worker *worker)
{
  g_autoptr (GVariant) dirtree = NULL;
  GError *cause = NULL;
  if (ul_objects_load_verified (walk->options->repo, UL_OBJECT_DIRTREE, tree, worker->hasher,
                                &dirtree, &cause))
    {
      claim_entries (walk->options, dirtree, worker);
      return;
    }
  UlReachFault *fault = g_new0 (UlReachFault, 1);
  *fault = (UlReachFault){ .tree = *tree, .cause = cause };
  g_mutex_lock (&walk->lock);
  g_ptr_array_add (walk->faults, fault);
  g_mutex_unlock (&walk->lock);
}

static gboolean
enter_batch (gpointer item, gpointer worker_, gpointer data, GError **error)
{
  const Batch *batch = item;
  Walk *walk = data;
  Worker *worker = worker_;
  for (gsize i = batch->from; i < batch->to; i++)
    enter (walk, &g_array_index (walk->level, UlChecksum, i), worker);

  g_mutex_lock (&walk->lock);
  g_array_append_vals (walk->next, worker->found->data, worker->found->len);
  g_mutex_unlock (&walk->lock);
  ul_progress_add (walk->options->progress, done, batch->to - batch->from);
  ul_progress_add (walk->options->progress, total, worker->found->len);
  g_array_set_size (worker->found, 0);
  return TRUE;
}

/* What is found goes to walk->next. */
static void
enter_level (Walk *walk)
{
  const guint jobs = ul_pool_jobs (walk->options->jobs);
  const gsize size = CLAMP (walk->level->len / (jobs * 8), 1, BATCH_MAX);
  const UlPoolOptions options = {
    .jobs = walk->level->len < 4 * jobs ? 1 : jobs, /* threads cost more */
    .run = enter_batch,
    .item_free = g_free,
    .worker_new = worker_new,
    .worker_free = worker_free,
    .data = walk,
  };
  g_autoptr (UlPool) pool = ul_pool_new (&options);
  for (gsize i = 0; i < walk->level->len; i += size)
    {
      Batch *batch = g_new (Batch, 1);
      *batch = (Batch){ .from = i, .to = MIN (i + size, walk->level->len) };
      ul_pool_push (pool, batch);
    }
  const gboolean ok = ul_pool_finish (pool, NULL);
  g_assert (ok); /* enter_batch () doesn't fail */
}

GPtrArray *
ul_reach_walk (const UlReach *self, const GArray *trees)
{
  Walk walk = { .options = self };
  g_autoptr (GArray) level = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  g_mutex_init (&walk.lock);
  walk.faults = g_ptr_array_new_with_free_func (fault_free);
  for (guint i = 0; i < trees->len; i++)
    {
      const UlChecksum *tree = &g_array_index (trees, UlChecksum, i);
      if (self->claim (UL_OBJECT_DIRTREE, tree, self->data))
        g_array_append_vals (level, tree, 1);
    }
  ul_progress_add (self->progress, total, level->len);
  while (level->len > 0)
    {
      walk.level = level;
      walk.next = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
      enter_level (&walk);
      g_array_unref (level);
      level = walk.next;
    }
  g_mutex_clear (&walk.lock);
  g_ptr_array_sort (walk.faults, compare_faults);
  return walk.faults;
}
