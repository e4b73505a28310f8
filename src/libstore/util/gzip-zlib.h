// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* gzip as zlib makes it, which Python and many others use: to make again what one of them has made.
 * The header says who it was and may be changed afterwards, its length stays. util/gzip.h is much
 * faster where any gzip will do. */

G_BEGIN_DECLS

#define UL_GZIP_HEADER 10 /* bytes */

typedef struct _UlGzipZlib UlGzipZlib;

/* Borrows @fd, which is written at its offset. @level: zlib's, 1 to 9. */
UlGzipZlib *ul_gzip_zlib_new (int fd, int level);
void ul_gzip_zlib_free (UlGzipZlib *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlGzipZlib, ul_gzip_zlib_free)

gboolean ul_gzip_zlib_write (UlGzipZlib *self, const void *data, gsize len, GError **error);
gboolean ul_gzip_zlib_finish (UlGzipZlib *self, GError **error);

/* Bytes written so far. */
guint64 ul_gzip_zlib_size (const UlGzipZlib *self);

/* A header without name and time. @extra: 2 for the best, 4 for the fastest level, as zlib itself
 * has it, or 0; @system: 3 for Unix, 255 for unknown. */
void ul_gzip_zlib_header (guint8 extra, guint8 system, guint8 out[UL_GZIP_HEADER]);

G_END_DECLS
