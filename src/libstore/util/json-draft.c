// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/json-draft.h"

#include <string.h>

#include "util/error.h"
#include "util/json-private.h"
#include "util/json.h"

struct _UlJsonDraft
{
  char *name;
  JsonNode *root; /* an object */
};

static JsonNode *
new_object (void)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (node, json_object_new ());
  return node;
}

static JsonNode *
new_string (const char *text)
{
  return json_node_init_string (json_node_alloc (), text);
}

UlJsonDraft *
ul_json_draft_new (GBytes *bytes, const char *name, GError **error)
{
  g_autoptr (UlJsonDraft) self = g_new0 (UlJsonDraft, 1);
  self->name = g_strdup (name);
  self->root = bytes != NULL ? ul_json_node_parse (bytes, FALSE, name, error) : new_object ();
  if (self->root == NULL)
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (self->root))
    return g_steal_pointer (&self);
  ul_throw (error, UL_ERROR_CORRUPT, "%s: not an object", name);
  return NULL;
}

void
ul_json_draft_free (UlJsonDraft *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_clear_pointer (&self->root, json_node_unref);
  g_free (self);
}

/* "config: config.Labels: not an object". */
static gboolean
throw_type (const UlJsonDraft *self, const char *const *path, gsize len, const char *type,
            GError **error)
{
  g_autoptr (GString) place = g_string_new (NULL);
  for (gsize i = 0; i < len; i++)
    {
      g_autofree char *shown = ul_json_shown (path[i]);
      g_string_append_printf (place, "%s%s", i > 0 ? "." : "", shown);
    }
  return ul_throw (error, UL_ERROR_CORRUPT, "%s: %s: not %s", self->name, place->str, type);
}

/* What is in the way to the last name; *out_name is that. */
static gboolean
walk (const UlJsonDraft *self, const char *const *path, JsonObject **out, const char **out_name,
      GError **error)
{
  JsonObject *object = json_node_get_object (self->root);
  gsize i;
  for (i = 0; path[i + 1] != NULL; i++)
    {
      JsonNode *next = json_object_get_member (object, path[i]);
      if (next == NULL || JSON_NODE_HOLDS_NULL (next))
        {
          next = new_object ();
          json_object_set_member (object, path[i], next);
        }
      if (!JSON_NODE_HOLDS_OBJECT (next))
        return throw_type (self, path, i + 1, "an object", error);
      object = json_node_get_object (next);
    }
  *out = object;
  *out_name = path[i];
  return TRUE;
}

/* Takes @value. */
static gboolean
set_node (UlJsonDraft *self, const char *const *path, JsonNode *value, GError **error)
{
  JsonObject *object;
  const char *name;
  if (!walk (self, path, &object, &name, error))
    {
      json_node_unref (value);
      return FALSE;
    }
  json_object_set_member (object, name, value);
  return TRUE;
}

gboolean
ul_json_draft_has (const UlJsonDraft *self, const char *name)
{
  JsonNode *node = json_object_get_member (json_node_get_object (self->root), name);
  return node != NULL && !JSON_NODE_HOLDS_NULL (node);
}

gboolean
ul_json_draft_set (UlJsonDraft *self, const char *const *path, const char *value, GError **error)
{
  return set_node (self, path, ul_json_node_value (value), error);
}

gboolean
ul_json_draft_remove (UlJsonDraft *self, const char *const *path, GError **error)
{
  JsonObject *object;
  const char *name;
  if (!walk (self, path, &object, &name, error))
    return FALSE;
  if (json_object_has_member (object, name))
    json_object_remove_member (object, name);
  return TRUE;
}

gboolean
ul_json_draft_set_string (UlJsonDraft *self, const char *const *path, const char *text,
                          GError **error)
{
  return set_node (self, path, new_string (text), error);
}

gboolean
ul_json_draft_set_strings (UlJsonDraft *self, const char *const *path, char **texts, GError **error)
{
  JsonArray *array = json_array_new ();
  for (char **text = texts; *text != NULL; text++)
    json_array_add_string_element (array, *text);
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (node, array);
  return set_node (self, path, node, error);
}

static gboolean
find_array (UlJsonDraft *self, const char *const *path, JsonArray **out, GError **error)
{
  JsonObject *object;
  const char *name;
  if (!walk (self, path, &object, &name, error))
    return FALSE;
  JsonNode *node = json_object_get_member (object, name);
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    json_object_set_array_member (object, name, json_array_new ());
  else if (!JSON_NODE_HOLDS_ARRAY (node))
    return throw_type (self, path, g_strv_length ((char **) path), "an array", error);
  *out = json_object_get_array_member (object, name);
  return TRUE;
}

gboolean
ul_json_draft_append (UlJsonDraft *self, const char *const *path, const char *value, GError **error)
{
  JsonArray *array;
  if (!find_array (self, path, &array, error))
    return FALSE;
  json_array_add_element (array, ul_json_node_value (value));
  return TRUE;
}

static gboolean
begins_with (JsonNode *node, const char *text, gsize len)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
         && strncmp (json_node_get_string (node), text, len) == 0;
}

gboolean
ul_json_draft_put_string (UlJsonDraft *self, const char *const *path, const char *text,
                          gsize prefix_len, GError **error)
{
  JsonArray *array;
  gboolean is_put = FALSE;
  if (!find_array (self, path, &array, error))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (array);)
    {
      JsonNode *node = json_array_get_element (array, i);
      if (!begins_with (node, text, prefix_len))
        i++;
      else if (is_put)
        json_array_remove_element (array, i);
      else
        {
          json_node_set_string (node, text);
          is_put = TRUE;
          i++;
        }
    }
  if (!is_put)
    json_array_add_string_element (array, text);
  return TRUE;
}

/* The members of @from, but for objects called @inner, whose own are set. */
static gboolean
merge_into (UlJsonDraft *self, JsonObject *from, const char *outer, const char *inner,
            GError **error)
{
  g_autoptr (GList) names = json_object_get_members (from);
  for (GList *at = names; at != NULL; at = at->next)
    {
      const char *name = at->data;
      JsonNode *node = json_object_get_member (from, name);
      if (inner != NULL && g_str_equal (name, inner) && JSON_NODE_HOLDS_OBJECT (node))
        {
          if (!merge_into (self, json_node_get_object (node), name, NULL, error))
            return FALSE;
          continue;
        }
      const char *path[] = { outer != NULL ? outer : name, outer != NULL ? name : NULL, NULL };
      if (!set_node (self, path, json_node_copy (node), error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ul_json_draft_merge (UlJsonDraft *self, const UlJsonDraft *other, const char *inner, GError **error)
{
  return merge_into (self, json_node_get_object (other->root), NULL, inner, error);
}

GBytes *
ul_json_draft_finish (const UlJsonDraft *self)
{
  return ul_json_node_text (self->root);
}
