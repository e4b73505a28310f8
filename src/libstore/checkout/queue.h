// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/dir.h"

/* The files of directories, handed to workers in batches: many of a directory, or those of several
 * small ones. One thread adds. A directory stays referenced, and so open, until its files are done;
 * batches are bounded so that all of those take at most half of the process's descriptors. */

G_BEGIN_DECLS

/* Called by workers for each file of a directory, @index in its view. */
typedef gboolean (*UlCheckoutFileFunc) (UlCheckoutDir *dir, gsize index, const UlDirtreeFile *file,
                                        UlHasher *hasher, gpointer data, GError **error);

typedef struct
{
  guint jobs;           /* 0: one a CPU */
  gsize batch_max;      /* files a batch */
  UlProgress *progress; /* NULL: none */
  UlCheckoutFileFunc run;
  gpointer data;
} UlCheckoutQueueOptions;

typedef struct _UlCheckoutQueue UlCheckoutQueue;

UlCheckoutQueue *ul_checkout_queue_new (const UlCheckoutQueueOptions *options);

/* All files of the directory. FALSE when a file has failed already, so that one may stop early. */
gboolean ul_checkout_queue_add (UlCheckoutQueue *self, UlCheckoutDir *dir);

/* Wait until all is done. The error is that of the first file, in the order added, that failed. */
gboolean ul_checkout_queue_finish (UlCheckoutQueue *self, GError **error);

/* Drops what waits, if there was no finish () before it. */
void ul_checkout_queue_free (UlCheckoutQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlCheckoutQueue, ul_checkout_queue_free)

G_END_DECLS
