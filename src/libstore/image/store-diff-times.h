// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/records.h"
#include "image/store-describe.h"

/* The times of a layer in a checkout of it: in a commit everything is of 1970. A file that gets a
 * time gets an inode of its own first, as the other one is an object's. */

G_BEGIN_DECLS

typedef enum
{
  UL_MTIMES_AUTO, /* of sources of Python with a compiled file beside them that notes their time */
  UL_MTIMES_ZERO, /* of no file */
  UL_MTIMES_KEEP, /* of every file */
} UlMtimes;

typedef struct
{
  guint64 files; /* that got an inode of their own */
  guint64 bytes; /* of these that were copied; shared ones aren't counted */
} UlMtimesStats;

/* Directories and symlinks always get theirs. @dfd: the checkout; @all_linked: its files are links
 * to objects, all that have content. @tar_split: of the layer, read from its offset; borrowed.
 * @owners, @io_stats: added to. Not durable. */
gboolean ul_store_diff_set_times (int dfd, gboolean all_linked, int tar_split, UlMtimes mtimes,
                                  UlStoreOwners *owners, UlMtimesStats *io_stats, GError **error);

G_END_DECLS
