// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/duration.h"

#include "cli/timestamp.h"

#include <string.h>

/* Seconds, or -1 if it's no duration. */
static gint64
parse (const char *text)
{
  static const char units[] = "smhdw";
  static const gint64 secs[] = { 1, 60, 60 * 60, 24 * 60 * 60, 7 * 24 * 60 * 60 };
  const gsize digits = strspn (text, "0123456789");
  const char *unit = text[digits] != '\0' ? strchr (units, text[digits]) : units;
  if (digits == 0 || digits > 9 || unit == NULL
      || (text[digits] != '\0' && text[digits + 1] != '\0'))
    return -1;
  return g_ascii_strtoll (text, NULL, 10) * secs[unit - units];
}

gboolean
ul_duration_parse_since (const char *text, gint64 *out_seconds, GError **error)
{
  const gint64 ago = parse (text);
  if (ago < 0)
    return ul_timestamp_parse (text, out_seconds, error);
  *out_seconds = g_get_real_time () / G_USEC_PER_SEC - ago;
  return TRUE;
}
