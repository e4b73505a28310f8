// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/dir.h"

/* Placing one file of a commit in a directory of the target: as a hardlink, a copy, a symlink or a
 * whiteout device. Run by workers. */

G_BEGIN_DECLS

/* File @index of the commit's directory. @name may still become another name (whiteout), or be no
 * file at all (a marker that the walk has applied). Errors name the path. */
gboolean ul_checkout_place (UlCheckoutDir *dir, const char *name, const UlChecksum *checksum,
                            gsize index, GError **error);

/* The same by one rename over what an update has looked at, which may be nothing: so the name never
 * stands for something that has half of its metadata. */
gboolean ul_checkout_replace (UlCheckoutDir *dir, const char *name, const UlChecksum *checksum,
                              GError **error);

G_END_DECLS
