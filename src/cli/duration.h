// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A point in time as how long ago it is: a number with a unit of `s`, `m`, `h`, `d` or `w` ("90m",
 * "2d"); or anything else that ul_timestamp_parse () takes and that isn't still to come. */
gboolean ul_duration_parse_since (const char *text, gint64 *out_seconds, GError **error);

G_END_DECLS
