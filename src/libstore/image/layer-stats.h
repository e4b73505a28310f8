// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/tar-frame.h"

/* What the headers of a layer's tar say that its commit doesn't hold: times, and owners of
 * everything at once. From its tar-split alone; no content is read. */

G_BEGIN_DECLS

typedef struct
{
  /* An entry, in the archive's order: @path is normal ("a/b", "" the root). @target of a hardlink:
   * normal, too, or NULL where it's longer than a header holds; else NULL. */
  gboolean (*entry) (const char *path, const UlTarStat *stat, const char *target, gpointer data,
                     GError **error);
  gpointer data;
} UlLayerStatsSink;

/* @tar_split: gzipped, read from its offset on; borrowed. Entries whose names can't be paths are
 * passed over. UL_ERROR_CORRUPT, or the sink's errors. */
gboolean ul_layer_stats_read (int tar_split, const UlLayerStatsSink *sink, GError **error);

G_END_DECLS
