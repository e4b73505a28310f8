// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"

/* The digest of a blob that has been written to a file. Private to image/. */

G_BEGIN_DECLS

/* Feed @fd from @from on to @hashers, which are started. */
gboolean ul_blob_hash (int fd, guint64 from, UlHasher **hashers, gsize n_hashers, GError **error);

/* Of all of @fd. */
gboolean ul_blob_digest (int fd, UlChecksum *out, GError **error);

G_END_DECLS
