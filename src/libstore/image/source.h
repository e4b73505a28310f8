// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/layout.h"

/* Where an image is imported from. What TRANSPORT:LOCATION means is skopeo's and podman's
 * (containers-transports(5)). Layers may be opened from several threads. */

G_BEGIN_DECLS

typedef struct _UlImageSource UlImageSource;

/* @location: oci:DIR[:TAG]. @platform: of an index, which image. UL_ERROR_INVALID for what is no
 * location, UL_ERROR_UNSUPPORTED for a transport that we don't have, both by name. */
UlImageSource *ul_image_source_open (const char *location, const UlOciPlatform *platform,
                                     GError **error);
void ul_image_source_free (UlImageSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlImageSource, ul_image_source_free)

/* Its documents, verified. Belongs to the source. */
const UlLayoutImage *ul_image_source_image (const UlImageSource *self);

/* The name in full that it has where none is given. UL_ERROR_INVALID if nothing there can be one.
 */
gboolean ul_image_source_suggest_name (const UlImageSource *self, char **out, GError **error);

/* Layer @index of the manifest as it's there: packed, of the promised size when it was opened, and
 * for the reader to verify. May be called again for the same layer. */
gboolean ul_image_source_open_layer (const UlImageSource *self, guint index, int *out_fd,
                                     GError **error);

G_END_DECLS
