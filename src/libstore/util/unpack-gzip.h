// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "util/stream.h"

/* gzip by ISA-L. Private to util/unpack.c. */

G_BEGIN_DECLS

typedef struct _UlUnpackGzip UlUnpackGzip;

/* Was the program built with it? */
gboolean ul_unpack_gzip_is_there (void);

/* @first: what was read of @from before, which stays where it is until the first read of it. */
UlUnpackGzip *ul_unpack_gzip_new (const UlStream *from, const guint8 *first, gsize first_len);
void ul_unpack_gzip_free (UlUnpackGzip *self);

/* As ul_unpack_read (). */
gboolean ul_unpack_gzip_read (UlUnpackGzip *self, const guint8 **out_bytes, gsize *out_n,
                              GError **error);

G_END_DECLS
