// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/walk.h"

#include <string.h>

#include "checkout/dir.h"
#include "checkout/dirmetas.h"
#include "checkout/place.h"
#include "checkout/queue.h"
#include "checkout/settle.h"
#include "checkout/sharing.h"
#include "checkout/whiteouts.h"
#include "util/error.h"
#include "util/fd.h"

/* Files a batch. A link costs microseconds, so a batch must be worth a wake-up; a copy is worth one
 * alone. */
#define BATCH_LINKS  256
#define BATCH_COPIES 8

/* A directory whose subdirectories from @next on are still to come. */
typedef struct
{
  UlCheckoutDir *dir;
  gsize next;
} Frame;

typedef struct
{
  UlCheckoutPlan *plan;
  UlCheckoutQueue *queue;
  UlCheckoutDirmetas *dirmetas;
  UlHasher *hasher;    /* NULL: none needed yet */
  gboolean has_failed; /* a worker has: no use in going on */
  GArray *frames;      /* of Frame, a stack */
  UlCheckoutDirErrors errors;
  guint64 next_seq;
} Walk;

static gboolean
place (UlCheckoutDir *dir, gsize index, UlHasher *hasher, gpointer data, GError **error)
{
  UlDirtreeFile file;
  ul_dirtree_view_file (&dir->view, index, &file);
  return ul_checkout_dir_skips (dir, file.name)
         || ul_checkout_place (dir, file.name, &file.checksum, index, error);
}

static void
frame_clear (Frame *frame)
{
  ul_checkout_dir_unref (frame->dir);
}

static gboolean
load_tree (Walk *walk, const char *path, const UlChecksum *tree, GVariant **out_dirtree,
           GError **error)
{
  if (strlen (path) < UL_OBJECTS_DEEP_PATH)
    return ul_objects_load (walk->plan->repo, UL_OBJECT_DIRTREE, tree, out_dirtree, error);
  if (walk->hasher == NULL)
    walk->hasher = ul_hasher_new ();
  return ul_objects_load_verified (walk->plan->repo, UL_OBJECT_DIRTREE, tree, walk->hasher,
                                   out_dirtree, error);
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
  if ((target->is_new && !ul_checkout_dirmetas_load (walk->dirmetas, meta, &dirmeta, error))
      || !load_tree (walk, path, tree, &dirtree, error))
    return ul_prefix (error, "checkout %s", path);

  g_autoptr (UlCheckoutDir) dir
      = ul_checkout_dir_new (walk->plan, &walk->errors, ul_fd_steal (&fd),
                             g_steal_pointer (&owned_path), dirmeta, dirtree, walk->next_seq++);
  UlCheckoutSharing *sharing = walk->plan->sharing;
  if (!ul_checkout_whiteouts_enter_dir (dir, error)
      || (sharing != NULL && !ul_checkout_sharing_enter (sharing, dir, error)))
    return FALSE;
  walk->has_failed = !ul_checkout_queue_add (walk->queue, dir, dir->view.n_files);
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
      && !ul_checkout_dir_make (walk->plan, frame->dir->fd, frame->dir->is_new, subdir.name, path,
                                &target.fd, &target.is_new, error))
    return FALSE;
  if (is_last)
    g_array_set_size (walk->frames, walk->frames->len - 1);
  if (!skip)
    return enter (walk, &target, g_steal_pointer (&path), &subdir.tree, &subdir.meta, error);
  UlCheckoutSharing *sharing = walk->plan->sharing;
  return sharing == NULL || ul_checkout_sharing_skip (sharing, &subdir.tree, error);
}

static void
walk_init (Walk *walk, UlCheckoutPlan *plan)
{
  const UlCheckoutQueueOptions options = {
    .jobs = plan->options->jobs,
    .batch_max = plan->links != UL_LINKS_NONE ? BATCH_LINKS : BATCH_COPIES,
    .progress = plan->options->progress,
    .run = place,
  };
  *walk = (Walk){
    .plan = plan,
    .queue = ul_checkout_queue_new (&options),
    .dirmetas = ul_checkout_dirmetas_new (plan->repo),
    .frames = g_array_new (FALSE, FALSE, sizeof (Frame)),
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
  GError *from_workers = NULL;
  (void) ul_checkout_queue_finish (walk->queue, &from_workers);
  ul_checkout_queue_free (walk->queue);
  g_array_unref (walk->frames);
  ul_checkout_dirmetas_free (walk->dirmetas);
  g_clear_pointer (&walk->hasher, ul_hasher_free);
  g_mutex_clear (&walk->errors.lock);

  GError *candidates[] = { from_workers, own, walk->errors.first };
  return ul_checkout_first_error (candidates, G_N_ELEMENTS (candidates), error);
}

gboolean
ul_checkout_walk (UlCheckoutPlan *plan, const UlEntry *root, UlCheckoutTarget *target,
                  GError **error)
{
  Walk walk;
  if (plan->sharing != NULL && !ul_checkout_sharing_set_target (plan->sharing, target->fd, error))
    {
      ul_fd_clear (&target->fd);
      return FALSE;
    }
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
      || !ul_checkout_place (dir, name, &root->checksum, 0, error))
    return FALSE;
  ul_progress_add (plan->options->progress, done, 1);
  return TRUE;
}
