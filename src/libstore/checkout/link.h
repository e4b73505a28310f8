// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/entry.h"
#include "checkout/unite.h"

/* Placing an entry as a hardlink of a file in the repository. */

G_BEGIN_DECLS

/* Link @path below @dfd to the entry's name, by the union mode. *out_put is REFUSED if it can't be
 * linked and a copy is allowed instead. */
gboolean ul_checkout_link (const UlCheckoutEntry *entry, int dfd, const char *path,
                           UlCheckoutPut *out_put, GError **error);

/* The same where @path is another name in the target: a copy is always allowed. */
gboolean ul_checkout_link_name (const UlCheckoutEntry *entry, int dfd, const char *path,
                                UlCheckoutPut *out_put, GError **error);

G_END_DECLS
