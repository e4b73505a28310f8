// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/storage-conf.h"

#include <fcntl.h>
#include <string.h>

#include "util/error.h"
#include "util/fd.h"

#define MAX_CONF     (1024 * 1024)
#define DEFAULT_ROOT "/var/lib/containers/storage"

/* Blanks, and a comment, to the end of the line. */
static gboolean
is_rest (const char *at)
{
  at += strspn (at, " \t");
  return *at == '\0' || *at == '#';
}

static gboolean
is_storage_table (const char *line)
{
  static const char name[] = "storage";
  line += 1 + strspn (line + 1, " \t");
  if (!g_str_has_prefix (line, name))
    return FALSE;
  line += strlen (name);
  line += strspn (line, " \t");
  return *line == ']' && is_rest (line + 1);
}

/* `graphroot = "/PATH"`; NULL: it isn't as simple as that. */
static char *
parse_graphroot (const char *line)
{
  static const char key[] = "graphroot";
  if (!g_str_has_prefix (line, key))
    return NULL;
  line += strlen (key);
  line += strspn (line, " \t");
  if (*line != '=')
    return NULL;
  line += 1 + strspn (line + 1, " \t");
  const char quote = *line;
  const char *end = quote == '"' || quote == '\'' ? strchr (line + 1, quote) : NULL;
  if (end == NULL || line[1] != '/' || !is_rest (end + 1))
    return NULL;
  g_autofree char *path = g_strndup (line + 1, (gsize) (end - line - 1));
  /* An escape; a variable of the environment, which podman fills in. */
  return strpbrk (path, "\\$") == NULL ? g_steal_pointer (&path) : NULL;
}

/* Does the line give a value to a key called so, maybe one of an inline table? */
static gboolean
sets_graphroot (const char *line)
{
  const char *key = strstr (line, "graphroot");
  const char *equals = strchr (line, '=');
  return *line != '#' && key != NULL && equals != NULL
         && (key < equals || strchr (line, '{') != NULL);
}

/* The path in table [storage]; *out is NULL for none. There's no library for TOML in C to be had:
 * this reads what everybody writes, and refuses whatever else has to do with it, as a storage that
 * isn't looked at loses layers. */
static gboolean
find_graphroot (const char *text, char **out, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *found = NULL;
  gboolean in_storage = FALSE;
  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *line = g_strstrip (lines[i]);
      if (*line == '[')
        in_storage = is_storage_table (line);
      if (!sets_graphroot (line))
        continue;
      char *path = in_storage && found == NULL ? parse_graphroot (line) : NULL;
      if (path == NULL)
        return ul_throw (error, UL_ERROR_UNSUPPORTED,
                         "line %u: not a plain graphroot = \"/PATH\" in [storage]: name the "
                         "storage with --in-use-by",
                         i + 1);
      found = path;
    }
  *out = g_steal_pointer (&found);
  return TRUE;
}

static gboolean
read_graphroot (const char *path, GBytes *bytes, char **out, GError **error)
{
  gsize len;
  const char *data = g_bytes_get_data (bytes, &len);
  g_autofree char *text = g_strndup (len > 0 ? data : "", len);
  if (!g_utf8_validate_len (text, len, NULL))
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "%s: not a text", path);
  return find_graphroot (text, out, error) || ul_prefix (error, "%s", path);
}

gboolean
ul_store_graphroot (const char *conf, char **out, GError **error)
{
  const char *const files[] = { conf != NULL ? conf : "/etc/containers/storage.conf",
                                "/usr/share/containers/storage.conf" };
  const gsize n = conf != NULL ? 1 : G_N_ELEMENTS (files);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *root = NULL;
  for (gsize i = 0; i < n && bytes == NULL; i++)
    if (!ul_fd_read_file_at (AT_FDCWD, files[i], MAX_CONF, conf == NULL, &bytes, error)
        || (bytes != NULL && !read_graphroot (files[i], bytes, &root, error)))
      return FALSE;
  *out = root != NULL ? g_steal_pointer (&root) : g_strdup (DEFAULT_ROOT);
  return TRUE;
}
