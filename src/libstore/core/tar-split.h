// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* tar-split: what there is of a tar besides the contents of its files, from which, with those, it
 * can be put together again byte for byte. Lines of JSON, as containers/storage keeps them
 * (gzipped) beside a layer:
 *
 *     {"type":2,"payload":"<base64>","position":0}          bytes as they are
 *     {"type":1,"name":"a/b","size":5,"payload":"<base64 of the CRC-64, big-endian>","position":1}
 *                                                           the content of that file; without
 * content the size is left out and the payload null
 *
 * A name that isn't UTF-8 is in base64 as "name_raw". Contents that are in no file of a tree as a
 * whole (of sparse files, and what ul_tar_split_writer_keep () is for) are kept as bytes. Lines are
 * read by core/tar-split-reader.h.
 *
 * Source: tar-split files written by podman 4.3.1. No I/O. One thread at a time. */

G_BEGIN_DECLS

/* Gets whole lines, in order. */
typedef gboolean (*UlTarSplitSink) (const char *lines, gsize len, gpointer data, GError **error);

typedef struct _UlTarSplitWriter UlTarSplitWriter;

UlTarSplitWriter *ul_tar_split_writer_new (UlTarSplitSink sink, gpointer data);
void ul_tar_split_writer_free (UlTarSplitWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlTarSplitWriter, ul_tar_split_writer_free)

/* Is the content of an entry to be kept as bytes, as no tree will have it (an archive may have a
 * name twice)? Such an entry gets no line of its own. Asked once for each that has content, in the
 * order of the archive. */
typedef gboolean (*UlTarSplitKeep) (const char *name, guint64 size, gpointer data);
void ul_tar_split_writer_keep (UlTarSplitWriter *self, UlTarSplitKeep keep, gpointer data);

/* The archive's bytes, as they come. Errors are those of ul_tar_frame_push () and of the sink. */
gboolean ul_tar_split_writer_push (UlTarSplitWriter *self, const void *bytes, gsize len,
                                   GError **error);
gboolean ul_tar_split_writer_finish (UlTarSplitWriter *self, GError **error);

G_END_DECLS
