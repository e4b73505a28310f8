// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/whiteouts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "checkout/unite.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/tmpfile.h"
#include "util/xattr.h"

void
ul_checkout_marker_clear (UlCheckoutMarker *marker)
{
  ul_file_meta_clear (&marker->meta);
}

static gboolean
read_form (const UlCheckoutPlan *plan, UlWhiteoutForm form, const char *name,
           const UlChecksum *checksum, UlCheckoutMarker *out_marker, GError **error)
{
  g_auto (UlFileMeta) meta = { 0 };
  guint64 size;
  if (!ul_objects_load_file_meta (plan->repo, checksum, &meta, &size, error))
    return FALSE;
  const gboolean empty_regular = S_ISREG (meta.mode) && size == 0;
  UlCheckoutMarker marker = { .form = form };
  if (!ul_whiteout_decode (form, name, empty_regular, &marker.kind, &marker.deleted, error))
    return FALSE;
  if (marker.kind != UL_WHITEOUT_NONE)
    {
      marker.meta = meta;
      meta = (UlFileMeta){ 0 };
    }
  *out_marker = marker;
  return TRUE;
}

gboolean
ul_checkout_whiteouts_read (const UlCheckoutPlan *plan, const char *name,
                            const UlChecksum *checksum, UlCheckoutMarker *out_marker,
                            GError **error)
{
  const UlCheckoutWhiteouts on = plan->options->whiteouts;
  if ((on & UL_CHECKOUT_WHITEOUTS_PASSTHROUGH) != 0
      && ul_whiteout_may_be_marker (UL_WHITEOUT_COMMIT, name))
    return read_form (plan, UL_WHITEOUT_COMMIT, name, checksum, out_marker, error);
  if ((on & UL_CHECKOUT_WHITEOUTS_LAYER) != 0
      && ul_whiteout_may_be_marker (UL_WHITEOUT_LAYER, name))
    return read_form (plan, UL_WHITEOUT_LAYER, name, checksum, out_marker, error);
  *out_marker = (UlCheckoutMarker){ .kind = UL_WHITEOUT_NONE };
  return TRUE;
}

static gboolean
empty_dir (UlCheckoutDir *dir, GError **error)
{
  const int fd = openat (dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = fd >= 0 ? fdopendir (fd) : NULL;
  if (stream == NULL)
    return ul_throw_errno (error, "open directory");
  gboolean ok = TRUE;
  struct dirent *entry;
  while (ok && (errno = 0, entry = readdir (stream)) != NULL)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
      ok = ul_fd_remove_tree_at (dir->fd, entry->d_name, error);
  if (ok && errno != 0)
    ok = ul_throw_errno (error, "read directory");
  closedir (stream);
  return ok;
}

static gboolean
apply_layer (UlCheckoutDir *dir, const UlCheckoutMarker *marker, GError **error)
{
  if (dir->is_new)
    return TRUE;
  if (marker->kind == UL_WHITEOUT_OPAQUE)
    return empty_dir (dir, error);
  return ul_fd_remove_tree_at (dir->fd, marker->deleted, error);
}

/* What the file means for what is in @dir already is done on return; *out_marker says what it is.
 */
static gboolean
enter (UlCheckoutDir *dir, const char *name, const UlChecksum *checksum,
       UlCheckoutMarker *out_marker, GError **error)
{
  if (ul_checkout_whiteouts_read (dir->plan, name, checksum, out_marker, error)
      && (out_marker->kind == UL_WHITEOUT_NONE || out_marker->form != UL_WHITEOUT_LAYER
          || apply_layer (dir, out_marker, error)))
    return TRUE;
  g_autofree char *path = ul_checkout_dir_child_path (dir, name);
  return ul_prefix (error, "checkout %s", path);
}

gboolean
ul_checkout_whiteouts_enter_file (UlCheckoutDir *dir, const char *name, const UlChecksum *checksum,
                                  GError **error)
{
  g_auto (UlCheckoutMarker) marker = { 0 };
  return enter (dir, name, checksum, &marker, error);
}

gboolean
ul_checkout_whiteouts_enter_dir (UlCheckoutDir *dir, GError **error)
{
  const UlDirtreeView *view = &dir->view;
  if (dir->plan->options->whiteouts == UL_CHECKOUT_WHITEOUTS_KEEP)
    return TRUE;
  for (gsize i = 0; i < view->n_files; i++)
    {
      UlDirtreeFile file;
      g_auto (UlCheckoutMarker) marker = { 0 };
      ul_dirtree_view_file (view, i, &file);
      if (!enter (dir, file.name, &file.checksum, &marker, error))
        return FALSE;
      if (marker.kind != UL_WHITEOUT_NONE && marker.form == UL_WHITEOUT_COMMIT
          && !ul_whiteout_check_collision (view, marker.deleted, dir->path, error))
        return ul_prefix (error, "checkout %s", dir->path);
    }
  return TRUE;
}

/* The new device is opened without following anything, so that its metadata go to it and nothing
 * else. */
static gboolean
apply_meta (const UlCheckoutEntry *entry, int dfd, const char *name, GError **error)
{
  const UlCheckoutPlan *plan = entry->dir->plan;
  const UlFileMeta *meta = entry->whiteout;
  ul_autofd int fd = openat (dfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat st;
  if (fd < 0 || fstat (fd, &st) != 0)
    return ul_throw_errno (error, "open whiteout");
  if (!ul_whiteout_is_device (st.st_mode, st.st_rdev))
    return ul_throw (error, UL_ERROR_EXISTS, "whiteout was replaced by something else");

  if (plan->ownership == UL_OWNERSHIP_STORED)
    {
      if (fchownat (fd, "", meta->uid, meta->gid, AT_EMPTY_PATH) != 0)
        return ul_throw_errno (error, "change owner of whiteout to %u:%u", meta->uid, meta->gid);
      g_autoptr (GVariant) xattrs = NULL;
      if (!ul_checkout_labels_apply (&plan->labels, entry->dir->path, entry->name, S_IFCHR,
                                     meta->xattrs, &xattrs, error)
          || !ul_xattr_write_at (dfd, name, xattrs, error))
        return ul_prefix (error, "whiteout");
    }
  /* mknod obeys the umask, and fchmod takes no O_PATH descriptor. */
  char path[sizeof "/proc/self/fd/-2147483648"];
  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  if (chmod (path, ul_checkout_plan_whiteout_mode (plan, meta->mode)) != 0)
    return ul_fd_throw_proc (error, "change mode of whiteout");
  return TRUE;
}

static gboolean
make_device (gpointer data, int dfd, const char *name, UlCheckoutMake *out_made, GError **error)
{
  const UlCheckoutEntry *entry = data;
  if (mknodat (dfd, name, S_IFCHR, makedev (0, 0)) != 0)
    {
      if (errno != EEXIST)
        return ul_throw_errno (error, "create whiteout device 0:0");
      *out_made = UL_CHECKOUT_MAKE_EXISTS;
      return TRUE;
    }
  *out_made = UL_CHECKOUT_MAKE_DONE;
  if (apply_meta (entry, dfd, name, error))
    return TRUE;
  (void) unlinkat (dfd, name, 0);
  return FALSE;
}

gboolean
ul_checkout_whiteouts_place (const UlCheckoutEntry *entry, GError **error)
{
  UlCheckoutPut put;
  UlCheckoutEntry device = *entry;
  if (!ul_checkout_unite_put (entry, make_device, &device, &put, error))
    return ul_prefix (error, "whiteout of %s", entry->name);
  if (put == UL_CHECKOUT_KEPT)
    ul_checkout_count (entry->dir->plan, kept, 1);
  else
    ul_checkout_count (entry->dir->plan, whiteouts, 1);
  return TRUE;
}

/* The answers of file systems that will never take such a device: EPERM from overlayfs, ENOENT from
 * fuse-overlayfs. Whatever else stands in the way shows when the target is written. */
static gboolean
refuses_devices (int dfd)
{
  char name[UL_TMP_NAME_MAX];
  ul_tmp_name_random (name);
  struct stat before;
  /* A checkout's own directory has this time; of another one somebody may be changing it. */
  const gboolean known = fstat (dfd, &before) == 0 && before.st_mtim.tv_sec == 0;
  if (mknodat (dfd, name, S_IFCHR | 0600, makedev (0, 0)) == 0)
    {
      (void) unlinkat (dfd, name, 0);
      /* As if we hadn't been there. */
      const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, before.st_mtim };
      if (known)
        (void) utimensat (dfd, ".", times, 0);
      return FALSE;
    }
  return errno == EPERM || errno == ENOENT || errno == EOPNOTSUPP || errno == EINVAL;
}

/* A dirtree to search. Trees may be deeper than the stack, so this is a list and no recursion. */
typedef struct
{
  UlChecksum tree;
  char *path;
} ToSearch;

static ToSearch *
to_search_new (const UlChecksum *tree, char *path)
{
  ToSearch *item = g_new (ToSearch, 1);
  *item = (ToSearch){ *tree, path };
  return item;
}

static void
to_search_free (ToSearch *item)
{
  g_free (item->path);
  g_free (item);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToSearch, to_search_free)

static gboolean
is_device_marker (const UlCheckoutPlan *plan, const char *name, const UlChecksum *checksum,
                  gboolean *out, GError **error)
{
  g_auto (UlCheckoutMarker) marker = { 0 };
  if (!ul_checkout_whiteouts_read (plan, name, checksum, &marker, error))
    return FALSE;
  *out = marker.kind != UL_WHITEOUT_NONE && marker.form == UL_WHITEOUT_COMMIT;
  return TRUE;
}

/* *out_path is set if a marker is among the files of the dirtree; else @todo gets its
 * subdirectories. */
static gboolean
search_dirtree (const UlCheckoutPlan *plan, const ToSearch *item, GPtrArray *todo, char **out_path,
                GError **error)
{
  g_autoptr (GVariant) dirtree = NULL;
  if (!ul_objects_load (plan->repo, UL_OBJECT_DIRTREE, &item->tree, &dirtree, error))
    return FALSE;
  g_auto (UlDirtreeView) view;
  ul_dirtree_view_init (&view, dirtree);
  for (gsize i = 0; i < view.n_files; i++)
    {
      UlDirtreeFile file;
      gboolean is_marker;
      ul_dirtree_view_file (&view, i, &file);
      if (!is_device_marker (plan, file.name, &file.checksum, &is_marker, error))
        return FALSE;
      if (is_marker)
        {
          *out_path = g_strconcat (item->path, "/", file.name, NULL);
          return TRUE;
        }
    }
  for (gsize i = view.n_dirs; i > 0; i--)
    {
      UlDirtreeDir dir;
      ul_dirtree_view_dir (&view, i - 1, &dir);
      char *path = g_strconcat (item->path, "/", dir.name, NULL);
      g_ptr_array_add (todo, to_search_new (&dir.tree, path));
    }
  return TRUE;
}

/* *out_path stays NULL if there is none. */
static gboolean
find_marker (const UlCheckoutPlan *plan, const UlChecksum *tree, char **out_path, GError **error)
{
  /* Dirtrees repeat. */
  g_autoptr (GHashTable) seen
      = g_hash_table_new_full (ul_checksum_hash, ul_checksum_equal_func, g_free, NULL);
  g_autoptr (GPtrArray) todo = g_ptr_array_new_with_free_func ((GDestroyNotify) to_search_free);
  g_ptr_array_add (todo, to_search_new (tree, g_strdup ("")));
  while (todo->len > 0 && *out_path == NULL)
    {
      g_autoptr (ToSearch) item = g_ptr_array_steal_index (todo, todo->len - 1);
      if (g_hash_table_add (seen, g_memdup2 (&item->tree, sizeof item->tree))
          && !search_dirtree (plan, item, todo, out_path, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ul_checkout_whiteouts_preflight (const UlCheckoutPlan *plan, int dfd, const char *path,
                                 const UlEntry *root, const char *name, GError **error)
{
  if ((plan->options->whiteouts & UL_CHECKOUT_WHITEOUTS_PASSTHROUGH) == 0 || !refuses_devices (dfd))
    return TRUE;
  g_autofree char *marker = NULL;
  if (root->kind == UL_ENTRY_DIR)
    {
      if (!find_marker (plan, &root->checksum, &marker, error))
        return FALSE;
    }
  else
    {
      gboolean is_marker;
      if (!is_device_marker (plan, name, &root->checksum, &is_marker, error))
        return FALSE;
      if (is_marker)
        marker = g_strconcat ("/", name, NULL);
    }
  if (marker == NULL)
    return TRUE;
  return ul_throw (error, UL_ERROR_UNSUPPORTED,
                   "checkout to %s: the file system there refuses whiteout devices (is it an "
                   "overlay mount?), which %s needs",
                   path, marker);
}
