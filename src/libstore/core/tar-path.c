// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/tar-path.h"

#include <string.h>

#include "core/dirtree.h"

gboolean
ul_tar_path_normalize (const char *path, char **out, GError **error)
{
  g_autoptr (GString) normal = g_string_sized_new (strlen (path));
  for (const char *p = path; *p != '\0';)
    {
      const gsize len = strcspn (p, "/");
      if (len > 0 && !(len == 1 && *p == '.'))
        {
          g_autofree char *name = g_strndup (p, len);
          if (!ul_name_validate (name, error))
            return FALSE;
          if (normal->len > 0)
            g_string_append_c (normal, '/');
          g_string_append_len (normal, p, (gssize) len);
        }
      p += len;
      p += strspn (p, "/");
    }
  *out = g_string_free (g_steal_pointer (&normal), FALSE);
  return TRUE;
}
