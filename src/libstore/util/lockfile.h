// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Advisory locks over a whole file, as open file description locks (fcntl F_OFD_SETLK): the kind
 * OSTree takes on a repository's `.lock` and on staging directories, so both tools exclude each
 * other. A lock belongs to the descriptor and ends when it is closed, whatever the process forks.
 */

G_BEGIN_DECLS

typedef enum
{
  UL_LOCK_SHARED,
  UL_LOCK_EXCLUSIVE,
} UlLockKind;

/* How long to wait, and whom to tell. */
typedef struct
{
  int timeout_secs; /* 0: try once, -1: for ever */
  /* NULL: nobody. Called once, on the waiting thread, when the lock isn't free for a second. */
  void (*waiting) (gpointer data);
  gpointer data;
} UlLockWait;

/* Open (and create with @mode) @path below @dfd and lock it, waiting as @wait says (NULL: not at
 * all). *out_fd is -1 if somebody else still holds it: not an error. */
gboolean ul_lockfile_acquire_at (int dfd, const char *path, mode_t mode, UlLockKind kind,
                                 const UlLockWait *wait, int *out_fd, GError **error);

/* The same for @fd, which is open for reading, or for writing to get an exclusive lock; @path is
 * for errors. */
gboolean ul_lockfile_lock_fd (int fd, const char *path, UlLockKind kind, const UlLockWait *wait,
                              gboolean *out_locked, GError **error);

G_END_DECLS
