// SPDX-License-Identifier: LGPL-2.1-or-later

/* bare: files are stored as themselves, with owner, mode and xattrs; symlinks are symlinks. */

#include <fcntl.h>
#include <sys/stat.h>

#include "repo/mode-bare.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

gboolean
ul_mode_bare_store_symlink (const UlStore *store, const UlFileMeta *meta, gboolean with_xattrs,
                            GError **error)
{
  if (symlinkat (meta->symlink_target, store->dfd, store->name) != 0)
    return ul_throw_errno (error, "create symlink object");
  if (fchownat (store->dfd, store->name, meta->uid, meta->gid, AT_SYMLINK_NOFOLLOW) != 0)
    return ul_throw_errno (error, "set owner of symlink object");
  return !with_xattrs || g_variant_n_children (meta->xattrs) == 0
         || ul_xattr_write_at (store->dfd, store->name, meta->xattrs, error);
}

gboolean
ul_mode_bare_store_regular (const UlStore *store, const UlFileMeta *meta, const UlSource *source,
                            gboolean with_xattrs, GError **error)
{
  ul_autofd int fd = -1;
  if (!ul_mode_create_file (store, source, &fd, error))
    return FALSE;
  /* In this order: a change of owner clears set-id bits and file capabilities. */
  if (fchown (fd, meta->uid, meta->gid) != 0)
    return ul_throw_errno (error, "set owner of object");
  if (with_xattrs && g_variant_n_children (meta->xattrs) > 0
      && !ul_xattr_write_fd (fd, meta->xattrs, error))
    return FALSE;
  if (fchmod (fd, meta->mode & 07777) != 0)
    return ul_throw_errno (error, "set mode of object");
  return ul_mode_finish_file (store, fd, error);
}

static gboolean
store (const UlStore *store_, const UlFileMeta *meta, const UlSource *source, GError **error)
{
  if (S_ISLNK (meta->mode))
    return ul_mode_bare_store_symlink (store_, meta, TRUE, error);
  return ul_mode_bare_store_regular (store_, meta, source, TRUE, error);
}

static gboolean
load (UlRepo *repo, const UlChecksum *checksum, const char *path, UlStored *stored, GError **error)
{
  return stored->meta.symlink_target != NULL
             ? ul_xattr_read_at (ul_repo_objects_dfd (repo), path, &stored->meta.xattrs, error)
             : ul_xattr_read_fd (stored->fd, &stored->meta.xattrs, error);
}

const UlModeOps ul_mode_bare = {
  .mode = UL_REPO_MODE_BARE,
  .name = "bare",
  .links_stored = UL_LINKS_REGULAR | UL_LINKS_SYMLINKS,
  .store = store,
  .load = load,
};
