// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/staging.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/lockfile.h"
#include "util/xattr.h"

#define PREFIX      "staging-"
#define LOCK_SUFFIX "-lock"

/* checkout/cache.c fills these with files for the uncompressed cache. */
#define UNCOMPRESSED_PREFIX "uncompressed-"

/* Far more than anybody needs between making a staging directory and locking it. */
#define MAKING_SECS 60

static gboolean
read_boot_id (char **out_id, GError **error)
{
  /* A file in /proc has size 0 by stat, so it can't be read with a size limit from there. */
  ul_autofd int fd = open ("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  char text[64] = "";
  if (fd < 0 || read (fd, text, sizeof text - 1) < 0)
    return ul_fd_throw_proc (error, "read boot id");
  *out_id = g_strdup (g_strstrip (text));
  return TRUE;
}

void
ul_staging_clear (UlStaging *self)
{
  ul_fd_cleanup (&self->dfd);
  ul_fd_cleanup (&self->lock_fd);
  self->dfd = -1;
  self->lock_fd = -1;
  g_clear_pointer (&self->name, g_free);
}

static gboolean
remove_named (int tmp_dfd, const char *name, GError **error)
{
  g_autofree char *lock = g_strconcat (name, LOCK_SUFFIX, NULL);
  /* The lock file goes last: while the directory is there, so is what guards it. */
  if (!ul_fd_remove_tree_at (tmp_dfd, name, error))
    return FALSE;
  if (unlinkat (tmp_dfd, lock, 0) != 0 && errno != ENOENT)
    return ul_throw_errno (error, "remove %s", lock);
  return TRUE;
}

gboolean
ul_staging_remove (UlRepo *repo, UlStaging *self, GError **error)
{
  const gboolean ok = remove_named (ul_repo_tmp_dfd (repo), self->name, error);
  ul_staging_clear (self);
  return ok;
}

/* OSTree makes the directory, opens it and only then the lock file, and fails if the directory went
 * away in between. */
static gboolean
is_being_made (int tmp_dfd, const char *name, const char *lock)
{
  struct stat st;
  return fstatat (tmp_dfd, lock, &st, AT_SYMLINK_NOFOLLOW) != 0
         && fstatat (tmp_dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0
         && st.st_mtime > g_get_real_time () / G_USEC_PER_SEC - MAKING_SECS;
}

static gboolean
reclaim_directory (int tmp_dfd, const char *name, GError **error)
{
  g_autofree char *lock = g_strconcat (name, LOCK_SUFFIX, NULL);
  if (is_being_made (tmp_dfd, name, lock))
    return TRUE;
  ul_autofd int lock_fd = -1;
  if (!ul_lockfile_acquire_at (tmp_dfd, lock, 0600, UL_LOCK_EXCLUSIVE, NULL, &lock_fd, error))
    return FALSE;
  return lock_fd < 0 || remove_named (tmp_dfd, name, error);
}

/* A lock file whose directory is gone: its owner died between the two removals. */
static gboolean
reclaim_lock (int tmp_dfd, const char *lock, GError **error)
{
  g_autofree char *name = g_strndup (lock, strlen (lock) - strlen (LOCK_SUFFIX));
  struct stat st;
  if (fstatat (tmp_dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
    return TRUE; /* the directory's turn comes, or came */
  return reclaim_directory (tmp_dfd, name, error);
}

/* What a killed process left of a ref or of files for the cache. There's no lock on these, so age
 * decides, as with OSTree. */
static void
reclaim_stray (UlRepo *repo, const char *name)
{
  const int tmp_dfd = ul_repo_tmp_dfd (repo);
  struct stat st;
  if (fstatat (tmp_dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0
      || st.st_mtime > g_get_real_time () / G_USEC_PER_SEC - ul_repo_tmp_expiry_secs (repo))
    return;
  if (!S_ISDIR (st.st_mode) || g_str_has_prefix (name, UNCOMPRESSED_PREFIX))
    (void) ul_fd_remove_tree_at (tmp_dfd, name, NULL);
}

/* Others' leftovers are no reason not to work: what can't be opened, locked or removed stays. */
static void
reclaim_entry (UlRepo *repo, const char *name)
{
  const int tmp_dfd = ul_repo_tmp_dfd (repo);
  struct stat st;
  if (fstatat (tmp_dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return;
  if (!g_str_has_prefix (name, PREFIX))
    reclaim_stray (repo, name);
  else if (S_ISDIR (st.st_mode))
    (void) reclaim_directory (tmp_dfd, name, NULL);
  else if (S_ISREG (st.st_mode) && g_str_has_suffix (name, LOCK_SUFFIX))
    (void) reclaim_lock (tmp_dfd, name, NULL);
}

static gboolean
reclaim (UlRepo *repo, GError **error)
{
  const int fd = openat (ul_repo_tmp_dfd (repo), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    return ul_throw_errno (error, "open tmp");
  struct dirent *entry;
  while ((entry = readdir (dir)) != NULL)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
      reclaim_entry (repo, entry->d_name);
  closedir (dir);
  return TRUE;
}

/* Between opening and locking the lock file another process may have taken it for a dead one's and
 * removed it: then what we hold guards nothing. Once this is TRUE, nobody can. */
static gboolean
is_in_place (int tmp_dfd, const char *lock, int lock_fd)
{
  struct stat there;
  struct stat held;
  return fstatat (tmp_dfd, lock, &there, AT_SYMLINK_NOFOLLOW) == 0 && fstat (lock_fd, &held) == 0
         && there.st_ino == held.st_ino;
}

static gboolean
try_create (int tmp_dfd, const char *boot_id, UlStaging *out, gboolean *out_made, GError **error)
{
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  char random[7] = "";
  for (guint i = 0; i < 6; i++)
    random[i] = letters[g_random_int_range (0, sizeof letters - 1)];
  out->name = g_strdup_printf (PREFIX "%s-%s", boot_id, random);
  *out_made = FALSE;
  /* The lock first: a process killed in between leaves nothing that has to grow old to be taken for
   * dead. */
  g_autofree char *lock = g_strconcat (out->name, LOCK_SUFFIX, NULL);
  if (!ul_lockfile_acquire_at (tmp_dfd, lock, 0600, UL_LOCK_EXCLUSIVE, NULL, &out->lock_fd, error))
    return FALSE;
  if (out->lock_fd < 0 || !is_in_place (tmp_dfd, lock, out->lock_fd))
    return TRUE;
  if (mkdirat (tmp_dfd, out->name, 0775) != 0)
    return errno == EEXIST || ul_throw_errno (error, "create directory tmp/%s", out->name);
  out->dfd = openat (tmp_dfd, out->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (out->dfd < 0)
    return ul_throw_errno (error, "open directory tmp/%s", out->name);
  /* An object has the xattrs of its checksum, and none that it inherits. */
  if (!ul_xattr_drop_fd (out->dfd, UL_XATTR_ACL_DEFAULT, &out->default_acl, error))
    return ul_prefix (error, "create directory tmp/%s", out->name);
  *out_made = TRUE;
  return TRUE;
}

gboolean
ul_staging_create (UlRepo *repo, UlStaging *out, GError **error)
{
  const int tmp_dfd = ul_repo_tmp_dfd (repo);
  g_autofree char *boot_id = NULL;
  if (!reclaim (repo, error) || !read_boot_id (&boot_id, error))
    return FALSE;
  for (guint attempt = 0; attempt < 100; attempt++)
    {
      UlStaging staging = { .dfd = -1, .lock_fd = -1 };
      gboolean made;
      if (!try_create (tmp_dfd, boot_id, &staging, &made, error))
        {
          /* A full file system has room for an empty file, perhaps, and none for a directory. */
          if (staging.lock_fd >= 0)
            (void) remove_named (tmp_dfd, staging.name, NULL);
          ul_staging_clear (&staging);
          return FALSE;
        }
      if (made)
        {
          *out = staging;
          return TRUE;
        }
      ul_staging_clear (&staging);
    }
  return ul_throw (error, UL_ERROR_LOCKED, "create staging directory: others keep removing it");
}
