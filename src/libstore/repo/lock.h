// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/repo.h"
#include "util/lockfile.h"

/* The repository's lock: the file `.lock`, shared for writers of objects and refs, exclusive for
 * whatever removes objects. OSTree takes the same. Readers take none. */

G_BEGIN_DECLS

/* Waits as whoever opened the repository wants (UlRepoOptions). *out_fd holds the lock until it's
 * closed; it is -1 where core.locking is off. UL_ERROR_LOCKED names the kind, the holders and how
 * long it waited. */
gboolean ul_repo_lock (UlRepo *repo, UlLockKind kind, int *out_fd, GError **error);

G_END_DECLS
