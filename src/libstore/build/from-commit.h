// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/intake.h"

/* The tree of a commit into a tree. What nothing changes is taken over by its checksum: neither
 * file objects nor, where nothing was before, dirtrees are read. One thread walks; workers store
 * files whose metadata the modifier changes. Private to build/. */

G_BEGIN_DECLS

/* Overlay the tree of @rev onto @root. All that is new is stored, staged, on return. Whiteouts of a
 * commit are markers already, and xattrs that overlayfs wrote are content: retarget_whiteouts
 * changes neither. */
gboolean ul_from_commit (const UlIntake *self, const char *rev, UlTree *root, GError **error);

G_END_DECLS
