// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* What a name in an archive is as a path in a tree. No I/O, any thread. */

G_BEGIN_DECLS

/* "a/b" of "./a//b/" and "/a/./b"; "" is the root. `..` is UL_ERROR_INVALID, other bytes than UTF-8
 * are UL_ERROR_UNSUPPORTED. */
gboolean ul_tar_path_normalize (const char *path, char **out, GError **error);

G_END_DECLS
