// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/json.h"

#include <string.h>

#include "util/error.h"
#include "util/json-private.h"

#define SHOWN_MAX 100

struct _UlJson
{
  char *name;
  JsonNode *root;
};

JsonNode *
ul_json_node_parse (GBytes *bytes, gboolean immutable, const char *name, GError **error)
{
  gsize len;
  const char *data = g_bytes_get_data (bytes, &len);
  g_autoptr (GError) cause = NULL;
  g_autoptr (JsonParser) parser = immutable ? json_parser_new_immutable () : json_parser_new ();
  if (!ul_json_check (data, len, name, error))
    return NULL;
  if (json_parser_load_from_data (parser, data, (gssize) len, &cause))
    return json_parser_steal_root (parser);
  ul_throw (error, UL_ERROR_CORRUPT, "%s: %s", name, cause->message);
  return NULL;
}

GBytes *
ul_json_node_text (JsonNode *node)
{
  char *text = json_to_string (node, FALSE);
  return g_bytes_new_take (text, strlen (text));
}

JsonNode *
ul_json_node_value (const char *text)
{
  JsonNode *value = json_from_string (text, NULL);
  g_assert (value != NULL);
  return value;
}

UlJson *
ul_json_parse (GBytes *bytes, const char *name, gsize max, GError **error)
{
  const gsize len = g_bytes_get_size (bytes);
  if (len > max)
    {
      ul_throw (error, UL_ERROR_CORRUPT, "%s: %zu bytes, more than the allowed %zu", name, len,
                max);
      return NULL;
    }
  JsonNode *root = ul_json_node_parse (bytes, TRUE, name, error);
  if (root == NULL)
    return NULL;
  UlJson *json = g_new0 (UlJson, 1);
  json->name = g_strdup (name);
  json->root = root;
  return json;
}

void
ul_json_free (UlJson *json)
{
  if (json == NULL)
    return;
  json_node_unref (json->root);
  g_free (json->name);
  g_free (json);
}

char *
ul_json_shown (const char *text)
{
  const gboolean whole = strlen (text) <= SHOWN_MAX;
  g_autofree char *begin = g_strndup (text, SHOWN_MAX);
  g_autofree char *escaped = g_strescape (begin, NULL);
  return g_strconcat (escaped, whole ? NULL : "...", NULL);
}

/* Names of members come from the caller, or from ul_json_get_strings (). */
static void
append_place (GString *out, const UlJsonValue *value)
{
  if (value->parent == NULL)
    {
      g_string_append_printf (out, "%s: ", value->name);
      return;
    }
  append_place (out, value->parent);
  if (value->name == NULL)
    {
      g_string_append_printf (out, "[%u]", value->index);
      return;
    }
  g_autofree char *shown = ul_json_shown (value->name);
  g_string_append_printf (out, "%s%s", value->parent->parent != NULL ? "." : "", shown);
}

static gboolean G_GNUC_PRINTF (4, 0)
    throw_va (const UlJsonValue *value, GError **error, int code, const char *format, va_list args)
{
  g_autoptr (GString) text = g_string_new (NULL);
  append_place (text, value);
  if (value->parent != NULL)
    g_string_append (text, ": ");
  g_string_append_vprintf (text, format, args);
  return ul_throw (error, (UlError) code, "%s", text->str);
}

gboolean
ul_json_throw (const UlJsonValue *value, GError **error, int code, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  throw_va (value, error, code, format, args);
  va_end (args);
  return FALSE;
}

gboolean
ul_json_throw_member (const UlJsonValue *object, const char *name, GError **error, int code,
                      const char *format, ...)
{
  const UlJsonValue member = { .parent = object, .name = name };
  va_list args;
  va_start (args, format);
  throw_va (&member, error, code, format, args);
  va_end (args);
  return FALSE;
}

static const char *
check_type (JsonNode *node, UlJsonType type)
{
  switch (type)
    {
    case UL_JSON_OBJECT:
      return JSON_NODE_HOLDS_OBJECT (node) ? NULL : "not an object";
    case UL_JSON_ARRAY:
      return JSON_NODE_HOLDS_ARRAY (node) ? NULL : "not an array";
    case UL_JSON_STRING:
      return json_node_get_value_type (node) == G_TYPE_STRING ? NULL : "not a string";
    case UL_JSON_INTEGER:
      return json_node_get_value_type (node) == G_TYPE_INT64 ? NULL : "not an integer";
    case UL_JSON_BOOLEAN:
    default:
      return json_node_get_value_type (node) == G_TYPE_BOOLEAN ? NULL : "not a boolean";
    }
}

static gboolean
give (const UlJsonValue *value, UlJsonType type, UlJsonValue *out, GError **error)
{
  const char *cause = check_type (value->node, type);
  if (cause != NULL)
    return ul_json_throw (value, error, UL_ERROR_CORRUPT, "%s", cause);
  *out = *value;
  return TRUE;
}

gboolean
ul_json_root (const UlJson *json, UlJsonType type, UlJsonValue *out, GError **error)
{
  const UlJsonValue root = { .node = json->root, .name = json->name };
  return give (&root, type, out, error);
}

/* NULL for null, too. */
static JsonNode *
find (const UlJsonValue *object, const char *name)
{
  JsonNode *node = json_object_get_member (json_node_get_object (object->node), name);
  return node != NULL && JSON_NODE_HOLDS_NULL (node) ? NULL : node;
}

/* As Go's decoder compares: its folding takes a long s and the Kelvin sign for ASCII letters. */
static gboolean
is_same_but_for_case (const char *a, const char *b)
{
  if (g_str_equal (a, b))
    return FALSE;
  if (g_str_is_ascii (a))
    return g_ascii_strcasecmp (a, b) == 0;
  g_autofree char *folded_a = g_utf8_casefold (a, -1);
  g_autofree char *folded_b = g_utf8_casefold (b, -1);
  return g_str_equal (folded_a, folded_b);
}

/* A member that Go takes for @name; NULL if there is none. */
static const char *
find_other_case (const UlJsonValue *object, const char *name)
{
  JsonObjectIter iter;
  const char *key;
  json_object_iter_init (&iter, json_node_get_object (object->node));
  while (json_object_iter_next (&iter, &key, NULL))
    if (is_same_but_for_case (key, name))
      return key;
  return NULL;
}

gboolean
ul_json_has (const UlJsonValue *object, const char *name)
{
  return find (object, name) != NULL || find_other_case (object, name) != NULL;
}

gboolean
ul_json_get (const UlJsonValue *object, const char *name, UlJsonType type, UlJsonNeed need,
             UlJsonValue *out, GError **error)
{
  const UlJsonValue member = { .node = find (object, name), .parent = object, .name = name };
  const char *other = find_other_case (object, name);
  if (other != NULL)
    return ul_json_throw_member (object, other, error, UL_ERROR_CORRUPT,
                                 "differs from %s only in case", name);
  if (member.node != NULL)
    return give (&member, type, out, error);
  if (need == UL_JSON_REQUIRED)
    return ul_json_throw (&member, error, UL_ERROR_CORRUPT, "missing");
  *out = member;
  return TRUE;
}

gboolean
ul_json_element (const UlJsonValue *array, guint index, UlJsonType type, UlJsonValue *out,
                 GError **error)
{
  const UlJsonValue element = {
    .node = json_array_get_element (json_node_get_array (array->node), index),
    .parent = array,
    .index = index,
  };
  return give (&element, type, out, error);
}

gboolean
ul_json_length (const UlJsonValue *array, guint max, guint *out, GError **error)
{
  const guint n
      = array->node != NULL ? json_array_get_length (json_node_get_array (array->node)) : 0;
  if (n > max)
    return ul_json_throw (array, error, UL_ERROR_CORRUPT, "%u elements, more than the allowed %u",
                          n, max);
  *out = n;
  return TRUE;
}

gboolean
ul_json_get_array (const UlJsonValue *object, const char *name, UlJsonNeed need, guint max,
                   UlJsonValue *out, guint *out_n, GError **error)
{
  UlJsonValue array;
  if (!ul_json_get (object, name, UL_JSON_ARRAY, need, &array, error))
    return FALSE;
  if (!ul_json_length (&array, max, out_n, error))
    return FALSE;
  *out = array;
  return TRUE;
}

/* No deeper than UL_JSON_MAX_DEPTH. */
static void
collect_strings (JsonNode *node, const char *name, GPtrArray *out)
{
  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);
      for (guint i = 0; i < json_array_get_length (array); i++)
        collect_strings (json_array_get_element (array, i), name, out);
      return;
    }
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return;
  JsonObjectIter iter;
  const char *member;
  JsonNode *value;
  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &member, &value))
    {
      if (g_str_equal (member, name) && JSON_NODE_HOLDS_VALUE (value)
          && json_node_get_value_type (value) == G_TYPE_STRING)
        g_ptr_array_add (out, (gpointer) json_node_get_string (value));
      collect_strings (value, name, out);
    }
}

gboolean
ul_json_read_strings (const char *text, char ***out, GError **error)
{
  UlJsonValue root = { 0 };
  guint n = 0;
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));
  g_autoptr (UlJson) json = ul_json_parse (bytes, "array", G_MAXSIZE, error);
  g_autoptr (GPtrArray) strings = g_ptr_array_new_with_free_func (g_free);
  if (json == NULL || !ul_json_root (json, UL_JSON_ARRAY, &root, error)
      || !ul_json_length (&root, UL_JSON_MAX_VALUES, &n, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      UlJsonValue element = { 0 };
      if (!ul_json_element (&root, i, UL_JSON_STRING, &element, error))
        return FALSE;
      g_ptr_array_add (strings, g_strdup (ul_json_string (&element)));
    }
  g_ptr_array_add (strings, NULL);
  *out = (char **) g_ptr_array_free (g_steal_pointer (&strings), FALSE);
  return TRUE;
}

GPtrArray *
ul_json_strings_called (const UlJson *json, const char *name)
{
  GPtrArray *out = g_ptr_array_new ();
  collect_strings (json->root, name, out);
  return out;
}

typedef struct
{
  const char *path[UL_JSON_MAX_DEPTH];
  UlJsonLeafFunc func;
  gpointer data;
} Leaves;

/* json-glib writes what is no JSON for a number that it can't hold, as 1e999. */
static char *
leaf_text (JsonNode *node)
{
  g_autofree char *text = json_to_string (node, FALSE);
  return ul_json_check (text, strlen (text), "value", NULL) ? g_steal_pointer (&text)
                                                            : ul_json_quote (text);
}

/* No deeper than UL_JSON_MAX_DEPTH. */
static void
visit_leaves (Leaves *self, JsonNode *node, guint depth)
{
  if (JSON_NODE_HOLDS_NULL (node))
    return;
  if (!JSON_NODE_HOLDS_OBJECT (node) || json_object_get_size (json_node_get_object (node)) == 0)
    {
      g_autofree char *text = leaf_text (node);
      self->func (self->path, depth, text, self->data);
      return;
    }
  JsonObjectIter iter;
  JsonNode *value;
  json_object_iter_init_ordered (&iter, json_node_get_object (node));
  while (json_object_iter_next_ordered (&iter, &self->path[depth], &value))
    visit_leaves (self, value, depth + 1);
}

void
ul_json_foreach_leaf (const UlJson *json, UlJsonLeafFunc func, gpointer data)
{
  Leaves leaves = { .func = func, .data = data };
  visit_leaves (&leaves, json->root, 0);
}

const char *
ul_json_string (const UlJsonValue *value)
{
  return json_node_get_string (value->node);
}

gint64
ul_json_integer (const UlJsonValue *value)
{
  return json_node_get_int (value->node);
}

gboolean
ul_json_get_string (const UlJsonValue *object, const char *name, UlJsonNeed need, const char **out,
                    GError **error)
{
  UlJsonValue value;
  if (!ul_json_get (object, name, UL_JSON_STRING, need, &value, error))
    return FALSE;
  *out = value.node != NULL ? ul_json_string (&value) : NULL;
  return TRUE;
}

gboolean
ul_json_get_size (const UlJsonValue *object, const char *name, UlJsonNeed need, guint64 *out,
                  GError **error)
{
  UlJsonValue value;
  if (!ul_json_get (object, name, UL_JSON_INTEGER, need, &value, error))
    return FALSE;
  const gint64 number = value.node != NULL ? json_node_get_int (value.node) : 0;
  if (number < 0)
    return ul_json_throw (&value, error, UL_ERROR_CORRUPT, "negative");
  *out = (guint64) number;
  return TRUE;
}

gboolean
ul_json_get_boolean (const UlJsonValue *object, const char *name, UlJsonNeed need, gboolean *out,
                     GError **error)
{
  UlJsonValue value;
  if (!ul_json_get (object, name, UL_JSON_BOOLEAN, need, &value, error))
    return FALSE;
  *out = value.node != NULL && json_node_get_boolean (value.node);
  return TRUE;
}

gboolean
ul_json_get_strings (const UlJsonValue *object, const char *name, GHashTable **out, GError **error)
{
  UlJsonValue value;
  if (!ul_json_get (object, name, UL_JSON_OBJECT, UL_JSON_OPTIONAL, &value, error))
    return FALSE;
  g_autoptr (GHashTable) table = NULL;
  if (value.node != NULL && json_object_get_size (json_node_get_object (value.node)) > 0)
    {
      JsonObjectIter iter;
      UlJsonValue entry = { .parent = &value };
      JsonNode *node;
      table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      json_object_iter_init (&iter, json_node_get_object (value.node));
      while (json_object_iter_next (&iter, &entry.name, &node))
        {
          entry.node = node;
          const char *cause = check_type (node, UL_JSON_STRING);
          if (cause != NULL)
            return ul_json_throw (&entry, error, UL_ERROR_CORRUPT, "%s", cause);
          g_hash_table_insert (table, g_strdup (entry.name), json_node_dup_string (node));
        }
    }
  *out = g_steal_pointer (&table);
  return TRUE;
}
