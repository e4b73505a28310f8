// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/repo.h"

/* Staging directories: tmp/staging-<boot id>-XXXXXX, alive while somebody holds the lock on
 * tmp/staging-<boot id>-XXXXXX-lock. Private to repo/. */

G_BEGIN_DECLS

typedef struct
{
  char *name; /* below tmp/ */
  int dfd;
  int lock_fd;
  gboolean default_acl; /* directories of the repository pass an ACL on; this one doesn't */
} UlStaging;

/* First removes staging directories whose owner is dead, then makes one. */
gboolean ul_staging_create (UlRepo *repo, UlStaging *out, GError **error);

/* Remove the directory and its lock file. */
gboolean ul_staging_remove (UlRepo *repo, UlStaging *self, GError **error);

/* Close without removing; for a staging that was removed, or is to be left to the next process. */
void ul_staging_clear (UlStaging *self);

G_END_DECLS
