// SPDX-License-Identifier: LGPL-2.1-or-later

/* bare: files are stored as themselves, with owner, mode and xattrs; symlinks are symlinks. */

#include <fcntl.h>
#include <sys/stat.h>

#include "repo/mode-bare.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

/* What the kernel would give back in another form would be another object. */
static gboolean
check (const UlFileMeta *meta, GError **error)
{
  if (!ul_file_meta_xattrs_in_order (meta->xattrs))
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "Content object has xattrs out of order, which a repository of mode bare "
                     "can't keep");
  for (gsize i = 0; i < g_variant_n_children (meta->xattrs); i++)
    {
      const char *name;
      g_autoptr (GVariant) value = NULL;
      g_variant_get_child (meta->xattrs, i, "(^&ay@ay)", &name, &value);
      if (g_variant_n_children (value) == 0)
        return ul_throw (error, UL_ERROR_UNSUPPORTED,
                         "Content object has an xattr without a value, which a repository of mode "
                         "bare can't keep: %s",
                         name);
    }
  return TRUE;
}

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
  struct stat st;
  /* Born with its mode if the owner is likely right, too; both are only set where they aren't, as a
   * look is cheaper than what the file system has to note of a change. */
  const gboolean is_owner = meta->uid == store->uid && meta->gid == store->gid;
  if (!ul_mode_create_file (store, is_owner ? meta->mode : 0600, source, &fd, error))
    return FALSE;
  if (fstat (fd, &st) != 0)
    return ul_throw_errno (error, "stat object");
  const gboolean chown = st.st_uid != meta->uid || st.st_gid != meta->gid;
  const gboolean set_xattrs = with_xattrs && g_variant_n_children (meta->xattrs) > 0;
  const gboolean chmod = chown || set_xattrs || (st.st_mode & 07777) != (meta->mode & 07777);
  /* In this order: a change of owner clears set-id bits and file capabilities, an ACL has a mode.
   */
  if (chown && fchown (fd, meta->uid, meta->gid) != 0)
    return ul_throw_errno (error, "set owner of object");
  if (set_xattrs && !ul_xattr_write_fd (fd, meta->xattrs, error))
    return FALSE;
  if (chmod && fchmod (fd, meta->mode & 07777) != 0)
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
  .adopts = 1 << UL_REPO_MODE_BARE,
  .links_stored = UL_LINKS_REGULAR | UL_LINKS_SYMLINKS,
  .check = check,
  .store = store,
  .load = load,
};
