// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-repair-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/whiteout.h"
#include "util/error.h"
#include "util/fd.h"

/* As store-verify-diff.c. */
#define MAX_DEPTH 256

typedef struct
{
  UlStoreRepair *repair;
  const UlStoreLayer *layer;
  const char *object;
  GString *path; /* of the directory that is being looked at, below diff; "" for that */
} Walk;

static char *
path_of (const Walk *walk, const char *name)
{
  return g_strdup_printf ("%s%s%s", walk->path->str, walk->path->len > 0 ? "/" : "", name);
}

static gboolean
begin (const Walk *walk, const char *name, const char *what)
{
  g_autofree char *path = path_of (walk, name);
  g_autofree char *shown = ul_json_shown (path);
  return ul_store_repair_begin (walk->repair, walk->object, "diff/%s: %s", shown, what);
}

static GPtrArray *
list_names (const Walk *walk, int dfd, GError **error)
{
  int fd = -1;
  struct dirent *entry;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  if (!ul_fd_open_dir_at (dfd, ".", FALSE, &fd, error))
    return NULL;
  DIR *dir = fdopendir (fd);
  if (dir == NULL)
    {
      ul_throw_errno (error, "read %s", walk->path->str);
      close (fd);
      return NULL;
    }
  while ((errno = 0, entry = readdir (dir)) != NULL)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
      g_ptr_array_add (names, g_strdup (entry->d_name));
  const gboolean ok = errno == 0 || ul_throw_errno (error, "read %s", walk->path->str);
  closedir (dir);
  return ok ? g_steal_pointer (&names) : NULL;
}

static gboolean
set_opaque (const Walk *walk, int fd, GError **error)
{
  const UlStoreRepair *repair = walk->repair;
  if (repair->sees_trusted && fsetxattr (fd, UL_WHITEOUT_OPAQUE_TRUSTED, "y", 1, 0) != 0)
    return ul_throw_errno (error, "set %s", UL_WHITEOUT_OPAQUE_TRUSTED);
  if ((!repair->sees_trusted || ul_store_repair_both_opaque (repair))
      && fsetxattr (fd, UL_WHITEOUT_OPAQUE_USER, "y", 1, 0) != 0)
    return ul_throw_errno (error, "set %s", UL_WHITEOUT_OPAQUE_USER);
  return TRUE;
}

/* Has layer @id, or what it stands on, something at @path? Where that can't be said, as if. */
static gboolean
has_below (const Walk *walk, const char *id, const char *path)
{
  const UlStore *store = walk->repair->store;
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  while (id != NULL)
    {
      const UlStoreLayer *layer = ul_store_find_layer (store, id);
      g_autofree char *diff = g_strdup_printf ("%s/diff", id);
      ul_autofd int dfd = -1;
      if (layer == NULL || !g_hash_table_add (seen, layer->id)
          || !ul_fd_open_dir_at (store->overlay_dfd, diff, TRUE, &dfd, NULL))
        return TRUE;
      ul_autofd int fd = ul_fd_open_no_symlinks (dfd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
      if (fd >= 0 || (errno != ENOENT && errno != ENOTDIR))
        return TRUE;
      id = layer->parent;
    }
  return FALSE;
}

static gboolean
drop_marker (int dfd, const char *marker, GError **error)
{
  return unlinkat (dfd, marker, 0) == 0 || ul_throw_errno (error, "remove %s", marker);
}

/* @name is there as well: a directory hides what is below it, all else does anyway. */
static gboolean
mend_beside (const Walk *walk, int dfd, const char *marker, const char *name, const struct stat *st,
             GError **error)
{
  ul_autofd int fd = -1;
  if (!S_ISDIR (st->st_mode) || walk->layer->parent == NULL)
    return !begin (walk, marker, "removed, it hid nothing") || drop_marker (dfd, marker, error);
  return !begin (walk, marker, "is now an xattr of the directory")
         || (ul_fd_open_dir_at (dfd, name, FALSE, &fd, error) && set_opaque (walk, fd, error)
             && drop_marker (dfd, marker, error));
}

static gboolean
mend_deleted (const Walk *walk, int dfd, const char *marker, const char *name,
              const struct stat *marker_st, GError **error)
{
  struct stat st;
  g_autofree char *path = path_of (walk, name);
  if (fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
    return mend_beside (walk, dfd, marker, name, &st, error);
  if (errno != ENOENT)
    return ul_throw_errno (error, "stat %s", path);
  if (!has_below (walk, walk->layer->parent, path))
    return !begin (walk, marker, "removed, it hid nothing") || drop_marker (dfd, marker, error);
  if (!begin (walk, marker, "is now a whiteout device"))
    return TRUE;
  /* Killed before the marker goes, and begun again, this is a file beside it. */
  if (mknodat (dfd, name, S_IFCHR, 0) != 0)
    return ul_throw_errno (error, "make whiteout %s", path);
  if (fchownat (dfd, name, marker_st->st_uid, marker_st->st_gid, AT_SYMLINK_NOFOLLOW) != 0)
    return ul_throw_errno (error, "set owner of %s", path);
  return drop_marker (dfd, marker, error);
}

static gboolean
mend_opaque_marker (const Walk *walk, int dfd, const char *marker, GError **error)
{
  if (walk->layer->parent == NULL)
    return !begin (walk, marker, "removed, it hid nothing") || drop_marker (dfd, marker, error);
  return !begin (walk, marker, "is now an xattr of the directory")
         || (set_opaque (walk, dfd, error) && drop_marker (dfd, marker, error));
}

/* A file of a layer that can't be a marker stays: it may be content. */
static gboolean
mend_file (const Walk *walk, int dfd, const char *name, const struct stat *st, GError **error)
{
  const char *deleted;
  switch (ul_store_marker_of (name, st, &deleted))
    {
    case UL_WHITEOUT_NONE:
      return TRUE;
    case UL_WHITEOUT_OPAQUE:
      return mend_opaque_marker (walk, dfd, name, error);
    case UL_WHITEOUT_DELETED:
      return mend_deleted (walk, dfd, name, deleted, st, error);
    }
  g_assert_not_reached ();
}

/* The value of an xattr; *out_len is -1 where it isn't there. */
static gboolean
read_xattr (int fd, const char *xattr, char value[16], ssize_t *out_len, GError **error)
{
  const ssize_t len = fgetxattr (fd, xattr, value, 16);
  if (len < 0 && errno != ENODATA && errno != ENOTSUP)
    return ul_throw_errno (error, "read %s", xattr);
  *out_len = len;
  return TRUE;
}

/* The one xattr as the other is, whatever that says. */
static gboolean
mend_opacity (const Walk *walk, int fd, GError **error)
{
  static const char *const xattrs[] = { UL_WHITEOUT_OPAQUE_TRUSTED, UL_WHITEOUT_OPAQUE_USER };
  const UlStoreRepair *repair = walk->repair;
  char values[2][16];
  ssize_t len[2];
  if (!repair->sees_trusted || !ul_store_repair_both_opaque (repair))
    return TRUE;
  for (gsize i = 0; i < 2; i++)
    if (!read_xattr (fd, xattrs[i], values[i], &len[i], error))
      return FALSE;
  if ((len[0] < 0) == (len[1] < 0))
    return TRUE;
  const gsize from = len[0] < 0 ? 1 : 0;
  if (!begin (walk, "",
              from == 0 ? "opaque to users' containers as well"
                        : "opaque to root's containers as well"))
    return TRUE;
  return fsetxattr (fd, xattrs[1 - from], values[from], (gsize) len[from], 0) == 0
         || ul_throw_errno (error, "set %s", xattrs[1 - from]);
}

static gboolean mend_dir (Walk *walk, int dfd, const char *name, guint depth, GError **error);

static gboolean
mend_name (Walk *walk, int dfd, const char *name, guint depth, GError **error)
{
  struct stat st;
  const gsize len = walk->path->len;
  if (fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return ul_throw_errno (error, "stat %s/%s", walk->path->str, name);
  if (!S_ISDIR (st.st_mode))
    return mend_file (walk, dfd, name, &st, error);
  g_string_append_printf (walk->path, "%s%s", len > 0 ? "/" : "", name);
  const gboolean ok = mend_dir (walk, dfd, name, depth + 1, error);
  g_string_truncate (walk->path, len);
  return ok;
}

static gboolean
mend_names (Walk *walk, int fd, guint depth, GError **error)
{
  g_autoptr (GPtrArray) names = list_names (walk, fd, error);
  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    if (!mend_name (walk, fd, g_ptr_array_index (names, i), depth, error))
      return FALSE;
  return mend_opacity (walk, fd, error);
}

/* The times of a directory are content of the layer. */
static gboolean
mend_dir (Walk *walk, int dfd, const char *name, guint depth, GError **error)
{
  ul_autofd int fd = -1;
  struct stat st;
  const guint done = walk->repair->actions->len;
  if (depth > MAX_DEPTH)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "%s: too deep", walk->path->str);
  if (!ul_fd_open_dir_at (dfd, name, FALSE, &fd, error))
    return FALSE;
  if (fstat (fd, &st) != 0)
    return ul_throw_errno (error, "stat %s", walk->path->str);
  if (!mend_names (walk, fd, depth, error))
    return FALSE;
  const struct timespec times[2] = { st.st_atim, st.st_mtim };
  return ul_store_repair_is_dry (walk->repair) || walk->repair->actions->len == done
         || futimens (fd, times) == 0 || ul_throw_errno (error, "set times of %s", walk->path->str);
}

gboolean
ul_store_repair_diff (UlStoreRepair *self, const UlStoreLayer *layer, GError **error)
{
  struct stat st;
  g_autofree char *object = g_strdup_printf ("layer %s", layer->id);
  g_autofree char *diff = g_strdup_printf ("%s/diff", layer->id);
  g_autoptr (GString) path = g_string_new (NULL);
  Walk walk = { .repair = self, .layer = layer, .object = object, .path = path };
  /* One that is missing or elsewhere isn't ours. */
  if (fstatat (self->store->overlay_dfd, diff, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || ul_throw_errno (error, "stat %s", diff);
  return !S_ISDIR (st.st_mode) || mend_dir (&walk, self->store->overlay_dfd, diff, 0, error)
         || ul_prefix (error, "%s", object);
}
