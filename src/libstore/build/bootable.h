// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/tree.h"

/* The version of the one kernel in a tree: the directory below /usr/lib/modules that holds a
 * vmlinuz. None or several are errors. Caller frees. Private to build/. */

G_BEGIN_DECLS

gboolean ul_bootable_find_kernel (UlTree *root, UlRepo *repo, char **out_version, GError **error);

G_END_DECLS
