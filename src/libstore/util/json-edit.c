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

static gboolean
parse (JsonParser *parser, GBytes *bytes, const char *name, GError **error)
{
  gsize len;
  const char *data = g_bytes_get_data (bytes, &len);
  g_autoptr (GError) cause = NULL;
  if (!ul_json_check (data, len, name, error))
    return FALSE;
  return json_parser_load_from_data (parser, data, (gssize) len, &cause)
         || ul_throw (error, UL_ERROR_CORRUPT, "%s: %s", name, cause->message);
}

static GBytes *
print (JsonParser *parser)
{
  char *text = json_to_string (json_parser_get_root (parser), FALSE);
  return g_bytes_new_take (text, strlen (text));
}

static JsonNode *
new_value (const char *text)
{
  JsonNode *value = json_from_string (text, NULL);
  g_assert (value != NULL);
  return value;
}

GBytes *
ul_json_with_element (GBytes *bytes, const char *name, const char *member, const GArray *without,
                      const char *element, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  if (!parse (parser, bytes, name, error))
    return NULL;
  JsonArray *array = find_array (json_parser_get_root (parser), member);
  if (array == NULL)
    {
      ul_throw (error, UL_ERROR_CORRUPT, "%s: %s: not an array", name, member);
      return NULL;
    }
  for (guint i = without->len; i > 0; i--)
    json_array_remove_element (array, g_array_index (without, guint, i - 1));
  json_array_add_element (array, new_value (element));
  return print (parser);
}

/* The object that @edit is about, or NULL. */
static JsonObject *
find_object (JsonNode *root, const UlJsonEdit *edit)
{
  JsonNode *node = root;
  if (edit->in != NULL)
    node = JSON_NODE_HOLDS_OBJECT (root)
               ? json_object_get_member (json_node_get_object (root), edit->in)
               : NULL;
  if (node != NULL && JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);
      node = edit->index < json_array_get_length (array)
                 ? json_array_get_element (array, edit->index)
                 : NULL;
    }
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

GBytes *
ul_json_with_values (GBytes *bytes, const char *name, const UlJsonEdit *edits, gsize n_edits,
                     GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  if (!parse (parser, bytes, name, error))
    return NULL;
  for (gsize i = 0; i < n_edits; i++)
    {
      const UlJsonEdit *edit = &edits[i];
      JsonObject *object = find_object (json_parser_get_root (parser), edit);
      if (object == NULL || !json_object_has_member (object, edit->name))
        {
          ul_throw (error, UL_ERROR_CORRUPT, "%s: %s%s%s: not there", name,
                    edit->in != NULL ? edit->in : "", edit->in != NULL ? ": " : "", edit->name);
          return NULL;
        }
      json_object_set_member (object, edit->name, new_value (edit->value));
    }
  return print (parser);
}

char *
ul_json_quote (const char *text)
{
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), text);
  return json_to_string (node, FALSE);
}
