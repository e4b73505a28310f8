// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-diff-times.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "image/layer-stats.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/tmpfile.h"
#include "util/xattr.h"

typedef struct
{
  char *path;
  struct timespec time;
} Dated;

/* A hardlink in the archive. */
typedef struct
{
  char *path;
  char *target;
  guint entry; /* its number, from 1 */
  struct timespec time;
} Link;

typedef struct
{
  int dfd;
  gboolean all_linked;
  UlMtimes mtimes;
  UlStoreOwners *owners;
  UlMtimesStats *stats;
  GArray *dirs;    /* of Dated: set at the end, as what is in them changes theirs */
  GArray *sources; /* of Dated: files called .py */
  GArray *links;   /* of Link */
  guint entries;   /* so far */
  GTree *last; /* number of the last entry of each name that a link has to do with; 0: before the
                  first link. Not hashed: whoever wrote the layer chose the names */

  int parent_dfd; /* -1: none; of the directory entered last */
  char *parent;
  struct timespec parent_time; /* when it was entered */
} Times;

static void
dated_clear (gpointer data)
{
  g_free (((Dated *) data)->path);
}

static void
link_clear (gpointer data)
{
  Link *link = data;
  g_free (link->path);
  g_free (link->target);
}

static int
compare_paths (gconstpointer a, gconstpointer b, gpointer data G_GNUC_UNUSED)
{
  return strcmp (a, b);
}

static void
set_last (Times *self, const char *path, guint entry)
{
  g_tree_replace (self->last, g_strdup (path), GUINT_TO_POINTER (entry));
}

static guint
last_entry (const Times *self, const char *path)
{
  return GPOINTER_TO_UINT (g_tree_lookup (self->last, path));
}

static void
add_link (Times *self, const char *path, const char *target, const struct timespec *time)
{
  const Link link = {
    .path = g_strdup (path),
    .target = g_strdup (target),
    .entry = self->entries,
    .time = *time,
  };
  g_array_append_val (self->links, link);
  set_last (self, path, self->entries);
  if (!g_tree_lookup_extended (self->last, target, NULL, NULL))
    set_last (self, target, 0);
}

static void
add_dated (GArray *list, const char *path, const UlTarStat *stat)
{
  const Dated dated = {
    .path = g_strdup (path),
    .time = { .tv_sec = (time_t) stat->mtime, .tv_nsec = (long) stat->mtime_nsec },
  };
  g_array_append_val (list, dated);
}

/* What was replaced in a directory has changed its time, and the archive may have no entry for it.
 */
static gboolean
leave (Times *self, GError **error)
{
  const struct timespec times[2] = { self->parent_time, self->parent_time };
  struct stat st;
  if (self->parent_dfd < 0)
    return TRUE;
  const gboolean ok
      = fstat (self->parent_dfd, &st) == 0
        && ((st.st_mtim.tv_sec == times[1].tv_sec && st.st_mtim.tv_nsec == times[1].tv_nsec)
            || futimens (self->parent_dfd, times) == 0);
  if (!ok)
    ul_throw_errno (error, "set time of %s", self->parent);
  ul_fd_clear (&self->parent_dfd);
  return ok;
}

/* The directory that @path is in: entries come by directory, mostly. *out_dfd is -1 if it isn't
 * there. */
static gboolean
enter (Times *self, const char *path, int *out_dfd, const char **out_name, GError **error)
{
  const char *slash = strrchr (path, '/');
  g_autofree char *parent
      = slash != NULL ? g_strndup (path, (gsize) (slash - path)) : g_strdup (".");
  *out_name = slash != NULL ? slash + 1 : path;
  if (self->parent != NULL && g_str_equal (self->parent, parent))
    {
      *out_dfd = self->parent_dfd;
      return TRUE;
    }
  struct stat st;
  if (!leave (self, error))
    return FALSE;
  g_clear_pointer (&self->parent, g_free);
  self->parent_dfd = ul_fd_open_no_symlinks (self->dfd, parent, O_RDONLY | O_DIRECTORY);
  if (self->parent_dfd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
    return ul_throw_errno (error, "open %s", parent);
  if (self->parent_dfd >= 0)
    {
      if (fstat (self->parent_dfd, &st) != 0)
        return ul_throw_errno (error, "stat %s", parent);
      self->parent_time = st.st_mtim;
    }
  self->parent = g_steal_pointer (&parent);
  *out_dfd = self->parent_dfd;
  return TRUE;
}

static gboolean
set_time (int dfd, const char *name, const struct timespec *time, GError **error)
{
  const struct timespec times[2] = { *time, *time };
  return utimensat (dfd, name, times, AT_SYMLINK_NOFOLLOW) == 0
         || ul_throw_errno (error, "set time of %s", name);
}

/* Put @from, complete, in the place of @name. */
static gboolean
put (int dfd, const char *from, const char *name, GError **error)
{
  if (renameat (dfd, from, dfd, name) == 0)
    return TRUE;
  ul_throw_errno (error, "rename to %s", name);
  (void) unlinkat (dfd, from, 0);
  return FALSE;
}

/* The checkout has made it new: no object is that inode. */
static gboolean
set_symlink (Times *self, const char *path, const struct timespec *time, GError **error)
{
  struct stat st;
  const char *name;
  int dfd;
  if (!enter (self, path, &dfd, &name, error))
    return FALSE;
  /* Else a later entry has taken its place. */
  return dfd < 0 || fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISLNK (st.st_mode)
         || set_time (dfd, name, time, error);
}

/* The owner before the mode and the xattrs, of which it takes some away. */
static gboolean
copy_file (Times *self, int from, UlTmpFile *tmp, const struct stat *st, GError **error)
{
  g_autoptr (GVariant) xattrs = NULL;
  const guint64 size = (guint64) st->st_size;
  if (!ul_fd_clone (from, tmp->fd, size))
    {
      if (!ul_fd_copy (from, tmp->fd, size, error))
        return FALSE;
      self->stats->bytes += size;
    }
  if (!ul_xattr_read_fd (from, &xattrs, error))
    return FALSE;
  if (fchown (tmp->fd, st->st_uid, st->st_gid) != 0 || fchmod (tmp->fd, st->st_mode & 07777) != 0)
    return ul_throw_errno (error, "set owner and mode");
  return ul_xattr_write_fd (tmp->fd, xattrs, error);
}

static gboolean
renew_copy (Times *self, int dfd, const char *name, const struct timespec *time, GError **error)
{
  const struct timespec times[2] = { *time, *time };
  g_auto (UlTmpFile) tmp = UL_TMP_FILE_INIT;
  struct stat st;
  ul_autofd int from
      = openat (dfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (from < 0 || fstat (from, &st) != 0)
    return ul_throw_errno (error, "open %s", name);
  if (!ul_tmp_file_open (&tmp, dfd, TRUE, 0600, error) || !copy_file (self, from, &tmp, &st, error))
    return ul_prefix (error, "%s", name);
  if (futimens (tmp.fd, times) != 0)
    return ul_throw_errno (error, "set time of %s", name);
  self->stats->files++;
  return ul_tmp_file_replace (&tmp, name, error);
}

/* Give the file its time, and an inode of its own if others have that one, too. */
static gboolean
renew_file (Times *self, const char *path, const struct timespec *time, GError **error)
{
  struct stat st;
  const char *name;
  int dfd;
  if (!enter (self, path, &dfd, &name, error))
    return FALSE;
  if (dfd < 0 || fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG (st.st_mode)
      || (st.st_mtim.tv_sec == time->tv_sec && st.st_mtim.tv_nsec == time->tv_nsec))
    return TRUE;
  return st.st_nlink == 1 ? set_time (dfd, name, time, error)
                          : renew_copy (self, dfd, name, time, error);
}

/* What was copied is of now: another store of the same image would be another one. */
static gboolean
zero_copy (Times *self, const char *path, GError **error)
{
  static const struct timespec zero = { 0 };
  struct stat st;
  const char *name;
  int dfd;
  if (!enter (self, path, &dfd, &name, error))
    return FALSE;
  if (dfd < 0 || fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG (st.st_mode)
      || st.st_nlink > 1 || st.st_mtim.tv_sec == 0)
    return TRUE;
  return set_time (dfd, name, &zero, error);
}

static gboolean
set_file (Times *self, const char *path, const struct timespec *time, GError **error)
{
  return self->mtimes == UL_MTIMES_KEEP ? renew_file (self, path, time, error)
                                        : zero_copy (self, path, error);
}

static gboolean
is_file (guint8 type)
{
  return type == '0' || type == '\0' || type == '7';
}

static gboolean
see_entry (const char *path, const UlTarStat *stat, const char *target, gpointer data,
           GError **error)
{
  Times *self = data;
  const struct timespec time
      = { .tv_sec = (time_t) stat->mtime, .tv_nsec = (long) stat->mtime_nsec };
  self->entries++;
  ul_store_owners_see (self->owners, stat);
  if (g_tree_lookup_extended (self->last, path, NULL, NULL))
    set_last (self, path, self->entries);
  if (stat->type == '5')
    add_dated (self->dirs, path, stat);
  else if (stat->type == '2')
    return set_symlink (self, path, &time, error);
  else if (stat->type == '1' && target != NULL)
    add_link (self, path, target, &time);
  else if (is_file (stat->type))
    {
      if (self->mtimes == UL_MTIMES_AUTO && g_str_has_suffix (path, ".py"))
        add_dated (self->sources, path, stat);
      return (self->mtimes != UL_MTIMES_KEEP && self->all_linked && stat->size > 0)
             || set_file (self, path, &time, error);
    }
  return TRUE;
}

/* Does the compiled file note this time as that of its source? Source: PEP 552: magic, flags (0: a
 * time), time, size; little-endian. */
static gboolean
notes_time (int dfd, const char *name, const struct timespec *time)
{
  guint8 header[16];
  guint32 flags;
  guint32 noted;
  ul_autofd int fd = openat (dfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  gsize n;
  if (fd < 0 || !ul_fd_read_full (fd, header, sizeof header, name, &n, NULL) || n < sizeof header)
    return FALSE;
  memcpy (&flags, header + 4, sizeof flags);
  memcpy (&noted, header + 8, sizeof noted);
  return flags == 0 && GUINT32_FROM_LE (noted) == (guint32) time->tv_sec;
}

/* "a" of "a.cpython-311.pyc" and "a.cpython-311.opt-1.pyc" -> names, in __pycache__. */
static GHashTable *
list_compiled (int dfd)
{
  GHashTable *compiled
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  const int fd = openat (dfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  for (const struct dirent *entry; dir != NULL && (entry = readdir (dir)) != NULL;)
    {
      const char *name = entry->d_name;
      const char *dot = strchr (name, '.');
      if (dot == NULL || !g_str_has_suffix (name, ".pyc"))
        continue;
      g_autofree char *base = g_strndup (name, (gsize) (dot - name));
      GPtrArray *names = g_hash_table_lookup (compiled, base);
      if (names == NULL)
        {
          names = g_ptr_array_new_with_free_func (g_free);
          g_hash_table_insert (compiled, g_steal_pointer (&base), names);
        }
      g_ptr_array_add (names, g_strdup (name));
    }
  if (dir != NULL)
    closedir (dir);
  return compiled;
}

/* The cache of one directory of sources. */
typedef struct
{
  char *dir;
  int fd;
  GHashTable *compiled;
} Cache;

static void
cache_clear (Cache *cache)
{
  g_free (cache->dir);
  ul_fd_clear (&cache->fd);
  g_clear_pointer (&cache->compiled, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Cache, cache_clear)

static gboolean
is_compiled (const Times *self, Cache *cache, const Dated *source)
{
  g_autofree char *dir = g_path_get_dirname (source->path);
  g_autofree char *name = g_path_get_basename (source->path);
  name[strlen (name) - strlen (".py")] = '\0';
  if (cache->dir == NULL || !g_str_equal (cache->dir, dir))
    {
      g_autofree char *path = g_build_filename (dir, "__pycache__", NULL);
      cache_clear (cache);
      cache->dir = g_steal_pointer (&dir);
      cache->fd = ul_fd_open_no_symlinks (self->dfd, path, O_RDONLY | O_DIRECTORY);
      cache->compiled = cache->fd >= 0 ? list_compiled (cache->fd) : NULL;
    }
  const GPtrArray *names
      = cache->compiled != NULL ? g_hash_table_lookup (cache->compiled, name) : NULL;
  for (guint i = 0; names != NULL && i < names->len; i++)
    if (notes_time (cache->fd, names->pdata[i], &source->time))
      return TRUE;
  return FALSE;
}

static gboolean
renew_sources (Times *self, GError **error)
{
  g_auto (Cache) cache = { .fd = -1 };
  for (guint i = 0; i < self->sources->len; i++)
    {
      const Dated *source = &g_array_index (self->sources, Dated, i);
      if (is_compiled (self, &cache, source)
          && !renew_file (self, source->path, &source->time, error))
        return FALSE;
    }
  return TRUE;
}

/* Names that are one file in the image, and aren't where it got an inode of its own, or where files
 * were copied; of symlinks, which are never one here, the others have no time yet. */
static gboolean
renew_link (Times *self, const char *path, const char *target, GError **error)
{
  char temporary[UL_TMP_NAME_MAX];
  struct stat st;
  struct stat target_st;
  const char *name;
  const char *target_name;
  int dfd;
  if (!enter (self, target, &dfd, &target_name, error))
    return FALSE;
  ul_autofd int from = dfd >= 0 ? openat (dfd, target_name, O_PATH | O_NOFOLLOW | O_CLOEXEC) : -1;
  if (!enter (self, path, &dfd, &name, error))
    return FALSE;
  if (from < 0 || dfd < 0 || fstat (from, &target_st) != 0
      || fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0
      || (!S_ISREG (st.st_mode) && !S_ISLNK (st.st_mode))
      || (st.st_mode & S_IFMT) != (target_st.st_mode & S_IFMT) || st.st_size != target_st.st_size
      || (st.st_dev == target_st.st_dev && st.st_ino == target_st.st_ino))
    return TRUE;
  ul_tmp_name_random (temporary);
  if (linkat (from, "", dfd, temporary, AT_EMPTY_PATH) != 0)
    return errno == EMLINK || ul_throw_errno (error, "link %s", path);
  return put (dfd, temporary, name, error);
}

static gboolean
renew_links (Times *self, GError **error)
{
  for (guint i = 0; i < self->links->len; i++)
    {
      const Link *link = &g_array_index (self->links, Link, i);
      /* A later entry may have taken the place of one of them: of its target, and what is left of
       * the file are its other names. */
      if (last_entry (self, link->path) != link->entry)
        continue;
      if (last_entry (self, link->target) < link->entry
              ? !renew_link (self, link->path, link->target, error)
              : !set_symlink (self, link->path, &link->time, error)
                    || !set_file (self, link->path, &link->time, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
set_dirs (Times *self, GError **error)
{
  for (guint i = 0; i < self->dirs->len; i++)
    {
      const Dated *dir = &g_array_index (self->dirs, Dated, i);
      const struct timespec times[2] = { dir->time, dir->time };
      ul_autofd int fd = ul_fd_open_no_symlinks (self->dfd, *dir->path != '\0' ? dir->path : ".",
                                                 O_RDONLY | O_DIRECTORY);
      if (fd < 0)
        continue; /* it's no directory in the end */
      if (futimens (fd, times) != 0)
        return ul_throw_errno (error, "set time of %s", dir->path);
    }
  return TRUE;
}

static gboolean
set_all (Times *self, int tar_split, GError **error)
{
  const UlLayerStatsSink sink = { .entry = see_entry, .data = self };
  return ul_layer_stats_read (tar_split, &sink, error) && renew_sources (self, error)
         && renew_links (self, error) && leave (self, error) && set_dirs (self, error);
}

gboolean
ul_store_diff_set_times (int dfd, gboolean all_linked, int tar_split, UlMtimes mtimes,
                         UlStoreOwners *owners, UlMtimesStats *io_stats, GError **error)
{
  Times self = {
    .dfd = dfd,
    .all_linked = all_linked,
    .mtimes = mtimes,
    .owners = owners,
    .stats = io_stats,
    .dirs = g_array_new (FALSE, FALSE, sizeof (Dated)),
    .sources = g_array_new (FALSE, FALSE, sizeof (Dated)),
    .links = g_array_new (FALSE, FALSE, sizeof (Link)),
    .last = g_tree_new_full (compare_paths, NULL, g_free, NULL),
    .parent_dfd = -1,
  };
  g_array_set_clear_func (self.dirs, dated_clear);
  g_array_set_clear_func (self.sources, dated_clear);
  g_array_set_clear_func (self.links, link_clear);
  const gboolean ok = set_all (&self, tar_split, error);
  g_array_unref (self.dirs);
  g_array_unref (self.sources);
  g_array_unref (self.links);
  g_tree_unref (self.last);
  ul_fd_clear (&self.parent_dfd);
  g_free (self.parent);
  return ok;
}
