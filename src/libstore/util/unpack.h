// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "util/gunzip.h"

/* Unpacks gzip, zstd, bzip2 and xz, told apart by their first bytes; anything else is passed on as
 * it is. Several members or frames in a row are one stream. gzip by ISA-L where that is there, in
 * less than half of zlib's time, or by util/gunzip.h if somebody watches; else by libarchive, in
 * its memory: some MiB, with zstd up to the window that a frame asks for (128 MiB at most). */

G_BEGIN_DECLS

typedef struct _UlUnpack UlUnpack;

/* @from: copied; what it refers to lives until free. Its first bytes tell what it is: so many come
 * at once, if there are as many. */
#define UL_UNPACK_FIRST 2
UlUnpack *ul_unpack_new (const UlStream *from, GError **error);
void ul_unpack_free (UlUnpack *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlUnpack, ul_unpack_free)

/* UlStream.read. UL_ERROR_CORRUPT for what is damaged or ends early, or @from's error. It may end
 * before @from does: what follows a gzip stream and is none isn't looked at. */
gboolean ul_unpack_read (gpointer self, const guint8 **out_bytes, gsize *out_n, GError **error);

/* UlStream.hold of it. */
GBytes *ul_unpack_hold (gpointer self);

/* Before anything is read: if it's gzip, @watch gets every chunk (util/gunzip.h) before its content
 * is given out, to know how that was packed. For anything else it isn't called. */
typedef gboolean (*UlUnpackWatch) (const UlGunzipChunk *chunk, gpointer data, GError **error);
void ul_unpack_watch (UlUnpack *self, UlUnpackWatch watch, gpointer data);

/* Do a stream's first bytes say that it's gzip? */
gboolean ul_unpack_is_gzip (const guint8 *bytes, gsize len);

G_END_DECLS
