// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/commit.h"
#include "repo/objects.h"

/* Paths in a commit, as a user gives them. */

G_BEGIN_DECLS

/* Resolve REV and load the commit it names. */
gboolean ul_commit_path_load (UlRepo *repo, const char *rev, UlCommit *out_commit, GError **error);

/* "/a/b" from "a/b", "//a/./b/": one slash before each component, `.` and empty ones gone. The root
 * is
 * "/". */
char *ul_commit_path_normalize (const char *path);

/* What is at @path (normalized) in @commit, not following symlinks. "No such file or directory:
 * PATH" with the first part of it that isn't there, or "Not a directory". */
gboolean ul_commit_path_lookup (UlRepo *repo, const UlCommit *commit, const char *path,
                                UlEntry *out_entry, GError **error);

/* The regular file at @path, following symlinks within the commit. */
gboolean ul_commit_path_open_file (UlRepo *repo, const UlCommit *commit, const char *path,
                                   UlContent **out_content, GError **error);

G_END_DECLS
