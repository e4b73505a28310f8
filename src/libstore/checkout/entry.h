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
  gboolean replaces;          /* over whatever is at the name, but a directory */
  const UlFileMeta *whiteout; /* of the marker, if the name is to be a whiteout device; else NULL */
  gboolean is_copy;           /* a file of its own: neither the object nor one of the cache */
} UlCheckoutEntry;

G_END_DECLS
