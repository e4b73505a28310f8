// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/timestamp.h"

#include "util/error.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* `@` and a number with or without a sign and a fraction; the fraction rounds down, as in date(1).
 */
static gboolean
parse_epoch (const char *digits, gint64 *out_seconds)
{
  char *end;
  if (!g_ascii_isdigit (*digits)
      && !((*digits == '-' || *digits == '+') && g_ascii_isdigit (digits[1])))
    return FALSE;
  errno = 0;
  gint64 seconds = g_ascii_strtoll (digits, &end, 10);
  if (errno != 0)
    return FALSE;
  if (*end == '.')
    {
      const gsize len = strspn (end + 1, "0123456789");
      if (*digits == '-' && strspn (end + 1, "0") < len)
        seconds--;
      end += 1 + len;
    }
  if (*end != '\0')
    return FALSE;
  *out_seconds = seconds;
  return TRUE;
}

static gboolean
parse_iso8601 (const char *text, gint64 *out_seconds)
{
  g_autoptr (GTimeZone) local = g_time_zone_new_local ();
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, local);
  if (time == NULL)
    return FALSE;
  *out_seconds = g_date_time_to_unix (time);
  return TRUE;
}

/* Relative dates and the many written forms are a language of their own; coreutils has the same
 * parser for it that ostree carries a copy of. */
static gboolean
ask_date (const char *text, gint64 *out_seconds)
{
  const char *option = "--date";
  const char *argv[] = { "date", option, text, "+%s", NULL };
  g_autofree char *out = NULL;
  int status;
  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL,
                     NULL, NULL, &out, NULL, &status, NULL)
      || !g_spawn_check_wait_status (status, NULL))
    return FALSE;
  return g_ascii_string_to_signed (g_strchomp (out), 10, G_MININT64, G_MAXINT64, out_seconds, NULL);
}

gboolean
ul_timestamp_parse (const char *text, gint64 *out_seconds, GError **error)
{
  const gboolean ok = text[0] == '@'
                          ? parse_epoch (text + 1, out_seconds)
                          : parse_iso8601 (text, out_seconds) || ask_date (text, out_seconds);
  if (!ok)
    return ul_throw (error, UL_ERROR_INVALID, "Could not parse '%s'", text);
  /* The format holds any, but no tool shows a commit whose date isn't one. */
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (*out_seconds);
  return date != NULL
         || ul_throw (error, UL_ERROR_INVALID, "'%s' is not between the years 1 and 9999", text);
}
