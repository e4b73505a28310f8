// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/oci-descriptor.h"
#include "image/layout-writer.h"
#include "image/records.h"
#include "util/progress.h"

/* A layer's blob again, as its manifest describes it: from what was kept of it; else, as what
 * packed it isn't known, only the digest and size of what came of it, packed as common tools do
 * until one way gives that digest. Each way makes the tar anew and writes to a file of its own, so
 * that memory is small and no layer lies there unpacked. Private to image/. */

G_BEGIN_DECLS

typedef struct
{
  UlRepo *repo;
  const UlImageLayer *layer;
  const UlOciDescriptor *descriptor;
  UlLayoutWriter *writer;
  guint jobs;           /* threads that pack this one */
  gboolean one_way;     /* don't look for the one that gives the digest */
  UlProgress *progress; /* may be NULL */

  gboolean is_made; /* the blob is in the layout */
  gboolean is_exact;
  UlChecksum digest; /* the descriptor's, if it is exact */
  guint64 size;
  guint64 bytes_written;
  gboolean stands_in; /* the exporter's: it isn't exact, and goes out all the same */
} UlLayerPack;

/* Fills in the lower half; the blob is in the layout then, in the compression that the descriptor
 * says, even if not as it was. Any thread. */
gboolean ul_layer_pack (UlLayerPack *self, GError **error);

G_END_DECLS
