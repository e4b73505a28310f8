// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/from-tar-entry.h"
#include "util/stream.h"

/* Reading an archive by libarchive, one entry after the other. One thread, the one that opened it.
 * Private to build/. */

G_BEGIN_DECLS

typedef struct _UlTarReader UlTarReader;

/* "-" is standard input. */
UlTarReader *ul_tar_reader_open (const char *path, GError **error);

/* A tar, uncompressed, that comes from elsewhere; @stream is copied. */
UlTarReader *ul_tar_reader_new (const UlStream *stream, GError **error);

void ul_tar_reader_free (UlTarReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlTarReader, ul_tar_reader_free)

const UlArchive *ul_tar_reader_lib (UlTarReader *self);

/* The next entry, which belongs to the reader until the next call; NULL at the end. */
gboolean ul_tar_reader_next (UlTarReader *self, struct archive_entry **out_entry, GError **error);

/* Begin with the content of the entry; holes are zeros. */
void ul_tar_reader_start (UlTarReader *self, const UlTarEntry *entry);
/* All of @len bytes, which are not more than are left of it. */
gboolean ul_tar_reader_read (UlTarReader *self, void *buffer, gsize len, GError **error);
/* After all of it: nothing more may come. */
gboolean ul_tar_reader_finish (UlTarReader *self, GError **error);

G_END_DECLS
