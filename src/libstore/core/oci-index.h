// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/oci-descriptor.h"

/* An index: the platforms of one image (OCI's image index, Docker's manifest list), or the images
 * of a layout. Source: the OCI image specification 1.1, image-index.md and image-layout.md. */

G_BEGIN_DECLS

#define UL_OCI_MAX_MANIFESTS 10000 /* in an index */

typedef struct
{
  const UlOciMediaType *type; /* that the document gives itself, or NULL */
  GArray *manifests;          /* UlOciDescriptor */
} UlOciIndex;

/* @name is what errors call it. UL_ERROR_CORRUPT, or UL_ERROR_UNSUPPORTED for digests and schemas
 * that we don't have. */
UlOciIndex *ul_oci_index_parse (GBytes *bytes, const char *name, GError **error);
void ul_oci_index_free (UlOciIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlOciIndex, ul_oci_index_free)

/* The manifest or index in @index that does best for @wanted; of equals the first. What is neither
 * (attestations and other artifacts may be) is passed over. Belongs to @index. NULL with
 * UL_ERROR_NOT_FOUND, which lists the platforms that there are. */
const UlOciDescriptor *ul_oci_index_select (const UlOciIndex *index, const UlOciPlatform *wanted,
                                            GError **error);

/* The same for the index of a layout, in which images have names: the one called @tag, or the only
 * one if that is NULL. Its platform counts only if several have the name. The error lists the
 * names. */
const UlOciDescriptor *ul_oci_index_pick (const UlOciIndex *index, const char *tag,
                                          const UlOciPlatform *wanted, GError **error);

/* A layout's index without an image yet. */
#define UL_OCI_INDEX_EMPTY                                                                         \
  "{\"schemaVersion\":2,\"mediaType\":\"application/"                                              \
  "vnd.oci.image.index.v1+json\",\"manifests\":[]}"

/* Can a layout's image be called that? (image-spec, annotations.md.) UL_ERROR_INVALID. */
gboolean ul_oci_ref_name_check (const char *name, GError **error);

/* The index @bytes of a layout with one image more, which is called @tag. Images that had the name
 * before are left out. @tag NULL: it has none, and is the only one with this digest and no name.
 * The rest says the same as before. UL_ERROR_CORRUPT where @bytes are no index, or an index of this
 * size couldn't be read again. */
GBytes *ul_oci_index_put (GBytes *bytes, const char *name, const char *tag, const char *media_type,
                          const UlChecksum *digest, guint64 size, GError **error);

G_END_DECLS
