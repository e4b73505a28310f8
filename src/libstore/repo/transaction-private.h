// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/transaction.h"

/* What a writer needs of its transaction. Thread-safe. Private to repo/. */

G_BEGIN_DECLS

int ul_transaction_staging_dfd (UlTransaction *self);
gboolean ul_transaction_syncs_each (UlTransaction *self);
UlTransactionStats *ul_transaction_stats (UlTransaction *self); /* fields: atomic adds only */

/* The name of a new file in the staging directory. */
#define UL_STAGED_NAME_MAX 24
void ul_transaction_next_name (UlTransaction *self, char out[UL_STAGED_NAME_MAX]);

/* Has nobody staged this object yet? Then it's the caller's to stage: TRUE once for each object. */
gboolean ul_transaction_claim (UlTransaction *self, UlObjectType type, const UlChecksum *checksum);

/* The complete file @name is that object; it's published on commit. */
void ul_transaction_staged (UlTransaction *self, UlObjectType type, const UlChecksum *checksum,
                            const char *name);

/* Ask for room for @size more bytes of content: UL_ERROR_NO_SPACE if that goes below what the
 * configuration wants kept free. */
gboolean ul_transaction_reserve (UlTransaction *self, guint64 size, GError **error);

G_END_DECLS
