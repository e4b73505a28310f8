// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/path-lists.h"

#include "build/commit.h"
#include "cli/input.h"
#include "util/error.h"

#include <string.h>

typedef gboolean (*LineFunc) (GHashTable *table, const char *line, GError **error);

static GHashTable *
read_lines (const char *file, GHashTable *empty, LineFunc func, GError **error)
{
  g_autoptr (GHashTable) table = empty;
  g_autoptr (GBytes) bytes = NULL;
  if (!ul_input_read (file, &bytes, error))
    return NULL;

  gsize len;
  const char *data = g_bytes_get_data (bytes, &len);
  guint number = 0;
  for (const char *end; len > 0; data = end)
    {
      const char *newline = memchr (data, '\n', len);
      const gsize line_len = newline != NULL ? (gsize) (newline - data) : len;
      end = data + line_len + (newline != NULL ? 1 : 0);
      len -= (gsize) (end - data);
      number++;
      if (line_len == 0)
        continue;
      if (!g_utf8_validate (data, (gssize) line_len, NULL))
        {
          ul_throw (error, UL_ERROR_INVALID, "%s:%u: Invalid UTF-8", file, number);
          return NULL;
        }
      g_autofree char *line = g_strndup (data, line_len);
      if (!func (table, line, error))
        {
          ul_prefix (error, "%s:%u", file, number);
          return NULL;
        }
    }
  return g_steal_pointer (&table);
}

static gboolean
add_skip (GHashTable *table, const char *line, GError **error)
{
  g_hash_table_add (table, g_strdup (line));
  return TRUE;
}

GHashTable *
ul_path_list_read_skip (const char *file, GError **error)
{
  return read_lines (file, g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL), add_skip,
                     error);
}

static gboolean
parse_mode (const char *text, guint32 *out_mode)
{
  const gboolean hex = g_str_has_prefix (text, "0x");
  guint64 mode;
  if (!g_ascii_string_to_unsigned (hex ? text + 2 : text, hex ? 16 : 10, 0, G_MAXUINT32, &mode,
                                   NULL))
    return FALSE;
  /* Files made for ostree may carry the whole st_mode; only the permissions are ever used. */
  *out_mode = (guint32) mode & 07777;
  return TRUE;
}

static gboolean
add_statoverride (GHashTable *table, const char *line, GError **error)
{
  const char *space = strchr (line, ' ');
  if (space == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "Malformed statoverride file (no space found)");
  const gboolean replace = *line == '=';
  if (replace)
    line++;
  g_autofree char *number = g_strndup (line, (gsize) (space - line));
  guint32 mode;
  if (!parse_mode (number, &mode))
    return ul_throw (error, UL_ERROR_INVALID, "Malformed statoverride file ('%s' is no mode)",
                     number);

  const char *path = space + 1;
  UlStatOverride *entry = g_hash_table_lookup (table, path);
  if (entry == NULL)
    {
      entry = g_new0 (UlStatOverride, 1);
      g_hash_table_insert (table, g_strdup (path), entry);
    }
  else if (replace && !entry->replace)
    return TRUE; /* as ostree has it: of a path that is in both ways, the mode to add counts */
  entry->mode = mode;
  entry->replace = replace;
  return TRUE;
}

GHashTable *
ul_path_list_read_statoverride (const char *file, GError **error)
{
  return read_lines (file, g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
                     add_statoverride, error);
}
