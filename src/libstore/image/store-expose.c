// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-expose.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

#include "image/store-describe.h"
#include "image/store-private.h"
#include "overlay/idmap-mount.h"
#include "util/error.h"
#include "util/fd.h"

void
ul_store_exposure_free (UlStoreExposure *exposure)
{
  g_clear_pointer (&exposure->user, ul_user_free);
  g_clear_pointer (&exposure->map, ul_id_map_free);
  g_clear_pointer (&exposure->hidden_uids, g_array_unref);
  g_clear_pointer (&exposure->hidden_gids, g_array_unref);
  ul_fd_clear (&exposure->store_dfd);
  ul_fd_clear (&exposure->dfd);
  g_free (exposure->directory);
  g_free (exposure->store);
  g_free (exposure);
}

/* What root does at the next start must not depend on links that others may have put there. */
static int
open_directory (const char *path, GError **error)
{
  ul_autofd int root = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  const int fd = root < 0 ? -1
                          : ul_fd_open_no_symlinks (root, path[1] != '\0' ? path + 1 : ".",
                                                    O_RDONLY | O_DIRECTORY);
  if (fd < 0 && errno == ELOOP)
    ul_throw (error, UL_ERROR_INVALID, "%s: a symlink is on the way there, give the path without",
              path);
  else if (fd < 0)
    ul_throw_errno (error, "%s", path);
  return fd;
}

static gboolean
check_empty (int dfd, const char *path, GError **error)
{
  gboolean empty = TRUE;
  const int fd = openat (dfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    return ul_throw_errno (error, "read directory %s", path);
  for (const struct dirent *entry; empty && (entry = readdir (dir)) != NULL;)
    empty = strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0;
  closedir (dir);
  return empty || ul_throw (error, UL_ERROR_EXISTS, "%s: the directory isn't empty", path);
}

/* With the user's groups, too: only root can, and others mount nothing. */
static int
stat_as (const UlUser *user, const char *path)
{
  struct stat st;
  gid_t groups[NGROUPS_MAX];
  const int n = getgroups (NGROUPS_MAX, groups);
  const gboolean changed = n >= 0 && initgroups (user->name, user->gid) == 0;
  const int gid = setfsgid (user->gid);
  const int uid = setfsuid (user->uid);
  const int code = stat (path, &st) == 0 ? 0 : errno;
  (void) setfsuid ((uid_t) uid);
  (void) setfsgid ((gid_t) gid);
  /* Going on with a user's groups would be wrong, and can't come to pass. */
  const gboolean restored = !changed || setgroups ((gsize) n, groups) == 0;
  g_assert (restored);
  return code;
}

/* The mode of the directory itself doesn't matter, as the store's lies upon it. */
static gboolean
check_reachable (const UlUser *user, const char *path, GError **error)
{
  errno = stat_as (user, path);
  return errno == 0 || ul_throw_errno (error, "%s: user %s can't get there", path, user->name);
}

/* Is it the store, as this user should see it? */
static gboolean
is_same (const UlStoreExposure *exposure)
{
  struct stat store;
  struct stat there;
  return fstat (exposure->store_dfd, &store) == 0 && fstat (exposure->dfd, &there) == 0
         && store.st_dev == there.st_dev && store.st_ino == there.st_ino
         && there.st_uid == exposure->user->uid && there.st_gid == exposure->user->gid;
}

static gboolean
check_place (UlStoreExposure *exposure, GError **error)
{
  const char *path = exposure->directory;
  UlPlace place;
  if (g_str_has_prefix (path, exposure->store)
      && (path[strlen (exposure->store)] == '/' || path[strlen (exposure->store)] == '\0'))
    return ul_throw (error, UL_ERROR_INVALID, "%s: is in the store itself", path);
  exposure->dfd = open_directory (path, error);
  if (exposure->dfd < 0 || !ul_idmap_mount_at (exposure->dfd, path, &place, error))
    return FALSE;
  exposure->mounted = place == UL_PLACE_IDMAPPED && is_same (exposure);
  if (exposure->mounted)
    return TRUE;
  if (place != UL_PLACE_PLAIN)
    return ul_throw (error, UL_ERROR_EXISTS, "%s: something else is mounted there", path);
  return check_empty (exposure->dfd, path, error);
}

/* The map begins with root: what is somebody else's would be out of it, or a wrong one's. */
static gboolean
check_owner (const UlStore *store, GError **error)
{
  const int dfds[] = { store->dfd, store->overlay_dfd, store->layers_dfd, store->images_dfd };
  for (gsize i = 0; i < G_N_ELEMENTS (dfds); i++)
    {
      struct stat st;
      if (fstat (dfds[i], &st) != 0)
        return ul_throw_errno (error, "%s", store->path);
      if (st.st_uid != 0)
        return ul_throw (error, UL_ERROR_INVALID,
                         "%s: the store belongs to uid %u and not to root: it is for this user as "
                         "it is, and not for others",
                         store->path, st.st_uid);
    }
  return TRUE;
}

static void
add_hidden (const GArray *owners, const GArray *ranges, GHashTable *out)
{
  for (guint i = 0; i < owners->len; i++)
    {
      guint32 shown;
      const guint32 id = g_array_index (owners, guint32, i);
      if (!ul_id_ranges_map (ranges, id, &shown))
        g_hash_table_add (out, GUINT_TO_POINTER (id));
    }
}

static void
find_hidden (const UlStore *store, UlStoreExposure *exposure)
{
  g_autoptr (GHashTable) uids = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) gids = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < store->layers->len; i++)
    {
      const UlStoreLayer *layer = store->layers->pdata[i];
      add_hidden (layer->uids, exposure->map->uids, uids);
      add_hidden (layer->gids, exposure->map->gids, gids);
    }
  exposure->hidden_uids = ul_store_sorted_ids (uids);
  exposure->hidden_gids = ul_store_sorted_ids (gids);
}

static gboolean
find_store (const UlStore *store, UlStoreExposure *exposure, GError **error)
{
  char *real = realpath (store->path, NULL);
  if (real == NULL)
    return ul_throw_errno (error, "%s", store->path);
  exposure->store = g_strdup (real);
  free (real);
  exposure->store_dfd = fcntl (store->dfd, F_DUPFD_CLOEXEC, 0);
  return exposure->store_dfd >= 0 || ul_throw_errno (error, "%s", store->path);
}

/* podman has root's storage in the places of the machine. */
static gboolean
check_user (const UlUser *user, GError **error)
{
  return user->uid != 0
         || ul_throw (error, UL_ERROR_INVALID, "user %s: root uses the store as it is", user->name);
}

UlStoreExposure *
ul_store_exposure_new (const UlStore *store, const char *user, const char *directory,
                       GError **error)
{
  g_autoptr (UlStoreExposure) self = g_new0 (UlStoreExposure, 1);
  self->store_dfd = self->dfd = -1;
  self->directory = g_canonicalize_filename (directory, NULL);
  self->user = ul_user_new (user, error);
  if (self->user == NULL || !check_user (self->user, error) || !check_owner (store, error))
    return NULL;
  self->map = ul_subids_map (self->user, error);
  if (self->map == NULL || !find_store (store, self, error) || !check_place (self, error)
      || !check_reachable (self->user, self->directory, error))
    return NULL;
  find_hidden (store, self);
  return g_steal_pointer (&self);
}

gboolean
ul_store_expose (const UlStoreExposure *exposure, GError **error)
{
  ul_autofd int fd = -1;
  struct stat st;
  if (exposure->mounted)
    return TRUE;
  if (!ul_idmap_mount_new (exposure->store_dfd, exposure->map, exposure->store, &fd, error))
    return FALSE;
  /* A map that doesn't fit is no error for the kernel. */
  if (fstat (fd, &st) != 0 || st.st_uid != exposure->user->uid)
    return ul_throw (error, UL_ERROR_FAILED, "%s: isn't shown as user %s's", exposure->store,
                     exposure->user->name);
  return ul_idmap_mount_attach (fd, exposure->dfd, exposure->directory, error);
}

/* Or one that has been deleted since. */
static gboolean
has_store (int dfd)
{
  struct stat st;
  return faccessat (dfd, UL_STORE_LAYERS, F_OK, 0) == 0
         || (fstat (dfd, &st) == 0 && st.st_nlink == 0);
}

gboolean
ul_store_unexpose (const char *directory, gboolean dry_run, gboolean *out_found, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *path = g_canonicalize_filename (directory, NULL);
  UlPlace place;
  ul_autofd int dfd = open_directory (path, &cause);
  if (dfd < 0 && !g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  if (dfd < 0)
    place = UL_PLACE_PLAIN;
  else if (!ul_idmap_mount_at (dfd, path, &place, error))
    return FALSE;
  if (place == UL_PLACE_MOUNT || (place == UL_PLACE_IDMAPPED && !has_store (dfd)))
    return ul_throw (error, UL_ERROR_INVALID, "%s: something else is mounted there", path);
  /* Open, it would be in use. */
  ul_fd_clear (&dfd);
  if (place == UL_PLACE_IDMAPPED && !dry_run && !ul_idmap_mount_detach (path, error))
    return FALSE;
  *out_found = place == UL_PLACE_IDMAPPED;
  return TRUE;
}
