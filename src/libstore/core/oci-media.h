// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "util/json.h"

/* The media types of images, OCI's and Docker's (schema 2), and what a document says itself that it
 * is. Source: the OCI image specification 1.1, media-types.md and layer.md; Docker's image manifest
 * version 2, schema 2. */

G_BEGIN_DECLS

/* Bytes of a manifest, index or config, as registries have it. */
#define UL_OCI_MAX_DOCUMENT (4 * 1024 * 1024)

#define UL_OCI_MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"

typedef enum
{
  UL_OCI_INDEX,
  UL_OCI_MANIFEST,
  UL_OCI_SCHEMA1, /* Docker's old manifest, which we refuse */
  UL_OCI_CONFIG,
  UL_OCI_LAYER,
} UlOciKind;

typedef enum
{
  UL_OCI_PLAIN,
  UL_OCI_GZIP,
  UL_OCI_ZSTD,
} UlOciCompression;

typedef struct
{
  const char *name;
  UlOciKind kind;
  UlOciCompression compression; /* of a layer, as it's announced */
  gboolean foreign;             /* a layer that its maker doesn't want in registries */
} UlOciMediaType;

/* NULL for any other; case counts. */
const UlOciMediaType *ul_oci_media_type_find (const char *name);

/* The same in OCI's words; itself if it's OCI's. */
const UlOciMediaType *ul_oci_media_type_in_oci (const UlOciMediaType *type);

/* A layer type that only somebody with a key can read. */
gboolean ul_oci_media_type_is_encrypted (const char *name);

/* Is the document at @root an index or a manifest (@kind) and nothing else? It has schemaVersion 2;
 * a mediaType of that kind if any, which is given in *out_type (else NULL); and none of the members
 * that make the other kind, as a document must not be one to us and another to the next reader.
 * UL_ERROR_UNSUPPORTED for schema 1. */
gboolean ul_oci_media_check_document (const UlJsonValue *root, UlOciKind kind,
                                      const UlOciMediaType **out_type, GError **error);

G_END_DECLS
