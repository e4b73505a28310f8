// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/tmpfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"

#define ATTEMPTS 100

#define NAME_PREFIX ".underlay-"

void
ul_tmp_name_random (char out[UL_TMP_NAME_MAX])
{
  snprintf (out, UL_TMP_NAME_MAX, NAME_PREFIX "%08x%08x", g_random_int (), g_random_int ());
}

gboolean
ul_tmp_name_matches (const char *name)
{
  return strlen (name) == UL_TMP_NAME_MAX - 1 && g_str_has_prefix (name, NAME_PREFIX)
         && strspn (name + strlen (NAME_PREFIX), "0123456789abcdef") == 16;
}

/* Who uses one has it locked. One of a process that was killed isn't. */
static void
remove_abandoned (int dfd, const char *name)
{
  ul_autofd int dir = ul_fd_open_no_symlinks (dfd, name, O_RDONLY | O_DIRECTORY);
  if (dir >= 0 && flock (dir, LOCK_EX | LOCK_NB) == 0)
    (void) ul_fd_remove_tree_at (dfd, name, NULL);
}

static void
remove_all_abandoned (int dfd)
{
  const int own = openat (dfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = own >= 0 ? fdopendir (own) : NULL;
  if (dir == NULL)
    {
      if (own >= 0)
        close (own);
      return;
    }
  const struct dirent *entry;
  while ((entry = readdir (dir)) != NULL)
    if (ul_tmp_name_matches (entry->d_name))
      remove_abandoned (dfd, entry->d_name);
  closedir (dir);
}

/* Locked, and there: somebody may have taken it for abandoned before it was locked. */
static gboolean
make_locked (int dfd, char name[UL_TMP_NAME_MAX], int *out, GError **error)
{
  struct stat st;
  for (guint i = 0; i < ATTEMPTS; i++)
    {
      ul_autofd int dir = -1;
      ul_tmp_name_random (name);
      if (mkdirat (dfd, name, 0700) != 0)
        return ul_throw_errno (error, "make a temporary directory");
      dir = ul_fd_open_no_symlinks (dfd, name, O_RDONLY | O_DIRECTORY);
      if (dir < 0 && errno != ENOENT)
        {
          ul_throw_errno (error, "open a temporary directory");
          (void) unlinkat (dfd, name, AT_REMOVEDIR);
          return FALSE;
        }
      if (dir < 0 || flock (dir, LOCK_EX | LOCK_NB) != 0 || fstat (dir, &st) != 0
          || st.st_nlink == 0)
        continue;
      *out = ul_fd_steal (&dir);
      return TRUE;
    }
  return ul_throw (error, UL_ERROR_FAILED, "make a temporary directory: it doesn't stay");
}

/* What is within may be locked by others for their own ends. */
static gboolean
open_within (UlTmpDir *dir, GError **error)
{
  if (mkdirat (dir->locked, "in", 0700) != 0)
    return ul_throw_errno (error, "make a temporary directory");
  return ul_fd_open_dir_at (dir->locked, "in", FALSE, &dir->fd, error);
}

gboolean
ul_tmp_dir_open (UlTmpDir *dir, int dfd, GError **error)
{
  ul_interrupt_hold ();
  remove_all_abandoned (dfd);
  dir->dfd = dfd;
  if (!make_locked (dfd, dir->name, &dir->locked, error))
    {
      ul_interrupt_release ();
      return FALSE;
    }
  if (open_within (dir, error))
    return TRUE;
  ul_tmp_dir_clear (dir);
  return FALSE;
}

gboolean
ul_tmp_dir_remove (UlTmpDir *dir, GError **error)
{
  if (dir->locked < 0)
    return TRUE;
  const gboolean ok = ul_fd_remove_tree_at (dir->dfd, dir->name, error);
  ul_fd_clear (&dir->fd);
  ul_fd_clear (&dir->locked);
  ul_interrupt_release ();
  return ok;
}

void
ul_tmp_dir_clear (UlTmpDir *dir)
{
  (void) ul_tmp_dir_remove (dir, NULL);
}

gboolean
ul_tmp_file_open (UlTmpFile *tmp, int dfd, gboolean allow_unnamed, mode_t mode, GError **error)
{
  tmp->dfd = dfd;
  if (allow_unnamed)
    {
      tmp->fd = openat (dfd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, mode);
      if (tmp->fd >= 0)
        return TRUE;
      if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
        return ul_throw_errno (error, "create temporary file");
    }
  for (int i = 0; i < ATTEMPTS; i++)
    {
      char name[UL_TMP_NAME_MAX];
      ul_tmp_name_random (name);
      tmp->fd = openat (dfd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
      if (tmp->fd >= 0)
        {
          tmp->name = g_strdup (name);
          return TRUE;
        }
      if (errno != EEXIST)
        break;
    }
  return ul_throw_errno (error, "create temporary file");
}

void
ul_tmp_file_clear (UlTmpFile *tmp)
{
  if (tmp->name != NULL)
    (void) unlinkat (tmp->dfd, tmp->name, 0);
  g_clear_pointer (&tmp->name, g_free);
  if (tmp->fd >= 0)
    close (tmp->fd);
  tmp->fd = -1;
}

gboolean
ul_tmp_file_link (UlTmpFile *tmp, int dfd, const char *name, gboolean *out_exists, GError **error)
{
  int result;
  if (tmp->name != NULL)
    {
      result = renameat2 (tmp->dfd, tmp->name, dfd, name, RENAME_NOREPLACE);
      if (result == 0)
        g_clear_pointer (&tmp->name, g_free);
    }
  else
    {
      result = ul_fd_link (tmp->fd, dfd, name);
      if (result != 0 && errno == ENOENT)
        return ul_fd_throw_proc (error, "name file");
    }
  if (result != 0 && errno != EEXIST)
    return ul_throw_errno (error, "name file");
  *out_exists = result != 0;
  return TRUE;
}

gboolean
ul_tmp_file_replace (UlTmpFile *tmp, const char *name, GError **error)
{
  /* There is no linkat () that replaces: a temporary name for an instant. */
  for (int i = 0; tmp->name == NULL && i < ATTEMPTS; i++)
    {
      char temporary[UL_TMP_NAME_MAX];
      gboolean exists;
      ul_tmp_name_random (temporary);
      if (!ul_tmp_file_link (tmp, tmp->dfd, temporary, &exists, error))
        return FALSE;
      if (!exists)
        tmp->name = g_strdup (temporary);
    }
  if (tmp->name == NULL || renameat (tmp->dfd, tmp->name, tmp->dfd, name) != 0)
    return ul_throw_errno (error, "name file");
  g_clear_pointer (&tmp->name, g_free);
  return TRUE;
}
