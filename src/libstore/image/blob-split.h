// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/plain-draft.h"
#include "util/gunzip.h"

/* Writes the gzip-split (core/gzip-split.h) of a blob while somebody unpacks it: on a thread of its
 * own, as finding out how something was packed takes as long as unpacking it. Private to image/. */

G_BEGIN_DECLS

typedef struct _UlBlobSplit UlBlobSplit;

/* @draft: borrowed; nobody else uses it until finish () or free (). @max: more bytes aren't
 * written. @threaded: FALSE does the work in push (). */
UlBlobSplit *ul_blob_split_new (UlPlainDraft *draft, guint64 max, gboolean threaded);
void ul_blob_split_free (UlBlobSplit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlBlobSplit, ul_blob_split_free)

/* The next chunk. Waits while 8 are there. It may fail by one pushed before. */
gboolean ul_blob_split_push (UlBlobSplit *self, const UlGunzipChunk *chunk, GError **error);
/* All is written then, but for *out_is_too_long. */
gboolean ul_blob_split_finish (UlBlobSplit *self, gboolean *out_is_too_long, GError **error);

G_END_DECLS
