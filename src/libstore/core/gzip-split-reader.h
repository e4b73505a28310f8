// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/gzip-split.h"

/* Makes a gzip file again from its gzip-split and its content, which comes in pieces. Nothing is
 * believed of either, but only a digest tells whether what comes out is what once went in. Memory:
 * a frame (8 MiB at most), and a window of the content. No I/O but the split's. One thread at a
 * time. */

G_BEGIN_DECLS

typedef struct _UlGzipSplitReader UlGzipSplitReader;

/* @split: copied; the bytes that a UlGzipSplitWriter wrote. @sink gets the gzip file. */
UlGzipSplitReader *ul_gzip_split_reader_new (const UlStream *split, UlGzipSplitSink sink,
                                             gpointer data);
void ul_gzip_split_reader_free (UlGzipSplitReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlGzipSplitReader, ul_gzip_split_reader_free)

/* The next bytes of the content. UL_ERROR_CORRUPT for a split that is damaged or doesn't fit the
 * content, or the error of stream or sink as it is; no call after that. */
gboolean ul_gzip_split_reader_push (UlGzipSplitReader *self, const guint8 *content, gsize len,
                                    GError **error);
/* UL_ERROR_CORRUPT as well if the split is of more content, or of less. */
gboolean ul_gzip_split_reader_finish (UlGzipSplitReader *self, GError **error);

G_END_DECLS
