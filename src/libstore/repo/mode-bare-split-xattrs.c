// SPDX-License-Identifier: LGPL-2.1-or-later

/* bare-split-xattrs: as bare, but the xattrs stand in objects of their own (split-xattrs.h), for
 * build environments that can't set them (SELinux labels above all). ostree 2022.7 reads this mode
 * and refuses to write it. */

#include <sys/stat.h>

#include "repo/mode-bare.h"
#include "repo/split-xattrs.h"

static gboolean
store (const UlStore *store_, const UlFileMeta *meta, const UlSource *source, GError **error)
{
  if (S_ISLNK (meta->mode))
    return ul_mode_bare_store_symlink (store_, meta, FALSE, error);
  return ul_mode_bare_store_regular (store_, meta, source, FALSE, error);
}

static gboolean
load (UlRepo *repo, const UlChecksum *checksum, const char *path, UlStored *stored, GError **error)
{
  return ul_split_xattrs_load (repo, checksum, &stored->meta.xattrs, error);
}

const UlModeOps ul_mode_bare_split_xattrs = {
  .mode = UL_REPO_MODE_BARE_SPLIT_XATTRS,
  .name = "bare-split-xattrs",
  .split_xattrs = TRUE,
  .adopts = 1 << UL_REPO_MODE_BARE_SPLIT_XATTRS,
  .store = store,
  .load = load,
};
