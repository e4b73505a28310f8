// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "util/gunzip.h"

/* gzip-split: what there is of a gzip file besides its content, from which, with that, it can be
 * made again bit for bit, whatever program packed it: which bytes were written as matches, of what
 * length and from where, and the headers of blocks and members. Most of that can be foretold from
 * the content: a match goes as far as it can, and mostly comes from where the same bytes were last.
 * So it's a fifth of the gzip of a root filesystem, two thirds of that of texts, and more than all
 * of what packs to nearly nothing.
 *
 * The form is in docs/formats.md. It's read by core/gzip-split-reader.h. No I/O. One thread at a
 * time. */

G_BEGIN_DECLS

typedef gboolean (*UlGzipSplitSink) (const void *bytes, gsize len, gpointer data, GError **error);

typedef struct _UlGzipSplitWriter UlGzipSplitWriter;

UlGzipSplitWriter *ul_gzip_split_writer_new (UlGzipSplitSink sink, gpointer data);
void ul_gzip_split_writer_free (UlGzipSplitWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlGzipSplitWriter, ul_gzip_split_writer_free)

/* All chunks of one file, in order. Errors are the sink's. */
gboolean ul_gzip_split_writer_push (UlGzipSplitWriter *self, const UlGunzipChunk *chunk,
                                    GError **error);
gboolean ul_gzip_split_writer_finish (UlGzipSplitWriter *self, GError **error);

G_END_DECLS
