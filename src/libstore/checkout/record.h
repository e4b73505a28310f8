// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "repo/repo.h"

/* What a directory is a checkout of: a small file in the repository's state/checkouts/, named for
 * the directory's inode, its time of birth and its file system. So it follows the directory when
 * that is renamed, and is not found for a copy, a restored backup or another directory that got the
 * number. Nothing is written to the directory itself, since it would be in the next commit of it.
 * It holds the directory's ctime, too, which nobody can set: whoever gives the directory itself
 * another name, content or metadata, or goes back to an earlier state of its file system, changes
 * that. */

G_BEGIN_DECLS

typedef struct
{
  UlChecksum commit;
  gboolean is_pending; /* an update to @next has begun: each entry is of the one or the other */
  UlChecksum next;
  gboolean is_untouched; /* of load (): the directory itself has not changed since */
  char *how;             /* the options of the checkout that matter, as on the command line */
} UlCheckoutRecord;

void ul_checkout_record_clear (UlCheckoutRecord *record);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlCheckoutRecord, ul_checkout_record_clear)

/* Of the directory that is open as @fd. *out_found is FALSE if there is none, or if it isn't
 * readable as one. */
gboolean ul_checkout_record_load (UlRepo *repo, int fd, gboolean *out_found,
                                  UlCheckoutRecord *out_record, GError **error);

/* Durable on return if @sync. *out_kept is FALSE where none can be kept: the repository can't be
 * written, or the file system has no times of birth. @path: for whoever reads the file. */
gboolean ul_checkout_record_store (UlRepo *repo, int fd, const UlCheckoutRecord *record,
                                   const char *path, gboolean sync, gboolean *out_kept,
                                   GError **error);

/* Give the directory another ctime, so that what others know of it is void. */
void ul_checkout_record_renew (int fd);

/* Forget directories whose commits are gone, as nothing can be updated from these. As far as it can
 * be done. */
void ul_checkout_record_clean (UlRepo *repo);

/* The directory is to be changed by something else than an update: forget what it was. Who can't
 * write to the repository leaves it. */
void ul_checkout_record_drop (UlRepo *repo, int fd);

G_END_DECLS
