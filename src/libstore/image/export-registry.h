// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/export-manifest.h"
#include "image/skopeo.h"

/* An image on its way to a registry: from a layout to what skopeo copies byte for byte, whosever
 * words the manifest is in, which a layout doesn't allow. Private to image/. */

G_BEGIN_DECLS

/* To @location, with those blobs of @packs that are made, which are in the layout at @layout, as is
 * the one called @config. The layout gets a directory more, which another call uses again. A
 * registry that has a blob isn't sent it: of one that @manifest has, and neither the registry nor
 * we, *out_lacking is the index; else -1, for all other errors, too. */
gboolean ul_export_registry_push (int layout, GBytes *manifest, const UlChecksum *config,
                                  const UlLayerPack *packs, guint n_packs, const char *location,
                                  const UlSkopeoOptions *options, gint *out_lacking,
                                  GError **error);

G_END_DECLS
