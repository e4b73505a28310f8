// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"

#include <gio/gio.h>

/* What somebody who isn't a file system, a commit or an archive puts into a commit: small files,
 * symlinks, directories, and trees that the repository has, which are taken over by their checksum.
 * Laid over the trees before it; a later entry of the same path counts.
 *
 * All paths are absolute and normal ("/a/b"). What is new is 0:0, directories 0755, files 0644;
 * directories that are there stay what they are. One thread. */

G_BEGIN_DECLS

typedef struct _UlGraft UlGraft;

UlGraft *ul_graft_new (void);
void ul_graft_free (UlGraft *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlGraft, ul_graft_free)

/* If the trees before have anything at @path but an empty directory, that is UL_ERROR_EXISTS. */
void ul_graft_require_empty (UlGraft *self, const char *path);
/* If they have something at one of @paths (NULL at the end), nothing of this is done. */
void ul_graft_set_unless (UlGraft *self, const char *const *paths);

void ul_graft_add_dir (UlGraft *self, const char *path);
void ul_graft_add_data (UlGraft *self, const char *path, GBytes *content);
void ul_graft_add_symlink (UlGraft *self, const char *path, const char *target);
/* A file object of the repository. */
void ul_graft_add_file (UlGraft *self, const char *path, const UlChecksum *file);

typedef enum
{
  UL_GRAFT_AS_IT_IS,
  /* An opaque directory gets both xattrs that overlayfs knows, that for root and that for users. */
  UL_GRAFT_BOTH_OPAQUE,
} UlGraftForm;

/* A dirtree and its dirmeta, which the repository has with all below, at @path, where nothing is.
 */
void ul_graft_add_tree (UlGraft *self, const char *path, const UlChecksum *contents,
                        const UlChecksum *meta, UlGraftForm form);

G_END_DECLS
