// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/refs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/refspec.h"
#include "repo/refs-private.h"
#include "util/error.h"
#include "util/fd.h"

#define MAX_REF_SIZE 4096

/* Where the file of a refspec stands, relative to the repository. */
gboolean
ul_refs_path (const char *refspec, char **out_path, GError **error)
{
  g_autofree char *remote = NULL;
  g_autofree char *ref = NULL;
  if (!ul_refspec_parse (refspec, &remote, &ref, error))
    return FALSE;
  *out_path = remote != NULL ? g_build_filename ("refs/remotes", remote, ref, NULL)
                             : g_build_filename ("refs/heads", ref, NULL);
  return TRUE;
}

gboolean
ul_refs_read_path (UlRepo *repo, const char *path, gboolean *out_found, UlChecksum *out,
                   GError **error)
{
  /* An alias is a symlink; it may lead to another ref, but not out of the repository. */
  ul_autofd int fd = ul_fd_open_beneath (ul_repo_dfd (repo), path, O_RDONLY | O_NONBLOCK, 0);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
    {
      *out_found = FALSE;
      return TRUE;
    }
  if (fd < 0 && errno == EXDEV) /* RESOLVE_BENEATH says so */
    return ul_throw (error, UL_ERROR_INVALID, "reading ref %s: it leads out of the repository",
                     path);
  struct stat st;
  if (fd < 0 || fstat (fd, &st) != 0)
    return ul_throw_errno (error, "reading ref %s", path);
  if (S_ISDIR (st.st_mode))
    {
      *out_found = FALSE;
      return TRUE;
    }
  char text[MAX_REF_SIZE];
  const ssize_t n = S_ISREG (st.st_mode) ? read (fd, text, sizeof text - 1) : 0;
  if (n < 0)
    return ul_throw_errno (error, "reading ref %s", path);
  text[n] = '\0';
  if (!ul_checksum_from_hex (g_strstrip (text), out))
    return ul_throw (error, UL_ERROR_CORRUPT, "reading ref %s: it holds no checksum", path);
  *out_found = TRUE;
  return TRUE;
}

gboolean
ul_refs_read (UlRepo *repo, const char *refspec, gboolean *out_found, UlChecksum *out,
              GError **error)
{
  g_autofree char *path = NULL;
  return ul_refs_path (refspec, &path, error)
         && ul_refs_read_path (repo, path, out_found, out, error);
}

gboolean
ul_refs_find (UlRepo *repo, const char *refspec, gboolean *out_found, UlChecksum *out,
              GError **error)
{
  gboolean found = FALSE;
  for (; repo != NULL && !found; repo = ul_repo_parent (repo))
    if (!ul_refs_read (repo, refspec, &found, out, error))
      return FALSE;
  *out_found = found;
  return TRUE;
}

/* The directory of a ref's file, made with its parents if it isn't there; -1 without @make.
 * Symlinks that lead out of the repository are not followed, wherever they come from. */
static gboolean
open_dir (UlRepo *repo, const char *path, gboolean make, gboolean sync, int *out_fd, GError **error)
{
  g_autofree char *dir = g_path_get_dirname (path);
  int fd = ul_fd_open_beneath (ul_repo_dfd (repo), dir, O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0 && errno == ENOENT && make)
    {
      ul_autofd int parent = -1;
      g_autofree char *name = g_path_get_basename (dir);
      if (!open_dir (repo, dir, TRUE, sync, &parent, error))
        return FALSE;
      if (mkdirat (parent, name, 0777) != 0 && errno != EEXIST)
        return ul_throw_errno (error, "create directory %s", dir);
      if (sync && fsync (parent) != 0)
        return ul_throw_errno (error, "fsync directory of %s", dir);
      fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
  if (fd < 0 && (make || (errno != ENOENT && errno != ENOTDIR)))
    return ul_throw_errno (error, "open directory %s", dir);
  *out_fd = fd;
  return TRUE;
}

static gboolean
check_ancestors (UlRepo *repo, const char *path, GError **error)
{
  g_autofree char *dir = g_path_get_dirname (path);
  struct stat st;
  while (!g_str_equal (dir, "."))
    {
      if (fstatat (ul_repo_dfd (repo), dir, &st, 0) == 0 && !S_ISDIR (st.st_mode))
        return ul_throw (error, UL_ERROR_EXISTS, "Conflict: %s is a ref, so %s can't be one", dir,
                         path);
      g_autofree char *child = g_steal_pointer (&dir);
      dir = g_path_get_dirname (child);
    }
  return TRUE;
}

gboolean
ul_refs_check_conflict (UlRepo *repo, const char *path, GError **error)
{
  struct stat st;
  ul_autofd int dir_fd = -1;
  g_autofree char *name = g_path_get_basename (path);
  if (!check_ancestors (repo, path, error) || !open_dir (repo, path, FALSE, FALSE, &dir_fd, error))
    return FALSE;
  if (dir_fd < 0 || fstatat (dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR (st.st_mode))
    return TRUE;
  /* An empty directory, left by removed refs, makes way. */
  if (unlinkat (dir_fd, name, AT_REMOVEDIR) == 0)
    return TRUE;
  return ul_throw (error, UL_ERROR_EXISTS, "Conflict: refs exist under %s", path);
}

/* The repository's mtime tells other processes that refs have changed. */
static void
tell_others (UlRepo *repo)
{
  (void) futimens (ul_repo_dfd (repo), NULL);
}

/* Into the place of @path, or it's removed. @sync: the directories that had to be made. */
static gboolean
name_ref (UlRepo *repo, int tmp_dfd, const char *tmp, const char *path, gboolean sync,
          GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  ul_autofd int dir_fd = -1;
  gboolean ok = ul_refs_check_conflict (repo, path, error)
                && open_dir (repo, path, TRUE, sync, &dir_fd, error);
  if (ok && renameat (tmp_dfd, tmp, dir_fd, name) != 0)
    ok = ul_throw_errno (error, "rename to %s", path);
  if (ok)
    tell_others (repo);
  else
    (void) unlinkat (tmp_dfd, tmp, 0);
  return ok;
}

static gboolean
remove_ref (UlRepo *repo, const char *path, GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  ul_autofd int dir_fd = -1;
  if (!open_dir (repo, path, FALSE, FALSE, &dir_fd, error))
    return FALSE;
  if (dir_fd < 0)
    return TRUE;
  if (unlinkat (dir_fd, name, 0) != 0)
    return errno == ENOENT || ul_throw_errno (error, "removing ref %s", path);
  tell_others (repo);
  return TRUE;
}

static gboolean
sync_dir (UlRepo *repo, const char *path, GError **error)
{
  ul_autofd int dir_fd = -1;
  if (!open_dir (repo, path, FALSE, FALSE, &dir_fd, error))
    return FALSE;
  return dir_fd < 0 || fsync (dir_fd) == 0 || ul_throw_errno (error, "fsync directory of %s", path);
}

static char *
tmp_name (void)
{
  return g_strdup_printf (UL_REFS_TMP_PREFIX "%08x%08x", g_random_int (), g_random_int ());
}

UlRefChange *
ul_ref_change_new (char *path, const UlChecksum *checksum)
{
  UlRefChange *change = g_new0 (UlRefChange, 1);
  change->path = path;
  change->remove = checksum == NULL;
  if (checksum != NULL)
    change->checksum = *checksum;
  return change;
}

void
ul_ref_change_free (UlRefChange *change)
{
  if (change == NULL)
    return;
  g_free (change->path);
  g_free (change->tmp);
  g_free (change);
}

gboolean
ul_ref_change_stage (int tmp_dfd, UlRefChange *change, gboolean sync, GError **error)
{
  char text[UL_CHECKSUM_HEX_LEN + 2];
  if (change->remove)
    return TRUE;
  ul_checksum_to_hex (&change->checksum, text);
  memcpy (text + UL_CHECKSUM_HEX_LEN, "\n", 2);
  /* Not beside the ref: there it would be listed as one. */
  change->tmp = tmp_name ();
  return ul_fd_replace_file_at (tmp_dfd, change->tmp, text, UL_CHECKSUM_HEX_LEN + 1, 0644, sync,
                                error)
         || ul_prefix (error, "writing ref %s", change->path);
}

gboolean
ul_ref_change_publish (UlRepo *repo, int tmp_dfd, const UlRefChange *change, gboolean sync,
                       GError **error)
{
  if (change->remove)
    return remove_ref (repo, change->path, error);
  return name_ref (repo, tmp_dfd, change->tmp, change->path, sync, error)
         || ul_prefix (error, "writing ref %s", change->path);
}

gboolean
ul_ref_changes_sync (UlRepo *repo, GPtrArray *changes, GError **error)
{
  g_autoptr (GHashTable) done = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < changes->len; i++)
    {
      const UlRefChange *change = changes->pdata[i];
      if (g_hash_table_add (done, g_path_get_dirname (change->path))
          && !sync_dir (repo, change->path, error))
        return FALSE;
    }
  return TRUE;
}

/* What is staged in tmp/, if anything has to be. */
static gboolean
publish_alone (UlRepo *repo, const UlRefChange *change, GError **error)
{
  const gboolean sync = ul_repo_fsync_enabled (repo);
  return ul_ref_change_publish (repo, ul_repo_tmp_dfd (repo), change, sync, error)
         && (!sync || sync_dir (repo, change->path, error));
}

/* Takes @path. */
static gboolean
write_path (UlRepo *repo, char *path, const UlChecksum *checksum, GError **error)
{
  g_autoptr (UlRefChange) change = ul_ref_change_new (path, checksum);
  if (!ul_repo_check_writable (repo, error))
    return ul_prefix (error, "writing ref %s", path);
  return ul_ref_change_stage (ul_repo_tmp_dfd (repo), change, ul_repo_fsync_enabled (repo), error)
         && publish_alone (repo, change, error);
}

gboolean
ul_refs_write (UlRepo *repo, const char *refspec, const UlChecksum *checksum, GError **error)
{
  char *path;
  return ul_refs_path (refspec, &path, error) && write_path (repo, path, checksum, error);
}

/* Does @target lead to @alias, by itself or through other aliases? */
static gboolean
check_loop (UlRepo *repo, const char *alias, const char *target, GError **error)
{
  g_autoptr (GPtrArray) aliases = NULL;
  if (!ul_refs_list (repo, NULL, UL_REFS_LIST_ALIASES, &aliases, error))
    return FALSE;
  const char *at = target;
  for (guint step = 0; at != NULL && step <= aliases->len; step++)
    {
      if (g_str_equal (at, alias))
        return ul_throw (error, UL_ERROR_INVALID, "Alias %s of %s would lead to itself", alias,
                         target);
      const char *next = NULL;
      for (guint i = 0; i < aliases->len; i++)
        {
          const UlRef *ref = aliases->pdata[i];
          if (g_str_equal (ref->refspec, at))
            next = ref->target;
        }
      at = next;
    }
  return TRUE;
}

gboolean
ul_refs_write_alias (UlRepo *repo, const char *alias, const char *target, GError **error)
{
  if (!ul_ref_validate (alias, error) || !ul_ref_validate (target, error)
      || !check_loop (repo, alias, target, error))
    return FALSE;
  if (!ul_repo_check_writable (repo, error))
    return ul_prefix (error, "writing alias %s", alias);
  g_autoptr (GString) link = g_string_new (NULL);
  for (const char *p = alias; *p != '\0'; p++)
    if (*p == '/')
      g_string_append (link, "../");
  g_string_append (link, target);

  g_autoptr (UlRefChange) change = g_new0 (UlRefChange, 1);
  change->path = g_build_filename ("refs/heads", alias, NULL);
  change->tmp = tmp_name ();
  if (symlinkat (link->str, ul_repo_tmp_dfd (repo), change->tmp) != 0)
    return ul_throw_errno (error, "writing alias %s: create symlink", alias);
  return publish_alone (repo, change, error);
}

static gboolean
remove_all (UlRepo *repo, const GPtrArray *refspecs, GPtrArray *changes, GError **error)
{
  for (guint i = 0; i < refspecs->len; i++)
    {
      char *path;
      if (!ul_refs_path (refspecs->pdata[i], &path, error))
        return FALSE;
      g_ptr_array_add (changes, ul_ref_change_new (path, NULL));
      if (!remove_ref (repo, path, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ul_refs_remove (UlRepo *repo, const GPtrArray *refspecs, GError **error)
{
  g_autoptr (GPtrArray) changes
      = g_ptr_array_new_with_free_func ((GDestroyNotify) ul_ref_change_free);
  if (!ul_repo_check_writable (repo, error))
    return ul_prefix (error, "removing refs");
  const gboolean removed = remove_all (repo, refspecs, changes, error);
  if (!ul_repo_fsync_enabled (repo))
    return removed;
  return ul_ref_changes_sync (repo, changes, removed ? error : NULL) && removed;
}

gboolean
ul_refs_collection_path (UlRepo *repo, const char *collection_id, const char *ref, char **out_path,
                         GError **error)
{
  if (!ul_collection_id_validate (collection_id, error) || !ul_ref_validate (ref, error))
    return FALSE;
  const gboolean own = g_strcmp0 (collection_id, ul_repo_collection_id (repo)) == 0;
  *out_path = own ? g_build_filename ("refs/heads", ref, NULL)
                  : g_build_filename ("refs/mirrors", collection_id, ref, NULL);
  return TRUE;
}

gboolean
ul_refs_write_collection (UlRepo *repo, const char *collection_id, const char *ref,
                          const UlChecksum *checksum, GError **error)
{
  char *path;
  return ul_refs_collection_path (repo, collection_id, ref, &path, error)
         && write_path (repo, path, checksum, error);
}
