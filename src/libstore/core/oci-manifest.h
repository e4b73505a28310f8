// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/oci-descriptor.h"

/* An image's manifest, OCI's or Docker's (schema 2): its config and layers. What is taken can be
 * imported: the config is an image's, the layers are tars, to be had from where the manifest is,
 * and not encrypted. Source: the OCI image specification 1.1, manifest.md. */

G_BEGIN_DECLS

#define UL_OCI_MAX_LAYERS 1000

typedef struct
{
  const UlOciMediaType *type; /* that the document gives itself, or NULL */
  UlOciDescriptor config;
  GArray *layers;          /* UlOciDescriptor, the lowest first; each has a type */
  GHashTable *annotations; /* of strings; NULL where there are none */
} UlOciManifest;

/* @name is what errors call it. UL_ERROR_CORRUPT; UL_ERROR_UNSUPPORTED for schema 1, other
 * artifacts than images, and layers that we can't have or read. */
UlOciManifest *ul_oci_manifest_parse (GBytes *bytes, const char *name, GError **error);
void ul_oci_manifest_free (UlOciManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlOciManifest, ul_oci_manifest_free)

G_END_DECLS
