// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/layer-pack.h"

/* The manifest of an image that goes out: as it came if that can be. Private to image/. */

G_BEGIN_DECLS

/* Is it in Docker's words? They go into OCI's: of such a manifest in a layout skopeo and podman
 * say that it isn't there. */
gboolean ul_export_manifest_is_docker (const UlImageDocuments *image);

/* With digest and size of those layers in @packs, one for each, that stand in. Nothing else
 * changes, but for Docker's words @in_oci; where nothing does, not a byte. *out_type: its media
 * type. */
gboolean ul_export_manifest_make (const UlImageDocuments *image, const UlLayerPack *packs,
                                  gboolean in_oci, GBytes **out, const char **out_type,
                                  GError **error);

G_END_DECLS
