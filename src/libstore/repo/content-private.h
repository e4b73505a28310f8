// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/objects.h"
#include "repo/source.h"

/* Content objects for those who have a writer's buffers. Private to repo/. */

G_BEGIN_DECLS

/* All of the content, at most UL_SOURCE_WHOLE_MAX and not read from yet, in memory: @scratch's,
 * until its next use. */
gboolean ul_content_get_whole (UlContent *content, UlScratch *scratch, const guint8 **out_data,
                               GError **error);

/* To its start again, in the file that is open already; not of a symlink. */
gboolean ul_content_rewind (UlContent *content, GError **error);

/* Open the file of an object that stands elsewhere than in objects/, such as one that is staged; in
 * a mode in which the file says everything about the object (ul_repo_is_compressed ()). */
gboolean ul_content_open_at (UlRepo *repo, int dfd, const char *path, const UlChecksum *checksum,
                             UlContent **out_content, GError **error);

/* The checksum of what is read from @content. *out_bytes: what was hashed of its content. */
gboolean ul_content_hash (UlContent *content, UlHasher *hasher, UlChecksum *out_checksum,
                          guint64 *out_bytes, GError **error);

G_END_DECLS
