// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "util/json.h"

/* Digests as OCI images write them: sha256: and 64 lowercase hex digits. Other algorithms of the
 * specification are UL_ERROR_UNSUPPORTED, by name; what is no digest at all is UL_ERROR_CORRUPT.
 * Source: the OCI image specification 1.1, descriptor.md. */

G_BEGIN_DECLS

#define UL_OCI_DIGEST_PREFIX "sha256:"
#define UL_OCI_DIGEST_SIZE   (sizeof UL_OCI_DIGEST_PREFIX + UL_CHECKSUM_HEX_LEN) /* with the NUL */

gboolean ul_oci_digest_parse (const char *text, UlChecksum *out, GError **error);
void ul_oci_digest_format (const UlChecksum *digest, char out[UL_OCI_DIGEST_SIZE]);

/* Of a string in a document; of a member that has to be there. */
gboolean ul_oci_digest_of (const UlJsonValue *string, UlChecksum *out, GError **error);
gboolean ul_oci_digest_get (const UlJsonValue *object, const char *name, UlChecksum *out,
                            GError **error);

G_END_DECLS
