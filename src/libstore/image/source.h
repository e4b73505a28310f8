// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/oci-platform.h"
#include "image/documents.h"
#include "image/members.h"
#include "image/skopeo.h"

/* Where an image is imported from. What TRANSPORT:LOCATION means is skopeo's and podman's
 * (containers-transports(5)). Layers may be opened from several threads. */

G_BEGIN_DECLS

typedef struct
{
  const UlOciPlatform *platform; /* of an index, which image */
  int tmp_dfd;                   /* where temporary files may be; -1: the system's place */
  UlSkopeoOptions skopeo;        /* of a registry or storage */
} UlImageSourceOptions;

typedef struct _UlImageSource UlImageSource;

/* @location: oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME|:@INDEX],
 * docker://NAME[:TAG|@DIGEST], containers-storage:[SPEC]NAME[:TAG|@DIGEST].
 * UL_ERROR_INVALID for what is no location, UL_ERROR_UNSUPPORTED for a transport that we don't
 * have. The caller says which location it was. */
UlImageSource *ul_image_source_open (const char *location, const UlImageSourceOptions *options,
                                     GError **error);
/* The same of the only image in the layout at @dfd, which is borrowed and called @what in errors.
 */
UlImageSource *ul_image_source_open_layout (int dfd, const char *what,
                                            const UlImageSourceOptions *options, GError **error);
void ul_image_source_free (UlImageSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlImageSource, ul_image_source_free)

/* Verified. Belong to the source. */
const UlImageDocuments *ul_image_source_documents (const UlImageSource *self);

/* The name in full that it has where none is given. UL_ERROR_INVALID if nothing there can be one.
 */
gboolean ul_image_source_suggest_name (const UlImageSource *self, char **out, GError **error);

/* Has the manifest the digests of unpacked layers, however they are packed where they are? */
gboolean ul_image_source_is_unpacked (const UlImageSource *self);

/* Layer @index of the manifest as it's there, for the reader to verify. May be called again for the
 * same layer. *out needs clear (). */
gboolean ul_image_source_open_layer (const UlImageSource *self, guint index, UlExtent *out,
                                     GError **error);

G_END_DECLS
