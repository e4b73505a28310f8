// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/store-diff-times.h"
#include "util/progress.h"

/* A layer's commit as the diff directory of a container store: a checkout that shares its files
 * with the repository by hardlinks, where the file system allows that, with whiteouts as devices,
 * opaque directories in both forms that overlayfs knows, and times. */

G_BEGIN_DECLS

typedef struct
{
  UlMtimes mtimes;
  guint jobs;           /* 0: all CPUs */
  UlProgress *progress; /* may be NULL */
} UlStoreDiffOptions;

typedef struct
{
  guint64 linked; /* files and symlinks */
  guint64 copied; /* because they couldn't be linked */
  guint64 copied_bytes;
  UlMtimesStats times;
} UlStoreDiffStats;

/* Make directory @name below @dfd. @tar_split: of the layer, read from its start; borrowed.
 * @owners: those in the tar are added. @io_stats: added to. Not durable. */
gboolean ul_store_diff_make (UlRepo *repo, const UlImageLayer *layer, int tar_split,
                             const UlStoreDiffOptions *options, int dfd, const char *name,
                             UlStoreOwners *owners, UlStoreDiffStats *io_stats, GError **error);

void ul_store_diff_stats_add (UlStoreDiffStats *stats, const UlStoreDiffStats *more);

G_END_DECLS
