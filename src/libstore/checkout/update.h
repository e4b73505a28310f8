// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/checkout.h"

/* Make an existing checkout of commit A one of commit B, by what differs between the two: the time
 * it takes grows with that and not with the tree.
 *
 * Nothing is changed unless the directory is found to be what A has, or what B has already: in all
 * that is about to be changed and the directories on the way to it; in everything, with
 * UlUpdateOptions.verify or where the repository's record of it doesn't hold (see
 * checkout/record.h). So nobody's work is lost, and an update that was interrupted goes on when
 * it's called again. See docs/design/checkout.md.
 *
 * The directory is hostile as it is for a checkout. Nothing else should change it meanwhile: what
 * comes between check and change is not seen. */

G_BEGIN_DECLS

typedef struct
{
  /* As the checkout was made: ownership, dir_mode, whiteouts (not the layer model) and subpath have
   * to be the same. unite, skip, selinux and subpath_noent_ok are to be 0. */
  UlCheckoutOptions checkout;

  /* What the directory is a checkout of; NULL: what the repository has a record of. Without a
   * record the directory is verified against this as a whole first. */
  const UlChecksum *from;

  gboolean verify; /* verify the whole directory in any case, and read hardlinks, too */
} UlUpdateOptions;

typedef struct
{
  gboolean is_new;        /* there was no directory: an ordinary checkout */
  UlChecksum from;        /* if not is_new */
  gint64 changes;         /* names that differ between the commits */
  gint64 removed;         /* names that went */
  UlCheckoutStats placed; /* what came */
} UlUpdateStats;

/**
 * ul_update_at:
 * @commit: B, a checksum
 * @options: NULL for the defaults
 * @dfd: directory that @path is relative to, or AT_FDCWD
 * @path: the directory; the caller's own path, so symlinks in it are followed. If nothing is there,
 * B is checked out.
 * @out_stats: NULL or what was done
 *
 * On return the directory is B, durable as UlCheckoutSync says, and
 * the repository has a record of it if it can be written. Errors before anything is changed:
 * UL_ERROR_EXISTS with the first name that isn't as A has it, UL_ERROR_NOT_FOUND if it's not known
 * what the directory is, or A isn't in the repository any more; UL_ERROR_LOCKED if another update
 * runs; UL_ERROR_UNSUPPORTED if there is a record and it can't be changed, or if a commit records
 * hardlinks and ignore_hardlinks isn't set; UL_ERROR_INVALID for
 * options that don't fit. Else what a checkout fails with, and the directory is partly A and partly
 * B.
 */
gboolean ul_update_at (UlRepo *repo, const UlChecksum *commit, const UlUpdateOptions *options,
                       int dfd, const char *path, UlUpdateStats *out_stats, GError **error);

G_END_DECLS
