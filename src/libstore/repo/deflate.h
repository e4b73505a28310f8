// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/source.h"

/* Raw deflate streams (RFC 1951) for archive mode. Private to repo/. */

G_BEGIN_DECLS

/* Pack @len bytes (at most UL_SOURCE_WHOLE_MAX) at once. The result belongs to @scratch until its
 * next use. */
void ul_deflate_whole (const guint8 *data, gsize len, UlScratch *scratch, gint level,
                       const guint8 **out_packed, gsize *out_len);

/* Pack a source of any size to @fd; @tee (may be NULL) gets the content. */
gboolean ul_deflate_stream (const UlSource *source, UlScratch *scratch, gint level, int fd,
                            UlHasher *tee, GError **error);

/* Reads a raw deflate stream from a descriptor, at its offset. */
typedef struct _UlInflate UlInflate;

/* Borrows @fd. */
UlInflate *ul_inflate_new (int fd);
void ul_inflate_free (UlInflate *self);
/* Up to @len bytes; *out_n is 0 at the end of the stream. UL_ERROR_CORRUPT if it's damaged,
 * truncated, or followed by other bytes. */
gboolean ul_inflate_read (UlInflate *self, void *buffer, gsize len, gsize *out_n, GError **error);

G_END_DECLS
