// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/oci-platform.h"
#include "image/documents.h"
#include "image/skopeo.h"

/* An image in a registry, or in podman's storage, as skopeo reads it: manifest and config byte for
 * byte, of an index the one for a platform. Layers may be opened from several threads. */

G_BEGIN_DECLS

typedef struct _UlRegistry UlRegistry;

#define UL_REGISTRY_STORAGE "containers-storage:"

/* @location: docker://NAME[:TAG|@DIGEST], or containers-storage: and what skopeo takes behind it,
 * which finds them unpacked. Where the policy asks for more than what can be had from the proxy,
 * all of the image is copied to @tmp_dfd, and is there until free. */
UlRegistry *ul_registry_open (const char *location, const UlOciPlatform *platform, int tmp_dfd,
                              const UlSkopeoOptions *options, GError **error);
void ul_registry_free (UlRegistry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlRegistry, ul_registry_free)

/* Its documents, verified, for the caller. Once. */
UlImageDocuments *ul_registry_steal_documents (UlRegistry *self);

gboolean ul_registry_is_unpacked (const UlRegistry *self);

/* @diff_id: of that layer. */
gboolean ul_registry_open_layer (const UlRegistry *self, const UlOciDescriptor *descriptor,
                                 const UlChecksum *diff_id, UlExtent *out, GError **error);

G_END_DECLS
