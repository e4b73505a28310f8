// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Reads gzip, which may come from a stranger, as a stream: memory doesn't depend on what is in it.
 * Several members one behind the other are one file, as for gzip. One thread at a time. Source: RFC
 * 1952. */

G_BEGIN_DECLS

typedef struct _UlGunzip UlGunzip;

/* @fd: borrowed, read from its offset on. */
UlGunzip *ul_gunzip_new (int fd);
void ul_gunzip_free (UlGunzip *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlGunzip, ul_gunzip_free)

/* Up to @len bytes, which is not 0; *out_n is 0 only at the end. UL_ERROR_CORRUPT for what isn't
 * gzip, is damaged or ends early. */
gboolean ul_gunzip_read (UlGunzip *self, void *buffer, gsize len, gsize *out_n, GError **error);

G_END_DECLS
