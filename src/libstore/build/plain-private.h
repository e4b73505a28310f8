// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/stat.h>

#include "core/file-meta.h"
#include "util/xattr.h"

/* Shared by build/plain*.c. */

G_BEGIN_DECLS

/* Of a plain commit's files. Nothing to clear. */
static inline UlFileMeta
ul_plain_meta (void)
{
  return (UlFileMeta){ .mode = S_IFREG | 0644, .xattrs = ul_xattr_empty () };
}

G_END_DECLS
