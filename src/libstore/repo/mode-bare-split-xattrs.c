// SPDX-License-Identifier: LGPL-2.1-or-later

/* bare-split-xattrs: as bare, but the xattrs stand in objects of their own (split-xattrs.h), for
 * build environments that can't set them (SELinux labels above all). ostree 2022.7 reads this mode
 * and refuses to write it. */

#include <sys/stat.h>

#include "repo/mode-bare.h"
#include "repo/split-xattrs.h"
#include "util/fd.h"

static gboolean
store (const UlStore *store_, const UlFileMeta *meta, const UlSource *source, GError **error)
{
  if (S_ISLNK (meta->mode))
    return ul_mode_bare_store_symlink (store_, meta, FALSE, error);
  return ul_mode_bare_store_regular (store_, meta, source, FALSE, error);
}

static gboolean
load (UlRepo *repo, const UlChecksum *checksum, const char *path, gboolean want_content,
      gboolean *out_found, UlStored *out, GError **error)
{
  UlStored stored = { .fd = -1 };
  ul_autofd int fd = -1;
  if (!ul_mode_bare_load_inode (repo, path, out_found, &fd, &stored, error))
    return FALSE;
  if (!*out_found)
    return TRUE;
  g_auto (UlFileMeta) meta = stored.meta;
  if (!ul_split_xattrs_load (repo, checksum, &meta.xattrs, error))
    return FALSE;
  stored.meta = meta;
  meta = (UlFileMeta){ 0 };
  if (stored.meta.symlink_target == NULL && want_content)
    stored.fd = ul_fd_steal (&fd);
  *out = stored;
  return TRUE;
}

const UlModeOps ul_mode_bare_split_xattrs = {
  .mode = UL_REPO_MODE_BARE_SPLIT_XATTRS,
  .name = "bare-split-xattrs",
  .split_xattrs = TRUE,
  .store = store,
  .load = load,
};
