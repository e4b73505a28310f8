// SPDX-License-Identifier: LGPL-2.1-or-later

/* Before an update changes anything: is the directory what it's taken for? */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "checkout/compare.h"
#include "checkout/dirmetas.h"
#include "checkout/queue.h"
#include "checkout/settle.h"
#include "checkout/update-private.h"
#include "checkout/verify.h"
#include "checkout/whiteouts.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"
#include "util/tmpfile.h"

#define BATCH_CHANGES 64

typedef struct
{
  UlCheckoutQueue *queue;
  UlCheckoutDirmetas *dirmetas;
} Check;

static gboolean
refuse (const char *path, const char *what, UlCheckoutAspects differs, GError **error)
{
  g_autofree char *aspects = ul_checkout_aspects_to_string (differs);
  return ul_throw (error, UL_ERROR_EXISTS, "%s was %s%s%s", path, what,
                   *aspects != '\0' ? ": " : "", aspects);
}

/* -- names -- */

/* In what does the name differ from one of the sides, a file or whiteout? */
static gboolean
compare_side (UlCheckoutDir *dir, const UlChange *change, const UlChangeSide *side,
              const struct stat *st, UlHasher *hasher, UlCheckoutAspects *out_differs,
              GError **error)
{
  g_auto (UlFileMeta) marker = { 0 };
  if (side->kind == UL_CHANGE_WHITEOUT
      && !ul_objects_load_file_meta (dir->plan->repo, &side->checksum, &marker, NULL, error))
    return FALSE;
  const UlCheckoutEntry entry = {
    .dir = dir,
    .name = change->name,
    .checksum = &side->checksum,
    .whiteout = side->kind == UL_CHANGE_WHITEOUT ? &marker : NULL,
  };
  return ul_checkout_compare_file (&entry, st, UL_CHECKOUT_COMPARE_FIRST, hasher, out_differs,
                                   error);
}

/* What isn't there: right if one of the sides has nothing, or if one is a directory, as that takes
 * two steps. */
static gboolean
may_be_missing (const UlChange *change)
{
  return change->a.kind == UL_CHANGE_NOTHING || change->b.kind == UL_CHANGE_NOTHING
         || (change->a.kind == UL_CHANGE_DIR) != (change->b.kind == UL_CHANGE_DIR);
}

static gboolean
judge (UlCheckoutDir *dir, UlChange *change, const struct stat *st, UlHasher *hasher,
       UlCheckoutAspects *out_differs, GError **error)
{
  UlCheckoutAspects from_a = UL_CHECKOUT_TYPE;
  UlCheckoutAspects from_b = UL_CHECKOUT_TYPE;
  *out_differs = UL_CHECKOUT_SAME;
  if (S_ISDIR (st->st_mode))
    {
      /* Directories are judged when the walk comes to them. */
      if (change->a.kind != UL_CHANGE_DIR && change->b.kind != UL_CHANGE_DIR)
        *out_differs = UL_CHECKOUT_TYPE;
      change->is_done = change->b.kind == UL_CHANGE_DIR;
      return TRUE;
    }
  if (ul_change_is_leaf (&change->a)
      && !compare_side (dir, change, &change->a, st, hasher, &from_a, error))
    return FALSE;
  if (from_a == UL_CHECKOUT_SAME)
    return TRUE;
  if (ul_change_is_leaf (&change->b)
      && !compare_side (dir, change, &change->b, st, hasher, &from_b, error))
    return FALSE;
  change->is_done = from_b == UL_CHECKOUT_SAME;
  if (!change->is_done)
    *out_differs = from_a;
  return TRUE;
}

/* What is going to be placed has to be there before anything goes. */
static gboolean
check_object (const UlCheckoutDir *dir, const UlChange *change, GError **error)
{
  gboolean has = TRUE;
  if (ul_change_is_leaf (&change->b) && !change->is_done
      && !ul_objects_has (dir->plan->repo, UL_OBJECT_FILE, &change->b.checksum, &has, error))
    return FALSE;
  if (has)
    return TRUE;
  g_autofree char *name = ul_object_to_string (&change->b.checksum, UL_OBJECT_FILE);
  return ul_throw (error, UL_ERROR_NOT_FOUND, "No such file object %s", name);
}

static const char *
describe (const UlChange *change)
{
  return change->a.kind == UL_CHANGE_NOTHING ? "added" : "modified";
}

/* Run by workers. */
static gboolean
check_change (UlCheckoutDir *dir, gsize index, UlHasher *hasher, gpointer data, GError **error)
{
  const UlChangedDir *changed = dir->user;
  UlChange *change = changed->changes->pdata[index];
  UlCheckoutAspects differs = UL_CHECKOUT_SAME;
  struct stat st;
  g_autofree char *path = ul_checkout_dir_child_path (dir, change->name);
  if (!ul_interrupt_check (error))
    return FALSE;
  if (fstatat (dir->fd, change->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
    {
      if (errno != ENOENT)
        return ul_throw_errno (error, "%s", path);
      if (!may_be_missing (change))
        return refuse (path, "removed", 0, error);
      return check_object (dir, change, error) || ul_prefix (error, "%s", path);
    }
  if (!judge (dir, change, &st, hasher, &differs, error))
    return ul_prefix (error, "%s", path);
  if (differs != UL_CHECKOUT_SAME)
    return refuse (path, describe (change),
                   change->a.kind == UL_CHANGE_NOTHING ? UL_CHECKOUT_SAME : differs, error);
  return check_object (dir, change, error) || ul_prefix (error, "%s", path);
}

/* -- directories -- */

/* While an update works in a directory, who isn't root gives himself the right to. */
static gboolean
is_made_writable (const UlCheckoutPlan *plan, int fd, GVariant *meta, UlCheckoutAspects differs)
{
  struct stat st;
  guint32 mode;
  ul_dirmeta_get (meta, NULL, NULL, &mode, NULL);
  const mode_t wanted = ul_checkout_plan_dir_mode (plan, mode) & 07777;
  return differs == UL_CHECKOUT_MODE && geteuid () != 0 && fstat (fd, &st) == 0
         && (st.st_mode & 07777) == (wanted | S_IRWXU);
}

static gboolean
compare_meta (Check *check, const UlCheckoutPlan *plan, int fd, const UlChecksum *checksum,
              UlCheckoutAspects *out_differs, GError **error)
{
  g_autoptr (GVariant) meta = NULL;
  if (!ul_checkout_dirmetas_load (check->dirmetas, checksum, &meta, error)
      || !ul_checkout_compare_dir (plan, fd, meta, out_differs, error))
    return FALSE;
  if (is_made_writable (plan, fd, meta, *out_differs))
    *out_differs = UL_CHECKOUT_SAME;
  return TRUE;
}

static gboolean
check_meta (Check *check, const UlCheckoutPlan *plan, int fd, const UlChangedDir *dir,
            GError **error)
{
  UlCheckoutAspects differs = UL_CHECKOUT_SAME;
  UlCheckoutAspects from_b;
  if (!compare_meta (check, plan, fd, &dir->a_meta, &differs, error))
    return FALSE;
  if (differs != UL_CHECKOUT_SAME && dir->meta_changes)
    {
      if (!compare_meta (check, plan, fd, &dir->b_meta, &from_b, error))
        return FALSE;
      if (from_b == UL_CHECKOUT_SAME)
        differs = UL_CHECKOUT_SAME;
    }
  return differs == UL_CHECKOUT_SAME || refuse (dir->path, "modified", differs, error);
}

/* One that an update has made and not come to fill. */
static gboolean
is_just_made (int fd)
{
  struct stat st;
  return fstat (fd, &st) == 0 && (st.st_mode & 07777) == 0700 && st.st_uid == geteuid ();
}

/* A directory that only B has stands there: it is B's, or somebody's own. */
static gboolean
check_new_meta (Check *check, const UlUpdate *self, int fd, const UlChangedDir *dir, GError **error)
{
  UlCheckoutAspects differs = UL_CHECKOUT_SAME;
  if (self->may_have_rests && is_just_made (fd))
    return TRUE;
  if (!compare_meta (check, self->found, fd, &dir->b_meta, &differs, error))
    return FALSE;
  return differs == UL_CHECKOUT_SAME || refuse (dir->path, "added", UL_CHECKOUT_SAME, error);
}

/* Neither A nor B has a change of it; does B have it all the same? */
static gboolean
is_in_tree (const UlCheckoutDir *dir, const char *name)
{
  const gboolean has_devices
      = (dir->plan->options->whiteouts & UL_CHECKOUT_WHITEOUTS_PASSTHROUGH) != 0;
  g_autofree char *marker = NULL;
  UlDirtreeFile file;
  UlDirtreeDir subdir;
  return ul_dirtree_view_find_file (&dir->view, name, &file)
         || ul_dirtree_view_find_dir (&dir->view, name, &subdir)
         || (has_devices && ul_whiteout_encode (UL_WHITEOUT_COMMIT, name, &marker, NULL)
             && ul_dirtree_view_find_file (&dir->view, marker, &file));
}

/* Left by an update that was killed; a commit may have such names, too. */
static gboolean
is_rest (const UlUpdate *self, const UlCheckoutDir *dir, const char *name)
{
  struct stat st;
  return self->may_have_rests && ul_tmp_name_matches (name) && !is_in_tree (dir, name)
         && fstatat (dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR (st.st_mode);
}

/* A name of which nothing is to change. A directory that goes or comes as a whole has none. */
static gboolean
look_at_other (const UlUpdate *self, UlChangedDir *dir, const char *name, GError **error)
{
  if (is_rest (self, dir->open, name))
    {
      if (dir->rests == NULL)
        dir->rests = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (dir->rests, g_strdup (name));
      return TRUE;
    }
  g_autofree char *path = ul_checkout_dir_child_path (dir->open, name);
  return (dir->in_a && dir->in_b) || refuse (path, "added", 0, error);
}

static gboolean
look_inside (const UlUpdate *self, UlChangedDir *dir, GError **error)
{
  if (dir->in_a && dir->in_b && !self->may_have_rests)
    return TRUE;
  const int copy = openat (dir->open->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = copy >= 0 ? fdopendir (copy) : NULL;
  if (stream == NULL)
    return ul_throw_errno (error, "open directory %s", dir->path);
  gboolean ok = TRUE;
  struct dirent *found;
  while (ok && (errno = 0, found = readdir (stream)) != NULL)
    if (!g_str_equal (found->d_name, ".") && !g_str_equal (found->d_name, "..")
        && ul_changed_dir_find (dir, found->d_name) == NULL)
      ok = look_at_other (self, dir, found->d_name, error);
  if (ok && errno != 0)
    ok = ul_throw_errno (error, "read directory %s", dir->path);
  closedir (stream);
  return ok;
}

/* What B has in it, where that matters: for whiteouts that meet what they are for, and for what
 * was left over. */
static gboolean
load_tree (const UlUpdate *self, const UlChangedDir *dir, GVariant **out_tree, GError **error)
{
  const gboolean wanted
      = self->may_have_rests || self->plan->options->whiteouts != UL_CHECKOUT_WHITEOUTS_KEEP;
  return !dir->in_b || !wanted
         || ul_objects_load (self->plan->repo, UL_OBJECT_DIRTREE, &dir->b_tree, out_tree, error);
}

static gboolean
enter (UlUpdate *self, UlChangedDir *dir, gpointer data, GError **error)
{
  Check *check = data;
  const gboolean stays = dir->in_a && dir->in_b;
  ul_autofd int fd = ul_update_open_dir (self, dir);
  if (fd < 0 && errno == ENOENT)
    return !stays || refuse (dir->path, "removed", 0, error);
  if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
    return !stays || refuse (dir->path, "modified", UL_CHECKOUT_TYPE, error);
  if (fd < 0 && errno == EXDEV)
    return ul_throw (error, UL_ERROR_EXISTS, "something is mounted on %s", dir->path);
  if (fd < 0)
    return ul_throw_errno (error, "open directory %s", dir->path);
  /* Where an update was interrupted, metadata may be half of the one and half of the other. */
  const gboolean is_half_done = self->resumes && ul_update_touches (dir);
  g_autoptr (GVariant) tree = NULL;
  if ((dir->in_a && !is_half_done && !check_meta (check, self->found, fd, dir, error))
      || (!dir->in_a && !is_half_done && !check_new_meta (check, self, fd, dir, error))
      || !load_tree (self, dir, &tree, error))
    return FALSE;
  dir->open = ul_checkout_dir_new (self->found, NULL, ul_fd_steal (&fd), g_strdup (dir->path), NULL,
                                   tree, 0);
  dir->open->user = dir;
  if (!ul_checkout_whiteouts_enter_dir (dir->open, error) || !look_inside (self, dir, error))
    return FALSE;
  /* FALSE if a worker has refused, whose error it is then. */
  return ul_checkout_queue_add (check->queue, dir->open, dir->changes->len);
}

gboolean
ul_update_check (UlUpdate *self, GError **error)
{
  /* A directory stays open until all below it is done; half of the descriptors are the queue's. */
  if (self->changes->max_depth > ul_fd_limit () / 2)
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "directories nested %u deep, and too few descriptors for an update",
                     self->changes->max_depth);
  const UlCheckoutQueueOptions options = {
    .jobs = ul_update_jobs (self),
    .batch_max = BATCH_CHANGES,
    .run = check_change,
  };
  g_autoptr (UlCheckoutQueue) queue = ul_checkout_queue_new (&options);
  g_autoptr (UlCheckoutDirmetas) dirmetas = ul_checkout_dirmetas_new (self->plan->repo);
  Check check = { queue, dirmetas };
  const UlUpdateWalk walk = { .enter = enter, .data = &check };
  GError *own = NULL;
  GError *from_workers = NULL;
  (void) ul_update_walk (self, &walk, &own);
  (void) ul_checkout_queue_finish (queue, &from_workers);
  /* What the walk refuses comes after what it has queued. */
  GError *candidates[] = { from_workers, own };
  return ul_checkout_first_error (candidates, G_N_ELEMENTS (candidates), error);
}

/* -- the rest -- */

/* All that the check has looked at: its verdict counts. */
static GHashTable *
list_checked (const UlUpdate *self)
{
  GHashTable *paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < self->changes->dirs->len; i++)
    {
      const UlChangedDir *dir = self->changes->dirs->pdata[i];
      const char *slash = dir->parent != NULL ? "/" : "";
      g_hash_table_add (paths, g_strdup (dir->path));
      for (guint c = 0; c < dir->changes->len; c++)
        {
          const UlChange *change = dir->changes->pdata[c];
          g_hash_table_add (paths, g_strconcat (dir->path, slash, change->name, NULL));
        }
      for (guint r = 0; dir->rests != NULL && r < dir->rests->len; r++)
        g_hash_table_add (paths, g_strconcat (dir->path, slash, dir->rests->pdata[r], NULL));
    }
  return paths;
}

static gboolean
refuse_finding (const UlVerifyFinding *finding, GError **error)
{
  static const char *const what[] = {
    [UL_VERIFY_MODIFIED] = "modified",
    [UL_VERIFY_ADDED] = "added",
    [UL_VERIFY_REMOVED] = "removed",
  };
  if (finding->kind == UL_VERIFY_UNCHECKED)
    return ul_throw (error, UL_ERROR_FAILED, "%s can't be checked: %s", finding->path,
                     finding->message);
  return refuse (finding->path, what[finding->kind], finding->differs, error);
}

gboolean
ul_update_check_rest (UlUpdate *self, const UlChecksum *a, gboolean full, GError **error)
{
  const UlCheckoutOptions *checkout = self->plan->options;
  const UlVerifyOptions options = {
    .ownership = checkout->ownership,
    .dir_mode = checkout->dir_mode,
    .subpath = checkout->subpath,
    .whiteouts = (checkout->whiteouts & UL_CHECKOUT_WHITEOUTS_PASSTHROUGH) != 0
                     ? UL_VERIFY_WHITEOUTS_DEVICES
                     : UL_VERIFY_WHITEOUTS_MARKERS,
    .full = full,
    .jobs = checkout->jobs,
    .progress = checkout->progress,
  };
  g_auto (UlVerifyResult) result = { 0 };
  if (!ul_verify_at (self->plan->repo, a, &options, self->fd, ".", &result, error))
    return FALSE;
  g_autoptr (GHashTable) checked = list_checked (self);
  for (guint i = 0; i < result.findings->len; i++)
    {
      const UlVerifyFinding *finding = result.findings->pdata[i];
      /* What a hardlink's object is can't be told by the quick check. */
      const gboolean is_object = (finding->differs & UL_CHECKOUT_OBJECT) != 0;
      if ((is_object || !g_hash_table_contains (checked, finding->path))
          && !refuse_finding (finding, error))
        return FALSE;
    }
  return TRUE;
}
