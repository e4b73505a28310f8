// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/intake.h"
#include "core/commit.h"

/* The tree of a commit into a tree. What nothing changes is taken over by its checksum: neither
 * file objects nor, where nothing was before, dirtrees are read. One thread walks; workers store
 * files whose metadata the modifier changes. Private to build/. */

G_BEGIN_DECLS

/* The commit that @rev means. UL_ERROR_NOT_FOUND for one that is marked partial: taken over by its
 * checksum, what it lacks would be noticed by nobody before it's needed. */
gboolean ul_from_commit_load (UlRepo *repo, const char *rev, UlCommit *out, GError **error);

/* Overlay the tree of @rev onto @root. All that is new is stored, staged, on return. Whiteouts of a
 * commit are markers already, and xattrs that overlayfs wrote are content: retarget_whiteouts
 * changes neither. */
gboolean ul_from_commit (const UlIntake *self, const char *rev, UlTree *root, GError **error);

/* A directory of a commit with all below. */
typedef struct
{
  const char *path; /* where it goes, "/a/b"; "" for the root */
  UlChecksum contents;
  UlChecksum meta;
  gboolean both_opaque; /* opaque directories get both xattrs that overlayfs knows */
} UlCommitPart;

/* Overlay @part onto @tree, in the same way. With both_opaque, a directory that comes out not
 * opaque is UL_ERROR_UNSUPPORTED. Doesn't count as @self's hardlinks. */
gboolean ul_from_commit_part (const UlIntake *self, const UlCommitPart *part, UlTree *tree,
                              GError **error);

/* What a file object of the repository becomes at @path, stored if that is another one. */
gboolean ul_from_commit_file (const UlIntake *self, UlWriter *writer, const char *path,
                              UlChecksum *io_checksum, GError **error);

G_END_DECLS
