// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-diff.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "checkout/checkout.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/fd.h"

/* Native overlayfs reads one form as root and the other one in a user namespace. */
static gboolean
complete_opaque (int fd, GError **error)
{
  char value[2];
  const ssize_t len = fgetxattr (fd, UL_WHITEOUT_OPAQUE_TRUSTED, value, sizeof value);
  if (len < 0 && errno != ENODATA && errno != ENOTSUP)
    return ul_throw_errno (error, "read xattr " UL_WHITEOUT_OPAQUE_TRUSTED);
  if (len != 1 || value[0] != 'y')
    return TRUE;
  return fsetxattr (fd, UL_WHITEOUT_OPAQUE_USER, "y", 1, 0) == 0
         || ul_throw_errno (error, "set xattr " UL_WHITEOUT_OPAQUE_USER);
}

static gboolean
is_subdir (int fd, const struct dirent *entry)
{
  struct stat st;
  if (g_str_equal (entry->d_name, ".") || g_str_equal (entry->d_name, ".."))
    return FALSE;
  /* Not every file system says what it is. */
  return entry->d_type == DT_DIR
         || (entry->d_type == DT_UNKNOWN
             && fstatat (fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (st.st_mode));
}

static gboolean complete_dir (int dfd, const char *name, GError **error);

static gboolean
complete_subdirs (int fd, GError **error)
{
  const int own = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = own >= 0 ? fdopendir (own) : NULL;
  gboolean ok = TRUE;
  if (dir == NULL)
    return ul_throw_errno (error, "read directory");
  const struct dirent *entry;
  while (errno = 0, ok && (entry = readdir (dir)) != NULL)
    if (is_subdir (fd, entry))
      ok = complete_dir (fd, entry->d_name, error);
  if (ok && errno != 0)
    ok = ul_throw_errno (error, "read directory");
  closedir (dir);
  return ok;
}

static gboolean
complete_dir (int dfd, const char *name, GError **error)
{
  ul_autofd int fd = ul_fd_open_no_symlinks (dfd, name, O_RDONLY | O_DIRECTORY);
  if (fd < 0)
    return ul_throw_errno (error, "open %s", name);
  return (complete_opaque (fd, error) && complete_subdirs (fd, error))
         || ul_prefix (error, "%s", name);
}

static gboolean
check_out (UlRepo *repo, const UlImageLayer *layer, const UlStoreDiffOptions *options, int dfd,
           const char *name, gboolean *out_all_linked, UlStoreDiffStats *io_stats, GError **error)
{
  const UlCheckoutOptions checkout = {
    .whiteouts = UL_CHECKOUT_WHITEOUTS_PASSTHROUGH,
    .sync = UL_CHECKOUT_SYNC_NEVER,
    .jobs = options->jobs,
    .progress = options->progress,
  };
  UlCheckoutStats stats;
  if (!ul_checkout_at (repo, &layer->commit, &checkout, dfd, name, &stats, error))
    return FALSE;
  io_stats->linked += (guint64) stats.linked;
  io_stats->copied += (guint64) stats.copied;
  io_stats->copied_bytes += (guint64) stats.bytes;
  *out_all_linked = stats.bytes == 0;
  return TRUE;
}

gboolean
ul_store_diff_make (UlRepo *repo, const UlImageLayer *layer, int tar_split,
                    const UlStoreDiffOptions *options, int dfd, const char *name,
                    UlStoreOwners *owners, UlStoreDiffStats *io_stats, GError **error)
{
  gboolean all_linked;
  if (!check_out (repo, layer, options, dfd, name, &all_linked, io_stats, error)
      || (layer->parent != NULL && !complete_dir (dfd, name, error))) /* a base hides nothing */
    return FALSE;
  ul_autofd int fd = ul_fd_open_no_symlinks (dfd, name, O_RDONLY | O_DIRECTORY);
  if (fd < 0)
    return ul_throw_errno (error, "open %s", name);
  if (lseek (tar_split, 0, SEEK_SET) != 0)
    return ul_throw_errno (error, "lseek");
  return ul_store_diff_set_times (fd, all_linked, tar_split, options->mtimes, owners,
                                  &io_stats->times, error)
         && (lseek (tar_split, 0, SEEK_SET) == 0 || ul_throw_errno (error, "lseek"));
}

void
ul_store_diff_stats_add (UlStoreDiffStats *stats, const UlStoreDiffStats *more)
{
  stats->linked += more->linked;
  stats->copied += more->copied;
  stats->copied_bytes += more->copied_bytes;
  stats->times.files += more->times.files;
  stats->times.bytes += more->times.bytes;
}
