// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/stat.h>

#include "repo/transaction.h"

/* What a writer needs of its transaction. Thread-safe. Private to repo/. */

G_BEGIN_DECLS

int ul_transaction_staging_dfd (UlTransaction *self);
/* What is made in it belongs to whom it belongs, by whatever rule: it was made below tmp/ itself.
 */
const struct stat *ul_transaction_staging_stat (UlTransaction *self);
gboolean ul_transaction_syncs_each (UlTransaction *self);
/* The threads that one large file may be packed on: all for the first who asks, 1 for who comes
 * while that one has them, so that neither threads nor memory multiply. */
guint ul_transaction_take_jobs (UlTransaction *self);
void ul_transaction_give_jobs (UlTransaction *self, guint jobs);
UlTransactionStats *ul_transaction_stats (UlTransaction *self); /* fields: atomic adds only */

/* Where an object is staged, below the staging directory: its loose path with a prefix to the
 * directory, so that OSTree, which reuses a staging directory of the same boot, doesn't take a file
 * that a killed process left half written for an object. */
#define UL_STAGED_PREFIX   "new-"
#define UL_STAGED_PATH_MAX (sizeof UL_STAGED_PREFIX + UL_OBJECT_LOOSE_PATH_MAX)
/* Makes the directory, too. */
gboolean ul_transaction_staged_path (UlTransaction *self, UlObjectType type,
                                     const UlChecksum *checksum, char out[UL_STAGED_PATH_MAX],
                                     GError **error);
void ul_staged_path (const UlChecksum *checksum, UlObjectType type, gboolean compressed,
                     char out[UL_STAGED_PATH_MAX]);

/* A name for a file whose checksum isn't known yet. */
#define UL_STAGED_TMP_MAX 24
void ul_transaction_tmp_name (UlTransaction *self, char out[UL_STAGED_TMP_MAX]);

/* For repairs: what stands in objects/ under this name is no such object. It counts as not there,
 * and what is staged takes its place. */
void ul_transaction_replace (UlTransaction *self, UlObjectType type, const UlChecksum *checksum);
gboolean ul_transaction_is_repair (UlTransaction *self); /* replaces anything */

/* Have the exclusive lock from here on. In between there is none: staging has a lock of its own. */
gboolean ul_transaction_lock_exclusive (UlTransaction *self, GError **error);

/* Is the object to be written? Not if it's in the repository or somebody stages it already. TRUE
 * once for each object, which is then the caller's to stage. Here a signal interrupts whatever
 * writes objects. */
gboolean ul_transaction_claim (UlTransaction *self, UlObjectType type, const UlChecksum *checksum,
                               gboolean *out_claimed, GError **error);

/* Is the object in the repository itself? Where objects/ has no directory for it, that takes no
 * look. */
gboolean ul_transaction_has (UlTransaction *self, UlObjectType type, const UlChecksum *checksum,
                             gboolean *out_has, GError **error);

/* The same as claim () without a look into the repository: for what is replaced there. */
gboolean ul_transaction_claim_anyway (UlTransaction *self, UlObjectType type,
                                      const UlChecksum *checksum);

/* What was claimed won't come: it can be claimed again. */
void ul_transaction_disclaim (UlTransaction *self, UlObjectType type, const UlChecksum *checksum);

/* The file at its staged path is complete; it's published on commit. */
void ul_transaction_staged (UlTransaction *self, UlObjectType type, const UlChecksum *checksum);

/* A write failed: the transaction can no longer be committed. Always FALSE. */
gboolean ul_transaction_fail (UlTransaction *self);

/* Ask for room for @size more bytes of content: UL_ERROR_NO_SPACE if that goes below what the
 * configuration wants kept free. */
gboolean ul_transaction_reserve (UlTransaction *self, guint64 size, GError **error);

G_END_DECLS
