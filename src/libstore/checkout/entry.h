// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/dir.h"
#include "core/file-meta.h"

#include <sys/stat.h>

/* One name that a checkout places, and what it's to be. Lives on a worker's stack. */

G_BEGIN_DECLS

typedef struct
{
  UlCheckoutDir *dir;
  const char *name; /* in the target */
  const UlChecksum *checksum;
  const UlFileMeta *whiteout; /* of the marker, if the name is to be a whiteout device; else NULL */
} UlCheckoutEntry;

/* Is what stands at the entry's name (@st: its lstat) just what we would put there? Type, content,
 * mode, owner and xattrs count; times and hardlinks don't. */
gboolean ul_checkout_entry_is_identical (const UlCheckoutEntry *entry, const struct stat *st,
                                         gboolean *out_identical, GError **error);

G_END_DECLS
