// SPDX-License-Identifier: LGPL-2.1-or-later

/* bare-user-only: what an unprivileged user's files can be and no more: owner 0:0 in every object,
 * no xattrs, modes within 0775. Nothing is stored beside the file itself. */

#include <fcntl.h>
#include <sys/stat.h>

#include "repo/mode.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

static gboolean
check (const UlFileMeta *meta, GError **error)
{
  if (S_ISREG (meta->mode) && (meta->mode & 07777 & ~0775u) != 0)
    return ul_throw (error, UL_ERROR_INVALID,
                     "Content object has invalid mode %o (bits beyond 0775) for bare-user-only",
                     meta->mode);
  /* It would be read back without, under another checksum. */
  if (meta->uid != 0 || meta->gid != 0 || g_variant_n_children (meta->xattrs) > 0)
    return ul_throw (error, UL_ERROR_INVALID,
                     "Content object has owner %u:%u and %" G_GSIZE_FORMAT
                     " xattrs: bare-user-only holds neither",
                     meta->uid, meta->gid, g_variant_n_children (meta->xattrs));
  return TRUE;
}

static gboolean
store (const UlStore *store_, const UlFileMeta *meta, const UlSource *source, GError **error)
{
  if (S_ISLNK (meta->mode))
    {
      if (symlinkat (meta->symlink_target, store_->dfd, store_->name) != 0)
        return ul_throw_errno (error, "create symlink object");
      return TRUE;
    }
  ul_autofd int fd = -1;
  /* Exactly this mode: it is the only place that keeps it. */
  const mode_t mode = meta->mode & 0775;
  return ul_mode_create_file (store_, mode, source, &fd, error)
         && ul_mode_ensure_mode (fd, mode, error) && ul_mode_finish_file (store_, fd, error);
}

static gboolean
load (UlRepo *repo, const UlChecksum *checksum, const char *path, UlStored *stored, GError **error)
{
  stored->meta.uid = 0;
  stored->meta.gid = 0;
  stored->meta.xattrs = g_variant_ref (ul_xattr_empty ());
  return TRUE;
}

const UlModeOps ul_mode_bare_user_only = {
  .mode = UL_REPO_MODE_BARE_USER_ONLY,
  .name = "bare-user-only",
  .canonical = TRUE,
  .adopts = 1 << UL_REPO_MODE_BARE_USER_ONLY,
  .adopts_some = 1 << UL_REPO_MODE_BARE_USER,
  .links_user = UL_LINKS_REGULAR | UL_LINKS_SYMLINKS,
  .check = check,
  .store = store,
  .load = load,
};
