// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A point in time as --timestamp takes it: `@SECONDS` since the epoch, ISO 8601, or anything else
 * that date(1) understands ("1 day ago", "Wed, 01 Jan 2020 10:00:00 +0200"), which is the language
 * ostree takes. Without a zone it is local time. Fractions of a second are dropped. */
gboolean ul_timestamp_parse (const char *text, gint64 *out_seconds, GError **error);

G_END_DECLS
