// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "repo/transaction.h"

/* Reading a UlSource, and the buffers a writer keeps for that. Private to repo/. */

G_BEGIN_DECLS

typedef struct libdeflate_compressor UlDeflate;
typedef struct libdeflate_decompressor UlUnpacker;

/* A thread's own buffers, each made when first needed. */
typedef struct
{
  guint8 *chunk; /* UL_SCRATCH_CHUNK bytes, for streaming */
  guint8 *whole; /* small files, as a whole */
  gsize whole_size;
  guint8 *packed; /* the compressed form of a small file */
  gsize packed_size;
  UlDeflate *deflate; /* of the repository's level */
  UlUnpacker *unpack;
} UlScratch;

#define UL_SCRATCH_CHUNK (128 * 1024)

void ul_scratch_clear (UlScratch *scratch);
guint8 *ul_scratch_chunk (UlScratch *scratch);
guint8 *ul_scratch_whole (UlScratch *scratch, gsize size);
guint8 *ul_scratch_packed (UlScratch *scratch, gsize size);

/* Reads @source from its start, exactly source->size bytes. */
typedef struct
{
  const UlSource *source;
  guint64 offset;
} UlCursor;

/* Up to @len bytes; *out_n is 0 at the end only. A source that ends early is an error. */
gboolean ul_cursor_read (UlCursor *cursor, void *buffer, gsize len, gsize *out_n, GError **error);

/* All of the source, which is at most UL_SOURCE_WHOLE_MAX, in memory: its own or in scratch->whole.
 */
gboolean ul_source_get_whole (const UlSource *source, UlScratch *scratch, const guint8 **out_data,
                              GError **error);

/* Everything into @hasher. */
gboolean ul_source_hash (const UlSource *source, UlScratch *scratch, UlHasher *hasher,
                         GError **error);

/* Everything to @fd, and into @tee if not NULL, unless it was cloned. */
gboolean ul_source_write (const UlSource *source, UlScratch *scratch, int fd, UlHasher *tee,
                          GError **error);

G_END_DECLS
