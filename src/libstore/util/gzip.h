// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Writes gzip to a descriptor, in members of a MiB of content each: every reader of gzip takes them
 * for one stream, libdeflate packs each at once in a fraction of zlib's time, and several threads
 * do so at the same time. The same content gives the same bytes, however it comes and whatever the
 * number of threads. One thread writes. */

G_BEGIN_DECLS

typedef struct _UlGzip UlGzip;

/* For text that repeats itself, such as tar-split's lines: by ISA-L, a quarter of the time of level
 * 6 for a fifth more bytes. Level 6 where the build has no ISA-L. */
#define UL_GZIP_QUICK 0

/* Borrows @fd, which is written at its offset, and @what, which names it in errors. @level:
 * libdeflate's, 1 to 12, or UL_GZIP_QUICK. @jobs: threads that pack, as for a pool; 1: none but the
 * caller's. 4 MiB a thread. */
UlGzip *ul_gzip_new (int fd, const char *what, int level, guint jobs);
/* Without a finish () before it, what was written isn't complete. */
void ul_gzip_free (UlGzip *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlGzip, ul_gzip_free)

gboolean ul_gzip_write (UlGzip *self, const void *data, gsize len, GError **error);
/* Of no content, this writes one empty member. */
gboolean ul_gzip_finish (UlGzip *self, GError **error);

G_END_DECLS
