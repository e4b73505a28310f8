// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/oci-config.h"
#include "core/oci-manifest.h"

/* The documents of one image: what its manifest and config say, and their very bytes. No I/O. */

G_BEGIN_DECLS

typedef struct
{
  char *media_type; /* of the manifest */
  UlChecksum manifest_digest;
  GBytes *manifest_bytes;
  GBytes *config_bytes; /* its digest is in @manifest */
  GBytes *index_bytes;  /* of the index that led to it, or NULL */
  UlOciManifest *manifest;
  UlOciConfig *config; /* has a diff ID for each layer of @manifest */
} UlImageDocuments;

/* Takes the manifest apart; the config is still to come. @name is what errors call it, @media_type
 * what is said of it elsewhere (it may say nothing else of itself), or NULL. */
UlImageDocuments *ul_image_documents_new (GBytes *manifest, const char *media_type,
                                          const char *name, GError **error);
void ul_image_documents_free (UlImageDocuments *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlImageDocuments, ul_image_documents_free)

/* The config that its manifest refers to: UL_ERROR_CORRUPT for another one. */
gboolean ul_image_documents_set_config (UlImageDocuments *self, GBytes *config, GError **error);

/* "config sha256:..." for messages. Free it. */
char *ul_image_documents_name (const char *kind, const UlChecksum *digest);

/* UL_ERROR_CORRUPT unless @bytes are what @digest says. */
gboolean ul_image_documents_check_digest (GBytes *bytes, const UlChecksum *digest, const char *name,
                                          GError **error);

G_END_DECLS
