// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/to-tar.h"
#include "repo/objects.h"

/* Where the bytes of an archive go: a descriptor, through util/gzip.h or libarchive's compressors
 * if asked for. One thread. */

G_BEGIN_DECLS

typedef struct _UlTarSink UlTarSink;

/* @fd is borrowed, and named @what in errors. UL_ERROR_UNSUPPORTED if there is no such compressor.
 */
UlTarSink *ul_tar_sink_new (int fd, const char *what, UlToTarCompression compression, guint jobs,
                            GError **error);
/* @hasher, which is started, or NULL, is fed all that is written from now on; borrowed. */
void ul_tar_sink_set_hasher (UlTarSink *sink, UlHasher *hasher);
gboolean ul_tar_sink_write (UlTarSink *sink, gconstpointer data, gsize len, GError **error);
/* All of @content, whatever its size. */
gboolean ul_tar_sink_content (UlTarSink *sink, UlContent *content, GError **error);
/* Bytes so far, before compression. */
guint64 ul_tar_sink_position (UlTarSink *sink);
/* Everything is at the descriptor then. */
gboolean ul_tar_sink_finish (UlTarSink *sink, GError **error);
void ul_tar_sink_free (UlTarSink *sink);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlTarSink, ul_tar_sink_free)

G_END_DECLS
