// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/duration.h"

#include "cli/timestamp.h"
#include "util/error.h"

#include <string.h>

/* Seconds, or -1 if it's no duration. */
static gint64
parse (const char *text)
{
  static const char units[] = "smhdw";
  static const gint64 secs[] = { 1, 60, 60 * 60, 24 * 60 * 60, 7 * 24 * 60 * 60 };
  const gsize digits = strspn (text, "0123456789");
  const char *unit = text[digits] != '\0' ? strchr (units, text[digits]) : NULL;
  if (digits == 0 || digits > 9 || unit == NULL || text[digits + 1] != '\0')
    return -1;
  return g_ascii_strtoll (text, NULL, 10) * secs[unit - units];
}

/* A number alone or with letters right behind it is meant as one; to date(1) it would be an hour of
 * today, "1y" one that may be still to come. */
static gboolean
looks_like_duration (const char *text)
{
  const gsize digits = strspn (text, "0123456789");
  gsize i = digits;
  while (g_ascii_isalpha (text[i]))
    i++;
  const gboolean is_day = digits == 8 && text[digits] == '\0'; /* 20260131 */
  return digits > 0 && text[i] == '\0' && !is_day;
}

gboolean
ul_duration_parse_since (const char *text, gint64 *out_seconds, GError **error)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  const gint64 ago = parse (text);
  gint64 seconds = now - ago;
  if (ago < 0 && (looks_like_duration (text) || *text == '\0'))
    return ul_throw (error, UL_ERROR_INVALID,
                     "'%s' is no time ago: a number with s, m, h, d or w, or a date", text);
  if (ago < 0 && !ul_timestamp_parse (text, &seconds, error))
    return FALSE;
  if (seconds > now)
    return ul_throw (error, UL_ERROR_INVALID, "'%s' is still to come", text);
  *out_seconds = seconds;
  return TRUE;
}
