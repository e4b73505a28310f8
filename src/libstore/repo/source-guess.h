// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/file-meta.h"
#include "repo/objects.h"
#include "repo/source.h"

/* A stream beside the object that it's likely to be (UlSource.guess), so that nothing is written as
 * long as they are the same. Private to repo/. */

G_BEGIN_DECLS

typedef struct
{
  const UlFileMeta *meta;
  const UlSource *source;
  UlContent *content; /* of the object; NULL: there is none of that size */
  guint8 *chunk;      /* what was read from the stream last, which differs */
  gsize chunk_at;
  gsize chunk_len;
  guint64 same;   /* bytes before it that are the same; after restart (): how many are to come */
  UlChecksum sum; /* of a file that has these */
  UlHasher *hasher;
} UlGuessed;

void ul_guessed_clear (UlGuessed *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlGuessed, ul_guessed_clear)

/* Read @source, a stream with a guess, beside its object up to its end (*out_same: they are the
 * same, and ->sum is the checksum of a file of @meta that has it) or to where they differ. @hasher
 * is scratch. @self: zeroed; it keeps @meta and @source until clear (). */
gboolean ul_guessed_compare (UlGuessed *self, UlRepo *repo, const UlFileMeta *meta,
                             const UlSource *source, UlHasher *hasher, gboolean *out_same,
                             GError **error);

/* After compare (): the whole of the stream from its start, as a stream to be read once, of which
 * what was the same comes from the object. It fails with UL_ERROR_CORRUPT if that isn't the same
 * any more: somebody writes to an object. @out uses @self. */
gboolean ul_guessed_restart (UlGuessed *self, UlSource *out, GError **error);

G_END_DECLS
