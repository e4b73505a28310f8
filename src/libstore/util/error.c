// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/error.h"

#include <errno.h>

/* Not G_DEFINE_QUARK, whose variable threads that fail at once would write together. */
GQuark
ul_error_quark (void)
{
  static gsize quark;
  if (g_once_init_enter (&quark))
    g_once_init_leave (&quark, g_quark_from_static_string ("ul-error-quark"));
  return (GQuark) quark;
}

gboolean
ul_throw (GError **error, UlError code, const char *format, ...)
{
  if (error == NULL)
    return FALSE;

  va_list args;
  va_start (args, format);
  *error = g_error_new_valist (UL_ERROR, code, format, args);
  va_end (args);
  return FALSE;
}

gboolean
ul_throw_errno (GError **error, const char *format, ...)
{
  const int saved = errno;
  if (error == NULL)
    return FALSE;

  va_list args;
  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);

  if (saved == ENOSPC || saved == EDQUOT)
    g_set_error (error, UL_ERROR, UL_ERROR_NO_SPACE, "%s: %s", what, g_strerror (saved));
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "%s: %s", what,
                 g_strerror (saved));
  return FALSE;
}

gboolean
ul_prefix (GError **error, const char *format, ...)
{
  if (error == NULL || *error == NULL)
    return FALSE;

  va_list args;
  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);
  g_prefix_error (error, "%s: ", what);
  return FALSE;
}
