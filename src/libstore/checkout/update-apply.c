// SPDX-License-Identifier: LGPL-2.1-or-later

/* The second pass of an update: names go and come. Everything that can be done again is done in an
 * order in which it can: a file is replaced by one rename, a directory goes when it's empty, and
 * gets its metadata when it's complete. */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "checkout/dirmetas.h"
#include "checkout/place.h"
#include "checkout/queue.h"
#include "checkout/settle.h"
#include "checkout/update-private.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"

#define BATCH_LINKS  64
#define BATCH_COPIES 8

/* Threads cost more than so many links: the table of descriptors that they share is taken and
 * given back for each. */
#define WORTH_THREADS 1000

typedef struct
{
  UlCheckoutQueue *queue;
  UlCheckoutDirmetas *dirmetas;
  UlCheckoutDirErrors errors;
  guint64 next_seq;
} Apply;

/* -- of both passes -- */

guint
ul_update_jobs (const UlUpdate *self)
{
  const gboolean is_little
      = self->plan->links != UL_LINKS_NONE && self->changes->n_changes < WORTH_THREADS;
  return is_little ? 1 : self->plan->options->jobs;
}

int
ul_update_open_dir (const UlUpdate *self, const UlChangedDir *dir)
{
  const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  return dir->parent == NULL ? openat (self->fd, ".", flags)
                             : ul_fd_open_same_mount (dir->parent->open->fd, dir->name, flags);
}

static gboolean
is_below (const UlChangedDir *dir, const UlChangedDir *above)
{
  while (dir != NULL && dir != above)
    dir = dir->parent;
  return dir != NULL;
}

static gboolean
leave (UlUpdate *self, const UlUpdateWalk *walk, UlChangedDir *dir, GError **error)
{
  if (dir->open == NULL)
    return TRUE;
  const gboolean ok = walk->leave == NULL || walk->leave (self, dir, walk->data, error);
  g_clear_pointer (&dir->open, ul_checkout_dir_unref);
  return ok;
}

gboolean
ul_update_walk (UlUpdate *self, const UlUpdateWalk *walk, GError **error)
{
  const GPtrArray *dirs = self->changes->dirs;
  UlChangedDir *current = NULL;
  gboolean ok = TRUE;
  for (guint i = 0; ok && i < dirs->len; i++)
    {
      UlChangedDir *dir = dirs->pdata[i];
      for (; ok && current != NULL && !is_below (dir, current); current = current->parent)
        ok = leave (self, walk, current, error);
      current = dir;
      const gboolean can_enter = dir->parent == NULL || dir->parent->open != NULL;
      ok = ok && (!can_enter || walk->enter (self, dir, walk->data, error));
    }
  for (; current != NULL; current = current->parent)
    if (ok)
      ok = leave (self, walk, current, error);
    else
      g_clear_pointer (&current->open, ul_checkout_dir_unref);
  return ok;
}

/* -- names -- */

static gboolean
remove_name (UlUpdate *self, const UlChangedDir *dir, const char *name, int flags, GError **error)
{
  if (unlinkat (dir->open->fd, name, flags) == 0)
    {
      self->removed++;
      ul_checkout_plan_step (self->plan, "removed");
      return TRUE;
    }
  g_autofree char *path = ul_checkout_dir_child_path (dir->open, name);
  return errno == ENOENT || ul_throw_errno (error, "remove %s", path);
}

static gboolean
remove_rests (const UlChangedDir *dir, GError **error)
{
  for (guint i = 0; dir->rests != NULL && i < dir->rests->len; i++)
    {
      const char *name = dir->rests->pdata[i];
      if (unlinkat (dir->open->fd, name, 0) != 0 && errno != ENOENT)
        return ul_throw_errno (error, "remove %s in %s", name, dir->path);
    }
  return TRUE;
}

/* Before anything comes: files go that nothing, or a directory, takes the place of. */
static gboolean
remove_leaves (UlUpdate *self, const UlChangedDir *dir, GError **error)
{
  for (guint i = 0; i < dir->changes->len; i++)
    {
      const UlChange *change = dir->changes->pdata[i];
      if (ul_change_is_leaf (&change->a) && !ul_change_is_leaf (&change->b) && !change->is_done
          && !remove_name (self, dir, change->name, 0, error))
        return FALSE;
    }
  return TRUE;
}

/* When all in them has gone. */
static gboolean
remove_dirs (UlUpdate *self, const UlChangedDir *dir, GError **error)
{
  for (guint i = 0; i < dir->changes->len; i++)
    {
      const UlChange *change = dir->changes->pdata[i];
      if (change->a.kind == UL_CHANGE_DIR && change->b.kind != UL_CHANGE_DIR && !change->is_done
          && !remove_name (self, dir, change->name, AT_REMOVEDIR, error))
        return FALSE;
    }
  return TRUE;
}

/* Run by workers. */
static gboolean
place_change (UlCheckoutDir *dir, gsize index, UlHasher *hasher, gpointer data, GError **error)
{
  const UlChangedDir *changed = dir->user;
  const UlChange *change = changed->changes->pdata[index];
  if (!ul_change_is_leaf (&change->b) || change->is_done)
    return TRUE;
  g_autofree char *marker = NULL;
  if (change->b.kind == UL_CHANGE_WHITEOUT
      && !ul_whiteout_encode (UL_WHITEOUT_COMMIT, change->name, &marker, error))
    return FALSE;
  const char *name = marker != NULL ? marker : change->name;
  if (!ul_checkout_replace (dir, name, &change->b.checksum, error))
    return FALSE;
  ul_checkout_plan_step (dir->plan, "placed");
  return TRUE;
}

/* -- directories -- */

/* Who isn't root may have a directory that he can't write to; its mode comes back when it's done.
 */
static gboolean
make_writable (int fd, GError **error)
{
  struct stat st;
  if (geteuid () == 0)
    return TRUE;
  if (fstat (fd, &st) != 0)
    return ul_throw_errno (error, "stat");
  if ((st.st_mode & S_IRWXU) != S_IRWXU && fchmod (fd, (st.st_mode & 07777) | S_IRWXU) != 0)
    return ul_throw_errno (error, "make writable");
  return TRUE;
}

static gboolean
open_or_make (UlUpdate *self, const UlChangedDir *dir, int *out_fd, gboolean *out_new,
              GError **error)
{
  *out_new = FALSE;
  *out_fd = ul_update_open_dir (self, dir);
  if (*out_fd >= 0)
    return dir->changes->len == 0 || make_writable (*out_fd, error)
           || ul_prefix (error, "%s", dir->path);
  /* What was to go has gone, and something else may have come in its place. */
  if (!dir->in_b && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
    return TRUE;
  if (errno != ENOENT)
    return ul_throw_errno (error, "open directory %s", dir->path);
  const UlCheckoutDir *parent = dir->parent->open;
  if (!ul_checkout_dir_make (self->plan, parent->fd, parent->is_new, dir->name, dir->path, out_fd,
                             out_new, error))
    return FALSE;
  ul_checkout_plan_step (self->plan, "made");
  return TRUE;
}

static gboolean
enter (UlUpdate *self, UlChangedDir *dir, gpointer data, GError **error)
{
  Apply *apply = data;
  ul_autofd int fd = -1;
  gboolean is_new;
  g_autoptr (GVariant) meta = NULL;
  if (!ul_interrupt_check (error))
    return FALSE;
  if (!open_or_make (self, dir, &fd, &is_new, error))
    return FALSE;
  if (fd < 0)
    return TRUE;
  if (dir->in_b && ul_update_touches (dir)
      && !ul_checkout_dirmetas_load (apply->dirmetas, &dir->b_meta, &meta, error))
    return FALSE;
  dir->open = ul_checkout_dir_new (self->plan, &apply->errors, ul_fd_steal (&fd),
                                   g_strdup (dir->path), meta, NULL, apply->next_seq++);
  dir->open->is_new = is_new;
  dir->open->user = dir;
  return remove_rests (dir, error) && remove_leaves (self, dir, error);
}

static gboolean
leave_dir (UlUpdate *self, UlChangedDir *dir, gpointer data, GError **error)
{
  Apply *apply = data;
  /* FALSE if a worker has failed, whose error it is then: nothing more is to go. */
  return remove_dirs (self, dir, error)
         && (!dir->in_b || ul_checkout_queue_add (apply->queue, dir->open, dir->changes->len));
}

gboolean
ul_update_apply (UlUpdate *self, GError **error)
{
  const UlCheckoutQueueOptions options = {
    .jobs = ul_update_jobs (self),
    .batch_max = self->plan->links != UL_LINKS_NONE ? BATCH_LINKS : BATCH_COPIES,
    .progress = self->plan->options->progress,
    .run = place_change,
  };
  Apply apply = {
    .queue = ul_checkout_queue_new (&options),
    .dirmetas = ul_checkout_dirmetas_new (self->plan->repo),
  };
  g_mutex_init (&apply.errors.lock);
  const UlUpdateWalk walk = { .enter = enter, .leave = leave_dir, .data = &apply };
  GError *own = NULL;
  GError *from_workers = NULL;
  (void) ul_update_walk (self, &walk, &own);
  (void) ul_checkout_queue_finish (apply.queue, &from_workers);
  ul_checkout_queue_free (apply.queue);
  ul_checkout_dirmetas_free (apply.dirmetas);
  g_mutex_clear (&apply.errors.lock);
  GError *candidates[] = { from_workers, own, apply.errors.first };
  return ul_checkout_first_error (candidates, G_N_ELEMENTS (candidates), error);
}
