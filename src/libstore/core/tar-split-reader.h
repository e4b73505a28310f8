// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Reads a tar-split (core/tar-split.h), ours or one that containers/storage wrote: takes its lines
 * in pieces as they come, and says what the archive is made of, in order. A line is at most
 * UL_TAR_SPLIT_MAX_LINE bytes long and has the number that follows the one before. Memory: twice a
 * line. No I/O. One thread at a time. */

G_BEGIN_DECLS

/* The longest that the writer writes is a name of 1 MiB (core/tar-frame.h), each byte of it as
 * \u003c.
 */
#define UL_TAR_SPLIT_MAX_LINE (8 * 1024 * 1024)

typedef struct
{
  gboolean (*bytes) (const guint8 *bytes, gsize len, gpointer data, GError **error);
  /* Here are @size bytes (never 0) of content, those of the file called @name, as in the archive;
   * with this CRC-64 (core/crc64.h). */
  gboolean (*file) (const char *name, guint64 size, guint64 crc, gpointer data, GError **error);
} UlTarSplitReaderSink;

typedef struct _UlTarSplitReader UlTarSplitReader;

/* @sink: copied. */
UlTarSplitReader *ul_tar_split_reader_new (const UlTarSplitReaderSink *sink, gpointer data);
void ul_tar_split_reader_free (UlTarSplitReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlTarSplitReader, ul_tar_split_reader_free)

/* UL_ERROR_CORRUPT with the line's number, or the sink's error as it is; no call after that. */
gboolean ul_tar_split_reader_push (UlTarSplitReader *self, const char *bytes, gsize len,
                                   GError **error);
/* UL_ERROR_CORRUPT within a line. */
gboolean ul_tar_split_reader_finish (UlTarSplitReader *self, GError **error);

G_END_DECLS
