// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/escape.h"

char *
ul_escape (const char *text)
{
  GString *line = g_string_new (NULL);
  const char *end = text;
  for (const char *p = text; *p != '\0'; p++)
    {
      /* p reaches the end of what is valid: how far is the rest? */
      if (p >= end)
        g_utf8_validate (p, -1, &end);
      if (*p == '\n')
        g_string_append (line, "\\n");
      else if (p >= end || (guchar) *p < 0x20 || *p == 0x7f)
        g_string_append_printf (line, "\\x%02x", (guchar) *p);
      else
        g_string_append_c (line, *p);
    }
  return g_string_free (line, FALSE);
}
