// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

/* CRC-64/ISO, bits reversed, begun and ended with all bits inverted: what tar-split notes for each
 * file (core/tar-split.h). It finds accidents, not forgeries. Source: ISO 3309, the catalogue entry
 * CRC-64/GO-ISO. Any thread. */

G_BEGIN_DECLS

/* Goes on from what a call before gave; 0 to begin with. */
guint64 ul_crc64_update (guint64 crc, const void *data, gsize len);

/* The same on any machine; the one above is ISA-L's where that is there, which is many times
 * faster.
 */
guint64 ul_crc64_update_portable (guint64 crc, const void *data, gsize len);

G_END_DECLS
