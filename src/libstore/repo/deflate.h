// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/source.h"

/* Raw deflate streams (RFC 1951) for archive mode. Private to repo/. */

G_BEGIN_DECLS

/* libdeflate's level for a configured zlib level (0 to 9). */
gint ul_deflate_level (gint zlib_level);

/* Would packing @data be in vain? A guess from samples. */
gboolean ul_deflate_is_incompressible (const guint8 *data, gsize len);

/* @data as stored blocks; @room is at least libdeflate's bound for it. Returns the size. */
gsize ul_deflate_store (const guint8 *data, gsize len, guint8 *out, gsize room);

/* Pack @len bytes (at most UL_SOURCE_WHOLE_MAX) at once. The result belongs to @scratch until its
 * next use. */
void ul_deflate_whole (const guint8 *data, gsize len, UlScratch *scratch, gint zlib_level,
                       const guint8 **out_packed, gsize *out_len);

/* Pack a source of any size to @fd, on up to @jobs threads; @tee (may be NULL) gets the content.
 * The bytes don't depend on @jobs. (deflate-chunks.c) */
gboolean ul_deflate_stream (const UlSource *source, gint zlib_level, guint jobs, int fd,
                            UlHasher *tee, GError **error);

/* Unpack a whole stream at once, to exactly @size bytes at @out. UL_ERROR_CORRUPT as below. */
gboolean ul_inflate_whole (const guint8 *packed, gsize packed_len, UlScratch *scratch, guint8 *out,
                           gsize size, GError **error);

/* Reads a raw deflate stream from a descriptor, at its offset. */
typedef struct _UlInflate UlInflate;

/* Borrows @fd. */
UlInflate *ul_inflate_new (int fd);
void ul_inflate_free (UlInflate *self);
/* Up to @len bytes; *out_n is 0 at the end of the stream. UL_ERROR_CORRUPT if it's damaged,
 * truncated, or followed by other bytes. */
gboolean ul_inflate_read (UlInflate *self, void *buffer, gsize len, gsize *out_n, GError **error);

G_END_DECLS
