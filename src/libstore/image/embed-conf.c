// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/embed.h"

#include <string.h>

/* A deployment's /etc begins as the commit's /usr/etc. podman 4.3.1 and 5.4.2 read one file, and
 * no directory of parts. */
const char *const ul_embed_conf_places[]
    = { "/etc/containers/storage.conf", "/usr/etc/containers/storage.conf",
        "/usr/share/containers/storage.conf", NULL };

/* A basic string of TOML. */
static void
append_quoted (GString *out, const char *text)
{
  g_string_append_c (out, '"');
  for (const char *c = text; *c != '\0'; c++)
    {
      if (*c == '"' || *c == '\\')
        g_string_append_c (out, '\\');
      g_string_append_c (out, *c);
    }
  g_string_append_c (out, '"');
}

char *
ul_embed_conf_line (const char *const *paths)
{
  GString *out = g_string_new ("additionalimagestores = [");
  for (gsize i = 0; paths[i] != NULL; i++)
    {
      g_string_append (out, i > 0 ? ", " : "");
      append_quoted (out, paths[i]);
    }
  g_string_append_c (out, ']');
  return g_string_free (out, FALSE);
}

UlGraft *
ul_embed_conf (const char *const *paths)
{
  g_autofree char *line = ul_embed_conf_line (paths);
  char *text = g_strdup_printf ("[storage]\n"
                                "driver = \"overlay\"\n"
                                "runroot = \"/run/containers/storage\"\n"
                                "graphroot = \"/var/lib/containers/storage\"\n"
                                "\n"
                                "[storage.options]\n"
                                "%s\n",
                                line);
  g_autoptr (GBytes) content = g_bytes_new_take (text, strlen (text));
  UlGraft *graft = ul_graft_new ();
  ul_graft_set_unless (graft, ul_embed_conf_places);
  ul_graft_add_data (graft, ul_embed_conf_places[G_N_ELEMENTS (ul_embed_conf_places) - 2], content);
  return graft;
}

/* Good enough to tell a user something: a path with a # in it isn't found. */
static gboolean
names (char **lines, const char *path)
{
  g_autoptr (GString) quoted = g_string_new (NULL);
  g_autofree char *literal = g_strdup_printf ("'%s'", path);
  append_quoted (quoted, path);
  for (char **line = lines; *line != NULL; line++)
    {
      g_autofree char *code = g_strndup (*line, strcspn (*line, "#"));
      if (strstr (code, quoted->str) != NULL || strstr (code, literal) != NULL)
        return TRUE;
    }
  return FALSE;
}

gboolean
ul_embed_conf_names (const char *text, const char *const *paths)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (; *paths != NULL; paths++)
    if (!names (lines, *paths))
      return FALSE;
  return TRUE;
}
