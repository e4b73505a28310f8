// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/objects.h"
#include "repo/source.h"

/* A stream beside the object that it's likely to be (UlSource.guess), so that nothing is written as
 * long as they are the same. Private to repo/. */

G_BEGIN_DECLS

typedef struct
{
  UlRepo *repo;
  const UlSource *source;
  UlContent *content; /* of the object; NULL: there is none of that size */
  guint8 *chunk;      /* what was read from the stream last, which differs */
  gsize chunk_at;
  gsize chunk_len;
  guint64 same; /* bytes before it that are the same; in rest (): of these, how many are to come */
} UlGuessed;

void ul_guessed_clear (UlGuessed *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlGuessed, ul_guessed_clear)

/* Read @source, a stream with a guess, beside its object up to its end (*out_same: they are the
 * same) or to where they differ. All that was read is in @hasher. @self: zeroed; it keeps @repo and
 * @source until clear (). */
gboolean ul_guessed_compare (UlGuessed *self, UlRepo *repo, const UlSource *source,
                             UlHasher *hasher, gboolean *out_same, GError **error);

/* After compare (): the whole of the stream from its start, as a stream to be read once, of which
 * what was the same comes from the object. @out uses @self. */
gboolean ul_guessed_restart (UlGuessed *self, UlSource *out, GError **error);

G_END_DECLS
