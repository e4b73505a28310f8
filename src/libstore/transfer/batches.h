// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/import.h"

/* Many objects from one repository into another: imported by a pool of workers, and published
 * whenever a batch is full, so that neither memory nor what a kill destroys grows with the pull.
 * All under one shared lock, so that no prune takes what one batch brought before the next one
 * refers to it. One thread. */

G_BEGIN_DECLS

typedef struct
{
  UlRepo *repo;
  UlRepo *from;
  guint jobs;
  guint max_objects; /* of a batch */
  guint64 max_bytes;
  UlImportOptions import;
  UlTransactionOptions transaction;
  UlProgress *progress;
} UlBatchesOptions;

typedef struct _UlBatches UlBatches;

/* @options are copied. Takes the lock. */
UlBatches *ul_batches_new (const UlBatchesOptions *options, GError **error);

/* The transaction of the batch that is being filled; until the next push (). */
gboolean ul_batches_get_transaction (UlBatches *self, UlTransaction **out, GError **error);

/* One more object. What refers to others may come before them: as long as no commit is among these,
 * nobody reaches them. Its failure may come with a later push or with drain (). */
gboolean ul_batches_push (UlBatches *self, UlObjectType type, const UlChecksum *checksum,
                          GError **error);

/* Wait for all that was pushed. */
gboolean ul_batches_drain (UlBatches *self, GError **error);

/* After drain (): publish the last batch, with what was done with its transaction. Sums of all
 * batches. */
gboolean ul_batches_finish (UlBatches *self, UlTransactionStats *out_stats, GError **error);

void ul_batches_free (UlBatches *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlBatches, ul_batches_free)

G_END_DECLS
