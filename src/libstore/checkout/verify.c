// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "checkout/compare.h"
#include "checkout/dirmetas.h"
#include "checkout/plan.h"
#include "checkout/queue.h"
#include "checkout/root.h"
#include "checkout/whiteouts.h"
#include "util/error.h"
#include "util/fd.h"

#define BATCH_FILES 64

/* A directory whose subdirectories from @next on are still to come. */
typedef struct
{
  UlCheckoutDir *dir;
  gsize next;
} Frame;

/* What the whiteouts of the commit are in the directory. Until the first one has decided, there is
 * none that could be the one or the other. */
typedef enum
{
  FORM_MARKERS,
  FORM_DEVICES,
  N_FORMS,
} Form;

typedef struct
{
  UlRepo *repo;
  UlCheckoutCompare how;
  UlCheckoutOptions options[N_FORMS];
  UlCheckoutPlan plans[N_FORMS];
  Form form;
  gboolean form_is_known;
  UlCheckoutQueue *queue;
  UlCheckoutDirmetas *dirmetas;
  GArray *frames; /* of Frame, a stack */
  GMutex lock;    /* of findings */
  UlVerifyResult result;
} Verify;

static void
finding_free (gpointer data)
{
  UlVerifyFinding *finding = data;
  g_free (finding->path);
  g_free (finding->message);
  g_free (finding);
}

void
ul_verify_result_clear (UlVerifyResult *result)
{
  g_clear_pointer (&result->findings, g_ptr_array_unref);
}

static void
frame_clear (Frame *frame)
{
  ul_checkout_dir_unref (frame->dir);
}

/* Takes @path and @message. */
static void
note (Verify *self, UlVerifyKind kind, char *path, UlCheckoutAspects differs, char *message)
{
  UlVerifyFinding *finding = g_new (UlVerifyFinding, 1);
  *finding = (UlVerifyFinding){ kind, path, differs, message };
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->result.findings, finding);
  g_mutex_unlock (&self->lock);
}

static void
note_unchecked (Verify *self, const char *path, const GError *why)
{
  note (self, UL_VERIFY_UNCHECKED, g_strdup (path), 0, g_strdup (why->message));
}

/* -- files -- */

/* The entry that a file of the commit is in the directory; @marker keeps what it borrows. */
static gboolean
to_entry (UlCheckoutDir *dir, const UlDirtreeFile *file, UlCheckoutMarker *marker,
          UlCheckoutEntry *out_entry, GError **error)
{
  if (!ul_checkout_whiteouts_read (dir->plan, file->name, &file->checksum, marker, error))
    return FALSE;
  const gboolean is_device = marker->kind != UL_WHITEOUT_NONE;
  *out_entry = (UlCheckoutEntry){
    .dir = dir,
    .name = is_device ? marker->deleted : file->name,
    .checksum = &file->checksum,
    .whiteout = is_device ? &marker->meta : NULL,
  };
  return TRUE;
}

static gboolean
is_there (const UlCheckoutDir *dir, const char *name, struct stat *st)
{
  return fstatat (dir->fd, name, st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
check_file (Verify *self, UlCheckoutDir *dir, const UlDirtreeFile *file, UlHasher *hasher)
{
  g_auto (UlCheckoutMarker) marker = { 0 };
  g_autoptr (GError) why = NULL;
  UlCheckoutEntry entry = { .dir = dir, .name = file->name };
  UlCheckoutAspects differs = UL_CHECKOUT_SAME;
  struct stat st;
  gboolean ok = to_entry (dir, file, &marker, &entry, &why);
  gboolean found = ok && is_there (dir, entry.name, &st);
  if (ok && found)
    ok = ul_checkout_compare_file (&entry, &st, self->how, hasher, &differs, &why);
  else if (ok && errno != ENOENT)
    ok = ul_throw_errno (&why, "stat");
  /* It may have gone meanwhile. */
  if (!ok && found && !is_there (dir, entry.name, &st) && errno == ENOENT)
    found = FALSE, ok = TRUE;
  if (ok && found && differs == UL_CHECKOUT_SAME)
    return;

  g_autofree char *path = ul_checkout_dir_child_path (dir, entry.name);
  if (!ok)
    note_unchecked (self, path, why);
  else if (!found)
    note (self, UL_VERIFY_REMOVED, g_steal_pointer (&path), 0, NULL);
  else
    note (self, UL_VERIFY_MODIFIED, g_steal_pointer (&path), differs, NULL);
}

/* Run by workers. */
static gboolean
run_check (UlCheckoutDir *dir, gsize index, UlHasher *hasher, gpointer data, GError **error)
{
  UlDirtreeFile file;
  ul_dirtree_view_file (&dir->view, index, &file);
  check_file (data, dir, &file, hasher);
  return TRUE;
}

/* -- whiteouts -- */

/* Is the file a marker, and if so, does it stand there as such, or as a device? */
static void
detect_form (Verify *self, UlCheckoutDir *dir, const UlDirtreeFile *file)
{
  if (self->form_is_known || !ul_whiteout_may_be_marker (UL_WHITEOUT_COMMIT, file->name))
    return;
  g_auto (UlCheckoutMarker) marker = { 0 };
  struct stat st;
  if (!ul_checkout_whiteouts_read (&self->plans[FORM_DEVICES], file->name, &file->checksum, &marker,
                                   NULL)
      || marker.kind == UL_WHITEOUT_NONE)
    return;
  if (is_there (dir, file->name, &st))
    self->form_is_known = TRUE;
  else if (is_there (dir, marker.deleted, &st) && ul_whiteout_is_device (st.st_mode, st.st_rdev))
    {
      self->form = FORM_DEVICES;
      self->form_is_known = TRUE;
    }
  dir->plan = &self->plans[self->form];
}

/* Does the commit have something at this name of the directory? */
static gboolean
is_expected (const UlCheckoutDir *dir, const char *name)
{
  UlDirtreeFile file;
  UlDirtreeDir subdir;
  g_auto (UlCheckoutMarker) marker = { 0 };
  if (ul_dirtree_view_find_dir (&dir->view, name, &subdir))
    return TRUE;
  /* A marker that can't be read is the workers' to report. */
  if (ul_dirtree_view_find_file (&dir->view, name, &file))
    return !ul_checkout_whiteouts_read (dir->plan, name, &file.checksum, &marker, NULL)
           || marker.kind == UL_WHITEOUT_NONE;
  if ((dir->plan->options->whiteouts & UL_CHECKOUT_WHITEOUTS_PASSTHROUGH) == 0)
    return FALSE;
  g_autofree char *of_name = NULL;
  return ul_whiteout_encode (UL_WHITEOUT_COMMIT, name, &of_name, NULL)
         && ul_dirtree_view_find_file (&dir->view, of_name, &file)
         && ul_checkout_whiteouts_read (dir->plan, of_name, &file.checksum, &marker, NULL)
         && marker.kind != UL_WHITEOUT_NONE;
}

/* -- directories -- */

static gboolean
find_added (Verify *self, const UlCheckoutDir *dir, GError **error)
{
  const int fd = openat (dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = fd >= 0 ? fdopendir (fd) : NULL;
  if (stream == NULL)
    return ul_throw_errno (error, "open directory");
  struct dirent *found;
  while ((errno = 0, found = readdir (stream)) != NULL)
    if (!g_str_equal (found->d_name, ".") && !g_str_equal (found->d_name, "..")
        && !is_expected (dir, found->d_name))
      note (self, UL_VERIFY_ADDED, ul_checkout_dir_child_path (dir, found->d_name), 0, NULL);
  const int code = errno;
  closedir (stream);
  errno = code;
  return code == 0 || ul_throw_errno (error, "read directory");
}

static gboolean
compare_dir (Verify *self, const UlCheckoutDir *dir, GVariant *meta, GError **error)
{
  UlCheckoutAspects differs;
  if (!ul_checkout_compare_dir (dir->plan, dir->fd, meta, &differs, error))
    return FALSE;
  /* A user's opaque directory has its xattr only beside devices. */
  UlCheckoutAspects differs_otherwise;
  if (differs != UL_CHECKOUT_SAME && !self->form_is_known)
    {
      if (!ul_checkout_compare_dir (&self->plans[FORM_DEVICES], dir->fd, meta, &differs_otherwise,
                                    error))
        return FALSE;
      differs &= differs_otherwise;
    }
  if (differs != UL_CHECKOUT_SAME)
    note (self, UL_VERIFY_MODIFIED, g_strdup (dir->path), differs, NULL);
  return TRUE;
}

/* The directory is there: look at itself, for what shouldn't be in it, and queue its files. Takes
 * @fd. */
static gboolean
enter (Verify *self, int fd, const char *path, const UlChecksum *tree, const UlChecksum *meta,
       GError **error)
{
  g_autoptr (UlCheckoutDir) dir = NULL;
  ul_autofd int owned_fd = fd;
  g_autoptr (GVariant) dirmeta = NULL;
  g_autoptr (GVariant) dirtree = NULL;
  if (!ul_checkout_dirmetas_load (self->dirmetas, meta, &dirmeta, error)
      || !ul_objects_load (self->repo, UL_OBJECT_DIRTREE, tree, &dirtree, error))
    return FALSE;
  dir = ul_checkout_dir_new (&self->plans[self->form], NULL, ul_fd_steal (&owned_fd),
                             g_strdup (path), NULL, dirtree, 0);
  for (gsize i = 0; i < dir->view.n_files && !self->form_is_known; i++)
    {
      UlDirtreeFile file;
      ul_dirtree_view_file (&dir->view, i, &file);
      detect_form (self, dir, &file);
    }
  if (!compare_dir (self, dir, dirmeta, error) || !find_added (self, dir, error))
    return FALSE;
  self->result.directories++;
  self->result.files += dir->view.n_files;
  (void) ul_checkout_queue_add (self->queue, dir, dir->view.n_files);
  if (dir->view.n_dirs > 0)
    {
      const Frame frame = { .dir = g_steal_pointer (&dir) };
      g_array_append_val (self->frames, frame);
    }
  return TRUE;
}

/* The next subdirectory of the innermost frame, which goes before its last one is entered: so its
 * descriptor need not stay open. */
static void
step (Verify *self)
{
  Frame *frame = &g_array_index (self->frames, Frame, self->frames->len - 1);
  UlDirtreeDir subdir;
  ul_dirtree_view_dir (&frame->dir->view, frame->next++, &subdir);
  g_autofree char *path = ul_checkout_dir_child_path (frame->dir, subdir.name);
  const int fd = openat (frame->dir->fd, subdir.name,
                         O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  const int code = errno;
  if (frame->next == frame->dir->view.n_dirs)
    g_array_set_size (self->frames, self->frames->len - 1);

  g_autoptr (GError) why = NULL;
  errno = code;
  if (fd >= 0)
    (void) enter (self, fd, path, &subdir.tree, &subdir.meta, &why);
  else if (code == ENOENT)
    note (self, UL_VERIFY_REMOVED, g_strdup (path), 0, NULL);
  else if (code == ENOTDIR || code == ELOOP)
    note (self, UL_VERIFY_MODIFIED, g_strdup (path), UL_CHECKOUT_TYPE, NULL);
  else
    (void) ul_throw_errno (&why, "open directory");
  if (why != NULL)
    note_unchecked (self, path, why);
}

/* -- the whole -- */

static gboolean
init (Verify *self, UlRepo *repo, const UlVerifyOptions *options, GError **error)
{
  static const UlCheckoutWhiteouts whiteouts[N_FORMS]
      = { UL_CHECKOUT_WHITEOUTS_KEEP, UL_CHECKOUT_WHITEOUTS_PASSTHROUGH };
  for (int i = 0; i < N_FORMS; i++)
    {
      self->options[i] = (UlCheckoutOptions){
        .ownership = options->ownership,
        .dir_mode = options->dir_mode,
        .whiteouts = whiteouts[i],
        .cache = UL_CHECKOUT_CACHE_DISABLED,
      };
      if (!ul_checkout_plan_init (&self->plans[i], repo, &self->options[i], error))
        return FALSE;
    }
  const UlCheckoutQueueOptions queue_options = {
    .jobs = options->jobs,
    .batch_max = BATCH_FILES,
    .progress = options->progress,
    .run = run_check,
    .data = self,
  };
  self->repo = repo;
  self->how = options->full ? UL_CHECKOUT_COMPARE_LINKS : 0;
  self->form = options->whiteouts == UL_VERIFY_WHITEOUTS_DEVICES ? FORM_DEVICES : FORM_MARKERS;
  self->form_is_known = options->whiteouts != UL_VERIFY_WHITEOUTS_DETECT;
  self->queue = ul_checkout_queue_new (&queue_options);
  self->dirmetas = ul_checkout_dirmetas_new (repo);
  self->frames = g_array_new (FALSE, FALSE, sizeof (Frame));
  g_array_set_clear_func (self->frames, (GDestroyNotify) frame_clear);
  self->result.findings = g_ptr_array_new_with_free_func (finding_free);
  g_mutex_init (&self->lock);
  return TRUE;
}

static void
clear (Verify *self)
{
  for (int i = 0; i < N_FORMS; i++)
    ul_checkout_plan_clear (&self->plans[i]);
  g_clear_pointer (&self->queue, ul_checkout_queue_free);
  g_clear_pointer (&self->frames, g_array_unref);
  g_clear_pointer (&self->dirmetas, ul_checkout_dirmetas_free);
  ul_verify_result_clear (&self->result);
  g_mutex_clear (&self->lock);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Verify, clear)

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return ul_checkout_path_compare ((*(const UlVerifyFinding *const *) a)->path,
                                   (*(const UlVerifyFinding *const *) b)->path);
}

static void
check_root (Verify *self, const UlEntry *root, const char *subpath, int fd)
{
  g_autoptr (GError) why = NULL;
  if (root->kind == UL_ENTRY_DIR)
    {
      if (!enter (self, fd, "/", &root->checksum, &root->meta, &why))
        note_unchecked (self, "/", why);
      while (self->frames->len > 0)
        step (self);
      return;
    }
  /* The directory isn't the commit's, so nothing is said of what else is in it. */
  g_autofree char *name = g_path_get_basename (subpath);
  const UlDirtreeFile file = { .name = name, .checksum = root->checksum };
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  g_autoptr (UlCheckoutDir) dir
      = ul_checkout_dir_new (&self->plans[self->form], NULL, fd, g_strdup ("/"), NULL, NULL, 0);
  detect_form (self, dir, &file);
  self->result.files = 1;
  check_file (self, dir, &file, hasher);
}

gboolean
ul_verify_at (UlRepo *repo, const UlChecksum *commit, const UlVerifyOptions *options, int dfd,
              const char *path, UlVerifyResult *out_result, GError **error)
{
  const UlVerifyOptions defaults = { 0 };
  if (options == NULL)
    options = &defaults;
  g_auto (Verify) self = { 0 };
  UlEntry root;
  gboolean found;
  ul_autofd int fd = -1;
  if (!ul_checkout_root_find (repo, commit, options->subpath, FALSE, &found, &root, error)
      || !ul_fd_open_dir_at (dfd, path, TRUE, &fd, error) || !init (&self, repo, options, error))
    return FALSE;
  check_root (&self, &root, options->subpath, ul_fd_steal (&fd));
  (void) ul_checkout_queue_finish (self.queue, NULL);
  g_ptr_array_sort (self.result.findings, compare_paths);
  *out_result = self.result;
  self.result.findings = NULL;
  return TRUE;
}
