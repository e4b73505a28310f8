// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/refspec.h"

#include <string.h>

#include "util/error.h"

static gboolean
is_word (gunichar c)
{
  return c == '_' || g_unichar_isalnum (c);
}

/* One fragment; returns where it ends, NULL if it is none. */
static const char *
skip_fragment (const char *p)
{
  if (!is_word (g_utf8_get_char (p)))
    return NULL;
  while (*p != '\0')
    {
      const gunichar c = g_utf8_get_char (p);
      if (!is_word (c) && c != '-' && c != '.')
        break;
      p = g_utf8_next_char (p);
    }
  return p;
}

/* The end of a run of fragments joined by `/`, NULL if the text does not begin with one. */
static const char *
skip_ref (const char *p)
{
  for (;;)
    {
      p = skip_fragment (p);
      if (p == NULL || *p != '/')
        return p;
      p++;
    }
}

static gboolean
validate (const char *name, const char *(*skip) (const char *), const char *what, GError **error)
{
  const char *end = g_utf8_validate (name, -1, NULL) ? skip (name) : NULL;
  if (end != NULL && *end == '\0')
    return TRUE;
  g_autofree char *shown = g_utf8_make_valid (name, -1);
  return ul_throw (error, UL_ERROR_INVALID, "Invalid %s name %s", what, shown);
}

gboolean
ul_ref_validate (const char *ref, GError **error)
{
  return validate (ref, skip_ref, "ref", error);
}

gboolean
ul_remote_name_validate (const char *remote, GError **error)
{
  return validate (remote, skip_fragment, "remote", error);
}

gboolean
ul_refspec_parse (const char *refspec, char **out_remote, char **out_ref, GError **error)
{
  const char *colon = strchr (refspec, ':');
  g_autofree char *remote = colon != NULL ? g_strndup (refspec, (gsize) (colon - refspec)) : NULL;
  const char *ref = colon != NULL ? colon + 1 : refspec;
  if ((remote != NULL && !ul_remote_name_validate (remote, NULL)) || !ul_ref_validate (ref, NULL))
    {
      g_autofree char *shown = g_utf8_make_valid (refspec, -1);
      return ul_throw (error, UL_ERROR_INVALID, "Invalid refspec %s", shown);
    }
  if (out_remote != NULL)
    *out_remote = g_steal_pointer (&remote);
  if (out_ref != NULL)
    *out_ref = g_strdup (ref);
  return TRUE;
}

gboolean
ul_collection_id_validate (const char *id, GError **error)
{
  guint elements = 0;
  const char *p = id;
  for (;; p++)
    {
      if (!g_ascii_isalpha (*p) && *p != '_')
        break;
      while (g_ascii_isalnum (*p) || *p == '_')
        p++;
      elements++;
      if (*p != '.')
        break;
    }
  if (*p != '\0' || elements < 2 || p[-1] == '.' || strlen (id) > 255)
    {
      g_autofree char *shown = g_utf8_make_valid (id, -1);
      return ul_throw (error, UL_ERROR_INVALID, "Invalid collection ID %s", shown);
    }
  return TRUE;
}
