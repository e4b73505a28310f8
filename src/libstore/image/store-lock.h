// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "util/lockfile.h"

/* The lock files of containers/storage, overlay-layers/layers.lock and overlay-images/images.lock.
 * The library takes POSIX locks on the whole file; ours belong to a descriptor and exclude them as
 * well. In the file is a token: who has read the list beside it reads it again only when
 * the token is another. So a lock file is never empty, and never replaced by a new one.
 *
 * A lock that can't be had in time is UL_ERROR_LOCKED, and says who has it. */

G_BEGIN_DECLS

#define UL_STORE_TOKEN_SIZE 64

/* Shared, on a read-only file system as well. *out_fd is -1 where there is no lock file. */
gboolean ul_store_lock_read (int dfd, const char *path, const UlLockWait *wait, int *out_fd,
                             GError **error);

/* Exclusive. The file is made, with @mode whatever the umask, and gets a token if it has none. */
gboolean ul_store_lock_write (int dfd, const char *path, mode_t mode, const UlLockWait *wait,
                              int *out_fd, GError **error);

/* Write a new token to @fd, on which there is an exclusive lock. */
gboolean ul_store_lock_touch (int fd, const char *path, GError **error);

G_END_DECLS
