// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/plain-draft.h"
#include "core/checksum.h"
#include "core/tar-split.h"
#include "image/members.h"
#include "util/gunzip.h"
#include "util/progress.h"

/* A layer's blob on its way in: what is read of it is hashed as it is, unpacked, hashed again, and
 * its tar-split goes to a sink, while the tar goes to whoever pulls. One thread at a time. */

G_BEGIN_DECLS

typedef struct _UlLayerBlob UlLayerBlob;

/* Takes what @extent has. @sink may be NULL;
 * @progress, which gets the bytes read of the blob, too. */
UlLayerBlob *ul_layer_blob_new (UlExtent *extent, UlTarSplitSink sink, gpointer data,
                                UlProgress *progress, GError **error);
void ul_layer_blob_free (UlLayerBlob *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlLayerBlob, ul_layer_blob_free)

/* Before anything is pulled: which contents stay in the tar-split. */
void ul_layer_blob_keep (UlLayerBlob *self, UlTarSplitKeep keep, gpointer data);

/* Before anything is pulled: work on threads of its own, where it can. One reads and unpacks,
 * unless the blob is a pipe. */
void ul_layer_blob_use_threads (UlLayerBlob *self);

/* What it takes to have the blob again. */
typedef enum
{
  UL_RECIPE_BLOB,  /* itself */
  UL_RECIPE_SPLIT, /* its gzip-split (core/gzip-split.h) */
  UL_RECIPE_NONE,  /* a gzip-split, but as that is longer than the blob it's useless */
} UlRecipe;

/* Before anything is pulled: @draft, which is borrowed, gets it; @whole: be the blob gzip or not.
 */
void ul_layer_blob_write_recipe (UlLayerBlob *self, UlPlainDraft *draft, gboolean whole);

/* The tar, to be pulled. */
UlStream ul_layer_blob_stream (UlLayerBlob *self);

typedef struct
{
  UlChecksum digest; /* of the blob */
  guint64 size;
  UlChecksum diff_id; /* of the tar */
  guint64 diff_size;
  UlRecipe recipe; /* what was written, if it was asked for */
} UlLayerBlobSums;

/* Read what is left of tar and blob, to their ends. UL_ERROR_CORRUPT for more than
 * UL_LAYER_BLOB_MAX_TAIL bytes that nobody has pulled. */
#define UL_LAYER_BLOB_MAX_TAIL UL_GUNZIP_MAX_TAIL
gboolean ul_layer_blob_finish (UlLayerBlob *self, UlLayerBlobSums *out, GError **error);

/* finish () without a limit but that of gzip being taken apart, for whoever only wants to know the
 * sums. */
gboolean ul_layer_blob_drain (UlLayerBlob *self, UlLayerBlobSums *out, GError **error);

/* Does it begin in another way than a tar does? FALSE where there is nothing. */
gboolean ul_layer_blob_is_packed (const UlExtent *extent, gboolean *out, GError **error);

G_END_DECLS
