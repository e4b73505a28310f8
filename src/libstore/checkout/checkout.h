// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/options.h"
#include "core/checksum.h"

/* Write the tree of a commit to a directory. A serial walk makes directories and decides what a
 * name is; workers place the files. Neither the result nor the error depends on the number of
 * workers.
 *
 * The tree and the target are hostile: below the target no symlink is followed, and nothing is
 * written through a hardlink. A failed checkout leaves what it has placed so far, each file
 * complete. */

G_BEGIN_DECLS

typedef struct
{
  gint64 directories; /* made, not those that existed */
  gint64 linked;      /* files and symlinks that are hardlinks of objects (or of the cache) */
  gint64 copied;      /* files and symlinks made new */
  gint64 whiteouts;   /* devices made */
  gint64 kept;        /* names left as they were by the union mode */
  gint64 bytes;       /* content copied */
} UlCheckoutStats;

/**
 * ul_checkout_at:
 * @commit: the checksum of a commit
 * @options: NULL for the defaults
 * @dfd: directory that @path is relative to, or AT_FDCWD
 * @path: the target. Its parent must exist. With a union mode, or if the subpath is a file, the
 * target may be there already; it's the caller's own path, so symlinks in it are followed.
 * @out_stats: NULL or what was done
 *
 * Durable on return as UlCheckoutSync says. Errors: UL_ERROR_NOT_FOUND (commit, subpath, object),
 * UL_ERROR_EXISTS (something in the way), UL_ERROR_INVALID (options, whiteout markers),
 * UL_ERROR_UNSUPPORTED (hardlinks required but impossible; a file system that refuses whiteouts,
 * which is said before anything is written), UL_ERROR_CORRUPT, UL_ERROR_NO_SPACE, or G_IO_ERROR.
 */
gboolean ul_checkout_at (UlRepo *repo, const UlChecksum *commit, const UlCheckoutOptions *options,
                         int dfd, const char *path, UlCheckoutStats *out_stats, GError **error);

G_END_DECLS
