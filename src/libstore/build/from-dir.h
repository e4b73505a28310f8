// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/intake.h"

/* Directories into a tree. One thread walks and lists; workers read, hash and store files. Private
 * to build/. */

G_BEGIN_DECLS

/* Overlay directory @path (as open () takes it) onto @root. All of it is stored, staged, on return.
 */
gboolean ul_from_dir (const UlIntake *self, const char *path, UlTree *root, GError **error);

G_END_DECLS
