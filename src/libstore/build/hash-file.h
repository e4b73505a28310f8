// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "repo/source-file.h"

/* The checksum of a file as a content object. Private to build/. */

G_BEGIN_DECLS

/* Reads @file to its end. @hasher is scratch. */
gboolean ul_hash_file (UlSourceFile *file, UlHasher *hasher, UlChecksum *out, GError **error);

/* Of a file with no content, or a symlink. */
void ul_hash_file_meta (const UlFileMeta *meta, UlHasher *hasher, UlChecksum *out);

G_END_DECLS
