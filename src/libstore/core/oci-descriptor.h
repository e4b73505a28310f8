// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/oci-digest.h"
#include "core/oci-media.h"
#include "core/oci-platform.h"

/* A descriptor: how one document of an image points to another, or to a layer. Its data member is
 * not used, as everything is in a blob as well. Source: the OCI image specification 1.1,
 * descriptor.md. */

G_BEGIN_DECLS

#define UL_OCI_REF_NAME "org.opencontainers.image.ref.name"

typedef struct
{
  char *media_type;
  const UlOciMediaType *type; /* NULL for one that we don't know */
  UlChecksum digest;
  guint64 size;            /* bytes of the blob */
  GHashTable *annotations; /* of strings; NULL where there are none */
  UlOciPlatform *platform; /* NULL where it isn't said */
  gboolean has_urls;       /* the blob is to be had from elsewhere */
} UlOciDescriptor;

/* @value is an object. *out needs ul_oci_descriptor_clear (). */
gboolean ul_oci_descriptor_parse (const UlJsonValue *value, UlOciDescriptor *out, GError **error);
void ul_oci_descriptor_clear (UlOciDescriptor *descriptor);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlOciDescriptor, ul_oci_descriptor_clear)

/* The member @name, which has to be there. */
gboolean ul_oci_descriptor_get (const UlJsonValue *object, const char *name, UlOciDescriptor *out,
                                GError **error);

/* The member @name, an array of at most @max, as a new array of UlOciDescriptor that clears them.
 */
gboolean ul_oci_descriptors_get (const UlJsonValue *object, const char *name, guint max,
                                 GArray **out, GError **error);

/* The name that a layout's index gives it, or NULL. */
const char *ul_oci_descriptor_ref_name (const UlOciDescriptor *descriptor);

static inline const UlOciDescriptor *
ul_oci_descriptor_at (const GArray *descriptors, guint i)
{
  return &g_array_index (descriptors, UlOciDescriptor, i);
}

G_END_DECLS
