// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/json.h"

#include "util/error.h"
#include "util/json-private.h"

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
  g_autoptr (JsonNode) root = ul_json_node_parse (bytes, FALSE, name, error);
  if (root == NULL)
    return NULL;
  JsonArray *array = find_array (root, member);
  if (array == NULL)
    {
      ul_throw (error, UL_ERROR_CORRUPT, "%s: %s: not an array", name, member);
      return NULL;
    }
  for (guint i = without->len; i > 0; i--)
    json_array_remove_element (array, g_array_index (without, guint, i - 1));
  json_array_add_element (array, ul_json_node_value (element));
  return ul_json_node_text (root);
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
  g_autoptr (JsonNode) root = ul_json_node_parse (bytes, FALSE, name, error);
  if (root == NULL)
    return NULL;
  for (gsize i = 0; i < n_edits; i++)
    {
      const UlJsonEdit *edit = &edits[i];
      JsonObject *object = find_object (root, edit);
      if (object == NULL || !json_object_has_member (object, edit->name))
        {
          ul_throw (error, UL_ERROR_CORRUPT, "%s: %s%s%s: not there", name,
                    edit->in != NULL ? edit->in : "", edit->in != NULL ? ": " : "", edit->name);
          return NULL;
        }
      json_object_set_member (object, edit->name, ul_json_node_value (edit->value));
    }
  return ul_json_node_text (root);
}

char *
ul_json_quote (const char *text)
{
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), text);
  return json_to_string (node, FALSE);
}
