// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>
#include <sys/stat.h>
#include <unistd.h>

/* File descriptors and (dfd, path) pairs. Every function that takes a path resolves it below the
 * given directory descriptor; AT_FDCWD is allowed where a caller's own path comes in. Nothing here
 * keeps state, so all of it may be used from any thread. */

G_BEGIN_DECLS

/* A file descriptor variable that closes itself: ul_autofd int fd = -1; */
#define ul_autofd __attribute__ ((cleanup (ul_fd_cleanup)))

static inline void
ul_fd_cleanup (int *fd)
{
  if (*fd >= 0)
    close (*fd);
}

/* Close it unless it is -1, which it is then. */
static inline void
ul_fd_clear (int *fd)
{
  ul_fd_cleanup (fd);
  *fd = -1;
}

static inline int
ul_fd_steal (int *fd)
{
  const int stolen = *fd;
  *fd = -1;
  return stolen;
}

/* How many descriptors this process may have open. */
guint ul_fd_limit (void);

/* A path through /proc to NAME below @dfd, for calls that have no *at form (symlink xattrs). */
#define UL_PROC_PATH_MAX (sizeof "/proc/self/fd/-2147483648/" + 255)
void ul_fd_proc_path (char buf[UL_PROC_PATH_MAX], int dfd, const char *name);

/* linkat of an open file, with a name or without one, through /proc. 0, or -1 with errno: ENOENT
 * also where /proc isn't mounted. */
int ul_fd_link (int fd, int dfd, const char *name);

/* ul_throw_errno () for a call on such a path: UL_ERROR_UNSUPPORTED, saying so, where /proc isn't
 * mounted. */
gboolean ul_fd_throw_proc (GError **error, const char *what);

/* openat2 with RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS: never leaves @dfd. Returns a descriptor or
 * -1 with errno. */
int ul_fd_open_beneath (int dfd, const char *path, int flags, mode_t mode);

/* The same, and no symlink on the way or at its end is followed. */
int ul_fd_open_no_symlinks (int dfd, const char *path, int flags);

/* The same, and what is mounted on the way or at its end isn't entered: EXDEV. */
int ul_fd_open_same_mount (int dfd, const char *path, int flags);

/* Open directory @path below @dfd; a symlink as the last component is refused unless @follow. */
gboolean ul_fd_open_dir_at (int dfd, const char *path, gboolean follow, int *out_fd,
                            GError **error);

/* Make directory @path with its parents (mode & ~umask); existing ones are fine. */
gboolean ul_fd_make_dirs_at (int dfd, const char *path, mode_t mode, GError **error);

/* Write everything. errno text is prefixed with "write @what". */
gboolean ul_fd_write_all (int fd, const void *data, gsize len, const char *what, GError **error);

/* Read once at @fd's offset, begun again if a signal comes first. *out_n may be less than @len
 * anywhere, and is 0 only at the end. errno text is prefixed with "read @what", or with "read" if
 * that is NULL. */
gboolean ul_fd_read (int fd, void *buffer, gsize len, const char *what, gsize *out_n,
                     GError **error);

/* The same at @offset; @fd's own is left alone. */
gboolean ul_fd_read_at (int fd, void *buffer, gsize len, guint64 offset, const char *what,
                        gsize *out_n, GError **error);

/* Read until there are @len bytes: *out_n is less only at the end. */
gboolean ul_fd_read_full (int fd, void *buffer, gsize len, const char *what, gsize *out_n,
                          GError **error);

/* Read a whole regular file of at most @max bytes, at whose start @fd is. O_NONBLOCK keeps the open
 * () before it from waiting for a FIFO's writer. */
gboolean ul_fd_read_whole (int fd, const char *what, gsize max, GBytes **out_bytes, GError **error);

/* Open it and read it whole. A missing file sets *out_bytes to NULL and
 * succeeds if @missing_ok, and is an error otherwise. */
gboolean ul_fd_read_file_at (int dfd, const char *path, gsize max, gboolean missing_ok,
                             GBytes **out_bytes, GError **error);

/* Write @data to @path atomically, with @mode whatever the umask: temporary file beside it,
 * optional fsync, rename. Durable on return if @sync, except for the directory entry. */
gboolean ul_fd_replace_file_at (int dfd, const char *path, const void *data, gsize len, mode_t mode,
                                gboolean sync, GError **error);

/* Let @to (at its offset) share the first @size bytes of @from: FALSE where the file system can't.
 */
gboolean ul_fd_clone (int from, int to, guint64 size);

/* Copy @size bytes from the start of @from to @to (at its offset): a clone, else copy_file_range,
 * else read and write. A source that ends early is an error. */
gboolean ul_fd_copy (int from, int to, guint64 size, GError **error);

/* Remove @path and all below it, not following symlinks; a missing @path is fine. */
gboolean ul_fd_remove_tree_at (int dfd, const char *path, GError **error);

/* Give the regular file or directory that @fd is the permissions @mode, of which setuid, setgid and
 * sticky are left out. @fd may be of O_PATH: opened with O_NOFOLLOW, it is what was looked at,
 * whatever has its name by now. Anything else is UL_ERROR_INVALID. */
gboolean ul_fd_set_mode (int fd, mode_t mode, const char *what, GError **error);

/* fsync directory @path below @dfd. */
gboolean ul_fd_sync_dir_at (int dfd, const char *path, GError **error);

G_END_DECLS
