// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/quarantine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "repo/lock.h"
#include "repo/mode.h"
#include "util/error.h"
#include "util/fd.h"

#define NOTES "notes"

void
ul_quarantine_clear_state (UlQuarantine *self)
{
  ul_fd_clear (&self->dfd);
  g_clear_pointer (&self->name, g_free);
}

/* Set-id programs lie here, too: not for everybody. */
static gboolean
make_run (UlRepo *repo, char **out_name, GError **error)
{
  const int dfd = ul_repo_dfd (repo);
  if (!ul_fd_make_dirs_at (dfd, UL_QUARANTINE_DIR, 0700, error))
    return FALSE;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *date = g_date_time_format (now, "%Y%m%dT%H%M%SZ");
  for (guint i = 1; i < 1000; i++)
    {
      g_autofree char *name = i == 1 ? g_strdup_printf (UL_QUARANTINE_DIR "/%s", date)
                                     : g_strdup_printf (UL_QUARANTINE_DIR "/%s-%u", date, i);
      if (mkdirat (dfd, name, 0700) == 0)
        {
          *out_name = g_steal_pointer (&name);
          return TRUE;
        }
      if (errno != EEXIST)
        return ul_throw_errno (error, "create %s", name);
    }
  return ul_throw (error, UL_ERROR_EXISTS, "create %s/%s: it exists", UL_QUARANTINE_DIR, date);
}

static gboolean
open_run (UlQuarantine *self, GError **error)
{
  if (self->dfd >= 0)
    return TRUE;
  g_autofree char *name = NULL;
  if (!make_run (self->repo, &name, error))
    return FALSE;
  self->dfd
      = ul_fd_open_beneath (ul_repo_dfd (self->repo), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (self->dfd < 0)
    return ul_throw_errno (error, "open %s", name);
  self->name = g_steal_pointer (&name);
  return TRUE;
}

/* Before the object: what lies there is never without a word. */
static gboolean
write_note (UlQuarantine *self, const char *object, const char *note, GError **error)
{
  g_autofree char *escaped = g_strescape (note, NULL);
  g_autofree char *line = g_strdup_printf ("%s: %s\n", object, escaped);
  ul_autofd int fd
      = openat (self->dfd, NOTES, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return ul_throw_errno (error, "open %s/" NOTES, self->name);
  return ul_fd_write_all (fd, line, strlen (line), NOTES, error);
}

static gboolean
exists (UlRepo *repo, const char *path)
{
  struct stat st;
  return fstatat (ul_repo_objects_dfd (repo), path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static gboolean
put (UlQuarantine *self, UlObjectType type, const UlChecksum *checksum, const char *note,
     gboolean keep, GError **error)
{
  const int objects_dfd = ul_repo_objects_dfd (self->repo);
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (checksum, type, ul_repo_is_compressed (self->repo), path);
  if (!exists (self->repo, path))
    return TRUE;
  g_autofree char *object = ul_object_to_string (checksum, type);
  if (!open_run (self, error) || !write_note (self, object, note, error))
    return ul_prefix (error, "quarantine %s", object);
  if (keep && linkat (objects_dfd, path, self->dfd, object, 0) == 0)
    return TRUE;
  if (keep && (errno == ENOSPC || errno == EDQUOT))
    return ul_throw_errno (error, "quarantine %s: link", object);
  return renameat (objects_dfd, path, self->dfd, object) == 0
         || ul_throw_errno (error, "quarantine %s: rename", object);
}

/* A file and what holds its xattrs belong together. */
static gboolean
put_all (UlQuarantine *self, UlObjectType type, const UlChecksum *checksum, const char *note,
         gboolean keep, GError **error)
{
  if (type == UL_OBJECT_FILE && ul_repo_mode_ops (self->repo)->split_xattrs
      && !put (self, UL_OBJECT_FILE_XATTRS_LINK, checksum, note, keep, error))
    return FALSE;
  return put (self, type, checksum, note, keep, error);
}

gboolean
ul_quarantine_keep (UlQuarantine *self, UlObjectType type, const UlChecksum *checksum,
                    const char *note, GError **error)
{
  return put_all (self, type, checksum, note, TRUE, error);
}

gboolean
ul_quarantine_move (UlQuarantine *self, UlObjectType type, const UlChecksum *checksum,
                    const char *note, GError **error)
{
  return put_all (self, type, checksum, note, FALSE, error);
}

gboolean
ul_quarantine_sync (UlQuarantine *self, GError **error)
{
  if (self->dfd < 0 || !ul_repo_fsync_enabled (self->repo))
    return TRUE;
  return syncfs (self->dfd) == 0 || ul_throw_errno (error, "syncfs %s", self->name);
}

/* Objects in the directory of one run: everything but the notes. */
static gboolean
count_run (int dfd, const char *name, guint64 *io_n, GError **error)
{
  const int fd = openat (dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    return errno == ENOTDIR || ul_throw_errno (error, "open %s", name);
  const struct dirent *entry;
  while ((entry = readdir (dir)) != NULL)
    *io_n += entry->d_name[0] != '.' && !g_str_equal (entry->d_name, NOTES);
  closedir (dir);
  return TRUE;
}

static gboolean
count (int dfd, guint64 *io_n, GError **error)
{
  const int fd = openat (dfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    return ul_throw_errno (error, "list");
  gboolean ok = TRUE;
  const struct dirent *entry;
  while (ok && (entry = readdir (dir)) != NULL)
    if (entry->d_name[0] != '.')
      ok = count_run (dfd, entry->d_name, io_n, error);
  closedir (dir);
  return ok;
}

gboolean
ul_quarantine_clear (UlRepo *repo, guint64 *out_n, GError **error)
{
  ul_autofd int lock_fd = -1;
  if (!ul_repo_lock (repo, UL_LOCK_EXCLUSIVE, &lock_fd, error))
    return FALSE;
  ul_autofd int dfd = ul_fd_open_beneath (ul_repo_dfd (repo), UL_QUARANTINE_DIR,
                                          O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (dfd < 0 && errno == ENOENT)
    {
      *out_n = 0;
      return TRUE;
    }
  if (dfd < 0)
    return ul_throw_errno (error, "open %s", UL_QUARANTINE_DIR);
  guint64 n = 0;
  if (!count (dfd, &n, error)
      || !ul_fd_remove_tree_at (ul_repo_dfd (repo), UL_QUARANTINE_DIR, error))
    return ul_prefix (error, "clear %s", UL_QUARANTINE_DIR);
  *out_n = n;
  return TRUE;
}
