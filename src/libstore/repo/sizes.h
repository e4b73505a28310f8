// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/sizes.h"
#include "repo/transaction.h"

G_BEGIN_DECLS

/* What each object of a tree takes, for the commit that is to have it: the value of ostree.sizes
 * (core/sizes.h), floating. The objects are in the repository or staged in @transaction. Only for
 * repositories that are archives: *out_sizes is NULL elsewhere. One thread; each file object is
 * opened, none is read but its header. */
gboolean ul_transaction_list_sizes (UlTransaction *transaction, const UlChecksum *tree,
                                    const UlChecksum *meta, GVariant **out_sizes, GError **error);

G_END_DECLS
