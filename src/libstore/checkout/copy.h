// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/entry.h"
#include "checkout/unite.h"

/* Making an entry new: a copy of a regular file (reflinked where the file system can), or a
 * symlink, with the metadata that the plan says. A file gets its name when it's complete. */

G_BEGIN_DECLS

/* *out_put is MADE or KEPT. */
gboolean ul_checkout_copy (const UlCheckoutEntry *entry, UlCheckoutPut *out_put, GError **error);

G_END_DECLS
