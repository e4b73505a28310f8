// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

/* Numbers in 7 bits a byte, low ones first, with the top bit set in all bytes but the last. */

G_BEGIN_DECLS

/* So many bytes at most. */
#define UL_VARINT_MAX 10

/* Returns where the next byte goes. */
guint8 *ul_varint_put (guint8 *at, guint64 value);

/* FALSE if it isn't over before @end or has more than 64 bits. Longer than it takes is no error. */
gboolean ul_varint_get (const guint8 **at, const guint8 *end, guint64 *out);

G_END_DECLS
