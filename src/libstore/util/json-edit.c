// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/json.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "util/error.h"

static JsonArray *
find_array (JsonNode *root, const char *member)
{
  JsonNode *node = JSON_NODE_HOLDS_OBJECT (root)
                       ? json_object_get_member (json_node_get_object (root), member)
                       : NULL;
  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

GBytes *
ul_json_with_element (GBytes *bytes, const char *name, const char *member, const GArray *without,
                      const char *element, GError **error)
{
  gsize len;
  const char *data = g_bytes_get_data (bytes, &len);
  g_autoptr (GError) cause = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  if (!ul_json_check (data, len, name, error))
    return NULL;
  if (!json_parser_load_from_data (parser, data, (gssize) len, &cause))
    {
      ul_throw (error, UL_ERROR_CORRUPT, "%s: %s", name, cause->message);
      return NULL;
    }
  JsonArray *array = find_array (json_parser_get_root (parser), member);
  if (array == NULL)
    {
      ul_throw (error, UL_ERROR_CORRUPT, "%s: %s: not an array", name, member);
      return NULL;
    }
  for (guint i = without->len; i > 0; i--)
    json_array_remove_element (array, g_array_index (without, guint, i - 1));
  JsonNode *added = json_from_string (element, NULL);
  g_assert (added != NULL);
  json_array_add_element (array, added);
  char *text = json_to_string (json_parser_get_root (parser), FALSE);
  return g_bytes_new_take (text, strlen (text));
}

char *
ul_json_quote (const char *text)
{
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), text);
  return json_to_string (node, FALSE);
}
