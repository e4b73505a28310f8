// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/dir.h"

/* What is to be done in directories, mostly to their files, handed to workers in batches: many
 * entries of a directory, or those of several small ones. One thread adds. A directory stays
 * referenced, and so open, until its entries are done; batches are bounded so that all of those
 * take at most half of the process's descriptors. */

G_BEGIN_DECLS

/* Called by workers for each entry of a directory. */
typedef gboolean (*UlCheckoutEntryFunc) (UlCheckoutDir *dir, gsize index, UlHasher *hasher,
                                         gpointer data, GError **error);

typedef struct
{
  guint jobs;           /* 0: one a CPU */
  gsize batch_max;      /* entries a batch */
  UlProgress *progress; /* NULL: none */
  UlCheckoutEntryFunc run;
  gpointer data;
} UlCheckoutQueueOptions;

typedef struct _UlCheckoutQueue UlCheckoutQueue;

UlCheckoutQueue *ul_checkout_queue_new (const UlCheckoutQueueOptions *options);

/* @n entries of the directory, by index from 0. FALSE when one has failed already, so that one may
 * stop early. */
gboolean ul_checkout_queue_add (UlCheckoutQueue *self, UlCheckoutDir *dir, gsize n);

/* Wait until all is done. The error is that of the first entry, in the order added, that failed. */
gboolean ul_checkout_queue_finish (UlCheckoutQueue *self, GError **error);

/* Drops what waits, if there was no finish () before it. */
void ul_checkout_queue_free (UlCheckoutQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlCheckoutQueue, ul_checkout_queue_free)

G_END_DECLS
