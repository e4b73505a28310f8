// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/walk.h"

#include "checkout/dir.h"
#include "checkout/place.h"
#include "checkout/whiteouts.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/pool.h"

/* Files a batch. A link costs microseconds, so a batch must be worth a wake-up; a copy is worth one
 * alone. */
#define BATCH_LINKS  256
#define BATCH_COPIES 8

/* Nearly all directories of a tree share a few dirmetas. */
#define META_CACHE_MAX 256

/* Batches that may wait, a worker: so many that the walk needn't stop and go, unless descriptors
 * are few. */
#define QUEUE_PER_JOB     8
#define QUEUE_PER_JOB_MIN 2
#define FEW_DESCRIPTORS   1024

/* Files [start, start + n) of a dirtree, to go to a directory. */
typedef struct
{
  UlCheckoutDir *dir;
  gsize start;
  gsize n;
} Segment;

typedef struct
{
  GArray *segments; /* of Segment */
  gsize n_files;
} Batch;

/* A directory whose subdirectories from @next on are still to come. */
typedef struct
{
  UlCheckoutDir *dir;
  gsize next;
} Frame;

typedef struct
{
  UlCheckoutPlan *plan;
  UlPool *pool;
  gsize batch_max;
  guint segments_max;
  gboolean has_failed; /* a worker has: no use in going on */
  Batch *batch;        /* being filled; NULL: none */
  GArray *frames;      /* of Frame, a stack */
  GHashTable *metas;   /* UlChecksum * -> dirmeta, owned */
  UlCheckoutDirErrors errors;
  guint64 next_seq;
} Walk;

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
is_skipped (UlCheckoutDir *dir, const char *name)
{
  if (dir->plan->options->skip == NULL)
    return FALSE;
  g_autofree char *path = ul_checkout_dir_child_path (dir, name);
  return ul_checkout_plan_skips (dir->plan, path);
}

static gboolean
run_batch (gpointer item, gpointer worker, gpointer data, GError **error)
{
  const Batch *batch = item;
  const UlCheckoutPlan *plan = data;
  for (guint s = 0; s < batch->segments->len; s++)
    {
      const Segment *segment = &g_array_index (batch->segments, Segment, s);
      for (gsize i = 0; i < segment->n; i++)
        {
          UlDirtreeFile file;
          ul_dirtree_view_file (&segment->dir->view, segment->start + i, &file);
          if (!is_skipped (segment->dir, file.name)
              && !ul_checkout_place (segment->dir, file.name, &file.checksum, error))
            return FALSE;
        }
      ul_progress_add (plan->options->progress, done, segment->n);
    }
  return TRUE;
}

static void
flush (Walk *walk)
{
  if (walk->batch != NULL && !ul_pool_push (walk->pool, g_steal_pointer (&walk->batch)))
    walk->has_failed = TRUE;
}

static void
queue_files (Walk *walk, UlCheckoutDir *dir)
{
  const UlDirtreeView *view = &dir->view;
  ul_progress_add (walk->plan->options->progress, total, view->n_files);
  for (gsize start = 0; start < view->n_files && !walk->has_failed;)
    {
      if (walk->batch == NULL)
        walk->batch = batch_new ();
      const gsize n = MIN (view->n_files - start, walk->batch_max - walk->batch->n_files);
      const Segment segment = { .dir = ul_checkout_dir_ref (dir), .start = start, .n = n };
      g_array_append_val (walk->batch->segments, segment);
      walk->batch->n_files += n;
      start += n;
      if (walk->batch->n_files == walk->batch_max
          || walk->batch->segments->len == walk->segments_max)
        flush (walk);
    }
}

static gboolean
load_meta (Walk *walk, const UlChecksum *checksum, GVariant **out_meta, GError **error)
{
  GVariant *meta = g_hash_table_lookup (walk->metas, checksum);
  if (meta == NULL)
    {
      if (!ul_objects_load (walk->plan->repo, UL_OBJECT_DIRMETA, checksum, &meta, error))
        return FALSE;
      if (g_hash_table_size (walk->metas) >= META_CACHE_MAX)
        g_hash_table_remove_all (walk->metas);
      g_hash_table_insert (walk->metas, g_memdup2 (checksum, sizeof *checksum), meta);
    }
  *out_meta = g_variant_ref (meta);
  return TRUE;
}

static void
frame_clear (Frame *frame)
{
  ul_checkout_dir_unref (frame->dir);
}

/* A directory of the target is there: queue its files, and its subdirectories for later. Takes
 * @target's descriptor and @path. */
static gboolean
enter (Walk *walk, UlCheckoutTarget *target, char *path, const UlChecksum *tree,
       const UlChecksum *meta, GError **error)
{
  g_autofree char *owned_path = path;
  ul_autofd int fd = ul_fd_steal (&target->fd);
  g_autoptr (GVariant) dirmeta = NULL;
  g_autoptr (GVariant) dirtree = NULL;
  if ((target->is_new && !load_meta (walk, meta, &dirmeta, error))
      || !ul_objects_load (walk->plan->repo, UL_OBJECT_DIRTREE, tree, &dirtree, error))
    return ul_prefix (error, "checkout %s", path);

  g_autoptr (UlCheckoutDir) dir
      = ul_checkout_dir_new (walk->plan, &walk->errors, ul_fd_steal (&fd),
                             g_steal_pointer (&owned_path), dirmeta, dirtree, walk->next_seq++);
  if (!ul_checkout_whiteouts_enter_dir (dir, error))
    return FALSE;
  queue_files (walk, dir);
  if (dir->view.n_dirs == 0)
    return TRUE;
  const Frame frame = { .dir = g_steal_pointer (&dir) };
  g_array_append_val (walk->frames, frame);
  return TRUE;
}

/* The next subdirectory of the innermost frame. The frame goes before its last subdirectory is
 * entered, so that its descriptor need not stay open. */
static gboolean
step (Walk *walk, GError **error)
{
  Frame *frame = &g_array_index (walk->frames, Frame, walk->frames->len - 1);
  UlDirtreeDir subdir;
  ul_dirtree_view_dir (&frame->dir->view, frame->next++, &subdir);
  const gboolean is_last = frame->next == frame->dir->view.n_dirs;

  g_autofree char *path = ul_checkout_dir_child_path (frame->dir, subdir.name);
  UlCheckoutTarget target = { .fd = -1 };
  gboolean skip = FALSE;
  if (walk->plan->options->skip != NULL)
    {
      g_autofree char *with_slash = g_strconcat (path, "/", NULL);
      skip = ul_checkout_plan_skips (walk->plan, with_slash);
    }
  if (!skip
      && !ul_checkout_dir_make (walk->plan, frame->dir->fd, ul_checkout_dir_is_new (frame->dir),
                                subdir.name, path, &target.fd, &target.is_new, error))
    return FALSE;
  if (is_last)
    {
      g_array_set_size (walk->frames, walk->frames->len - 1);
    }
  return skip || enter (walk, &target, g_steal_pointer (&path), &subdir.tree, &subdir.meta, error);
}

/* Each segment keeps a directory open, in every batch that waits or runs. Half of the descriptors
 * that the process may have are for them, the rest for the caller, the walk and the copies. */
static guint
segments_max (guint jobs, guint queue_length)
{
  const guint64 batches = (guint64) queue_length + jobs + 1;
  return (guint) CLAMP (ul_fd_limit () / 2 / batches, 1, 32);
}

static void
walk_init (Walk *walk, UlCheckoutPlan *plan)
{
  const guint jobs = ul_pool_jobs (plan->options->jobs);
  const guint queue_length
      = jobs * (ul_fd_limit () < FEW_DESCRIPTORS ? QUEUE_PER_JOB_MIN : QUEUE_PER_JOB);
  const UlPoolOptions options = {
    .jobs = jobs,
    .queue_length = queue_length,
    .run = run_batch,
    .item_free = (GDestroyNotify) batch_free,
    .data = plan,
  };
  *walk = (Walk){
    .plan = plan,
    .pool = ul_pool_new (&options),
    .batch_max = plan->links != UL_LINKS_NONE ? BATCH_LINKS : BATCH_COPIES,
    .segments_max = segments_max (jobs, queue_length),
    .frames = g_array_new (FALSE, FALSE, sizeof (Frame)),
    .metas = g_hash_table_new_full (ul_checksum_hash, ul_checksum_equal_func, g_free,
                                    (GDestroyNotify) g_variant_unref),
  };
  g_mutex_init (&walk->errors.lock);
  g_array_set_clear_func (walk->frames, (GDestroyNotify) frame_clear);
}

/* Waits for the workers. Errors have a fixed order of precedence, so that none depends on who was
 * faster: the workers' first in queue order, then the walk's own, then that of finishing
 * directories. Takes @own. */
static gboolean
walk_finish (Walk *walk, GError *own, GError **error)
{
  flush (walk);
  GError *from_pool = NULL;
  (void) ul_pool_finish (walk->pool, &from_pool);
  ul_pool_free (walk->pool);
  g_array_unref (walk->frames);
  g_hash_table_unref (walk->metas);
  g_mutex_clear (&walk->errors.lock);

  GError *candidates[] = { from_pool, own, walk->errors.first };
  GError *first = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (candidates); i++)
    if (first == NULL)
      first = candidates[i];
    else
      g_clear_error (&candidates[i]);
  if (first == NULL)
    return TRUE;
  g_propagate_error (error, first);
  return FALSE;
}

gboolean
ul_checkout_walk (UlCheckoutPlan *plan, const UlEntry *root, UlCheckoutTarget *target,
                  GError **error)
{
  Walk walk;
  walk_init (&walk, plan);
  GError *own = NULL;
  gboolean ok = enter (&walk, target, g_strdup ("/"), &root->checksum, &root->meta, &own);
  while (ok && !walk.has_failed && walk.frames->len > 0)
    ok = step (&walk, &own);
  return walk_finish (&walk, own, error);
}

gboolean
ul_checkout_walk_file (UlCheckoutPlan *plan, const UlEntry *root, const char *name,
                       UlCheckoutTarget *target, GError **error)
{
  /* The directory isn't the commit's, so it gets no metadata. */
  UlCheckoutDirErrors errors = { .first = NULL };
  g_autoptr (UlCheckoutDir) dir = ul_checkout_dir_new (plan, &errors, ul_fd_steal (&target->fd),
                                                       g_strdup ("/"), NULL, NULL, 0);
  ul_progress_add (plan->options->progress, total, 1);
  if (!ul_checkout_whiteouts_enter_file (dir, name, &root->checksum, error)
      || !ul_checkout_place (dir, name, &root->checksum, error))
    return FALSE;
  ul_progress_add (plan->options->progress, done, 1);
  return TRUE;
}
