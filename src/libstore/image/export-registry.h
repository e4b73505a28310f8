// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/export-manifest.h"
#include "image/skopeo.h"

/* An image on its way to a registry: from a layout to what skopeo copies byte for byte, whosever
 * words the manifest is in, which a layout doesn't allow. Private to image/. */

G_BEGIN_DECLS

/* The blobs of @packs and the one called @config are in the layout at @layout, which gets a
 * directory more. */
gboolean ul_export_registry_push (int layout, GBytes *manifest, const UlChecksum *config,
                                  const UlLayerPack *packs, guint n_packs, const char *location,
                                  const UlSkopeoOptions *options, GError **error);

G_END_DECLS
