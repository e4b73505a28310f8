// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-diff.h"

#include <fcntl.h>

#include "checkout/checkout.h"
#include "util/error.h"
#include "util/fd.h"

static gboolean
check_out (UlRepo *repo, const UlImageLayer *layer, const UlStoreDiffOptions *options, int dfd,
           const char *name, gboolean *out_all_linked, UlStoreDiffStats *io_stats, GError **error)
{
  /* Native overlayfs reads one form as root and the other one in a user namespace. A base hides
   * nothing. */
  const UlCheckoutWhiteouts opaque = layer->parent != NULL ? UL_CHECKOUT_WHITEOUTS_BOTH_OPAQUE : 0;
  const UlCheckoutOptions checkout = {
    .whiteouts = UL_CHECKOUT_WHITEOUTS_PASSTHROUGH | opaque,
    .own_symlinks = TRUE, /* each gets its time */
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
  if (!check_out (repo, layer, options, dfd, name, &all_linked, io_stats, error))
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
