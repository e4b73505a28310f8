// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/store-json.h"

#include "core/oci-digest.h"
#include "core/store-names.h"
#include "util/error.h"

/* Where the string ends that begins at @at. */
static const char *
skip_string (const char *at)
{
  for (at++; *at != '"'; at++)
    if (*at == '\\')
      at++;
  return at + 1;
}

/* Where the element ends that begins at @at: the comma or bracket behind it. */
static const char *
skip_element (const char *at)
{
  guint depth = 0;
  while (depth > 0 || strchr (",]}", *at) == NULL)
    {
      if (*at == '"')
        {
          at = skip_string (at);
          continue;
        }
      if (*at == '[' || *at == '{')
        depth++;
      else if (*at == ']' || *at == '}')
        depth--;
      at++;
    }
  return at;
}

GPtrArray *
ul_store_json_split (const char *text, gsize len)
{
  g_autofree char *copy = g_strndup (text, len);
  GPtrArray *out = g_ptr_array_new_with_free_func (g_free);
  const char *at = copy + strcspn (copy, "[{");
  do
    {
      const char *begin = at + 1;
      at = skip_element (begin);
      char *element = g_strstrip (g_strndup (begin, (gsize) (at - begin)));
      if (*element != '\0')
        g_ptr_array_add (out, element);
      else
        g_free (element);
    }
  while (*at == ',');
  return out;
}

GPtrArray *
ul_store_json_parse (GBytes *bytes, const char *name, UlStoreJsonEntry parse,
                     GDestroyNotify free_entry, GError **error)
{
  g_autoptr (UlJson) json = ul_json_parse (bytes, name, UL_STORE_MAX_FILE, error);
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (free_entry);
  UlJsonValue root;
  if (json == NULL || !ul_json_root (json, UL_JSON_ARRAY, &root, error))
    return NULL;
  gsize len;
  const char *data = g_bytes_get_data (bytes, &len);
  g_autoptr (GPtrArray) texts = ul_store_json_split (data, len);
  for (guint i = 0; i < texts->len; i++)
    {
      UlJsonValue element;
      if (!ul_json_element (&root, i, UL_JSON_OBJECT, &element, error))
        return NULL;
      gpointer entry = parse (&element, g_ptr_array_index (texts, i), error);
      if (entry == NULL)
        return NULL;
      g_ptr_array_add (entries, entry);
    }
  return g_steal_pointer (&entries);
}

GBytes *
ul_store_json_join (const GPtrArray *texts)
{
  GString *out = g_string_new ("[");
  for (guint i = 0; i < texts->len; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      g_string_append (out, g_ptr_array_index (texts, i));
    }
  g_string_append_c (out, ']');
  return g_string_free_to_bytes (out);
}

/* Do two members have the same name, in the same spelling? */
static gboolean
is_same_name (gconstpointer a, gconstpointer b)
{
  const gsize len = (gsize) (skip_string (a) - (const char *) a);
  return strncmp (a, b, len) == 0;
}

/* A name that @text spells with escapes stays before ours: the last one counts. */
char *
ul_store_json_merge (const char *text, const char *change)
{
  g_autoptr (GPtrArray) old = ul_store_json_split (text, strlen (text));
  g_autoptr (GPtrArray) new = ul_store_json_split (change, strlen (change));
  GString *out = g_string_new ("{");
  for (guint i = 0; i < old->len; i++)
    {
      const char *member = g_ptr_array_index (old, i);
      if (!g_ptr_array_find_with_equal_func (new, member, is_same_name, NULL))
        g_string_append_printf (out, "%s%s", out->len > 1 ? "," : "", member);
    }
  for (guint i = 0; i < new->len; i++)
    g_string_append_printf (out, "%s%s", out->len > 1 ? "," : "",
                            (const char *) g_ptr_array_index (new, i));
  g_string_append_c (out, '}');
  return g_string_free (out, FALSE);
}

char *
ul_store_json_without (const char *text, const char *name)
{
  g_autoptr (GPtrArray) members = ul_store_json_split (text, strlen (text));
  g_autofree char *quoted = ul_json_quote (name);
  GString *out = g_string_new ("{");
  for (guint i = 0; i < members->len; i++)
    {
      const char *member = g_ptr_array_index (members, i);
      if (!is_same_name (member, quoted))
        g_string_append_printf (out, "%s%s", out->len > 1 ? "," : "", member);
    }
  g_string_append_c (out, '}');
  return g_string_free (out, FALSE);
}

/* Ids become names of directories. */
gboolean
ul_store_json_get_id (const UlJsonValue *entry, const char *name, UlJsonNeed need, char **out,
                      GError **error)
{
  const char *text;
  if (!ul_json_get_string (entry, name, need, &text, error))
    return FALSE;
  const gboolean none = need == UL_JSON_OPTIONAL && (text == NULL || *text == '\0');
  if (!none && !ul_store_is_id (text))
    {
      g_autofree char *shown = ul_json_shown (text);
      return ul_json_throw_member (entry, name, error, UL_ERROR_CORRUPT, "not an id: %s", shown);
    }
  *out = none ? NULL : g_strdup (text);
  return TRUE;
}

gboolean
ul_store_json_get_list (const UlJsonValue *object, const char *name, GPtrArray **out,
                        GError **error)
{
  UlJsonValue array;
  guint n;
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  if (!ul_json_get_array (object, name, UL_JSON_OPTIONAL, UL_STORE_MAX_LIST, &array, &n, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      UlJsonValue element;
      if (!ul_json_element (&array, i, UL_JSON_STRING, &element, error))
        return FALSE;
      g_ptr_array_add (list, g_strdup (ul_json_string (&element)));
    }
  *out = g_steal_pointer (&list);
  return TRUE;
}

gboolean
ul_store_json_get_ids (const UlJsonValue *object, const char *name, GArray **out, GError **error)
{
  UlJsonValue array;
  guint n;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  if (!ul_json_get_array (object, name, UL_JSON_OPTIONAL, UL_STORE_MAX_LIST, &array, &n, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      UlJsonValue element;
      if (!ul_json_element (&array, i, UL_JSON_INTEGER, &element, error))
        return FALSE;
      const gint64 id = ul_json_integer (&element);
      if (id < 0 || id > G_MAXUINT32)
        return ul_json_throw (&element, error, UL_ERROR_CORRUPT, "not an owner");
      const guint32 value = (guint32) id;
      g_array_append_val (ids, value);
    }
  *out = g_steal_pointer (&ids);
  return TRUE;
}

gboolean
ul_store_json_get_time (const UlJsonValue *object, const char *name, char **out, GError **error)
{
  const char *text;
  if (!ul_json_get_string (object, name, UL_JSON_OPTIONAL, &text, error))
    return FALSE;
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = text != NULL ? g_date_time_new_from_iso8601 (text, utc) : NULL;
  if (text != NULL && time == NULL)
    {
      g_autofree char *shown = ul_json_shown (text);
      return ul_json_throw_member (object, name, error, UL_ERROR_CORRUPT, "not a time: %s", shown);
    }
  *out = g_strdup (text);
  return TRUE;
}

gboolean
ul_store_json_get_digest (const UlJsonValue *object, const char *name, gboolean *out_has,
                          UlChecksum *out, GError **error)
{
  UlJsonValue string;
  if (!ul_json_get (object, name, UL_JSON_STRING, UL_JSON_OPTIONAL, &string, error))
    return FALSE;
  /* Go writes "" for no digest. */
  const gboolean has = string.node != NULL && *ul_json_string (&string) != '\0';
  if (has && !ul_oci_digest_of (&string, out, error))
    return FALSE;
  *out_has = has;
  return TRUE;
}

gboolean
ul_store_json_get_bytes (const UlJsonValue *object, const char *name, gint64 *out, GError **error)
{
  UlJsonValue value;
  if (!ul_json_get (object, name, UL_JSON_INTEGER, UL_JSON_OPTIONAL, &value, error))
    return FALSE;
  *out = value.node != NULL ? MAX (ul_json_integer (&value), -1) : -1;
  return TRUE;
}

static void
append_string (GString *out, const char *text)
{
  g_string_append_c (out, '"');
  for (const char *at = text; *at != '\0'; at++)
    {
      if ((guchar) *at < 0x20)
        g_string_append_printf (out, "\\u%04x", (guint) *at);
      else if (*at == '"' || *at == '\\')
        g_string_append_printf (out, "\\%c", *at);
      else
        g_string_append_c (out, *at);
    }
  g_string_append_c (out, '"');
}

static void
add_name (GString *out, const char *name)
{
  if (out->len > 0 && out->str[out->len - 1] != '{')
    g_string_append_c (out, ',');
  append_string (out, name);
  g_string_append_c (out, ':');
}

void
ul_store_json_add_string (GString *out, const char *name, const char *text)
{
  add_name (out, name);
  append_string (out, text);
}

void
ul_store_json_add_digest (GString *out, const char *name, const UlChecksum *digest)
{
  char text[UL_OCI_DIGEST_SIZE];
  ul_oci_digest_format (digest, text);
  ul_store_json_add_string (out, name, text);
}

void
ul_store_json_add_number (GString *out, const char *name, gint64 number)
{
  add_name (out, name);
  g_string_append_printf (out, "%" G_GINT64_FORMAT, number);
}

void
ul_store_json_add_list (GString *out, const char *name, const GPtrArray *list)
{
  add_name (out, name);
  g_string_append_c (out, '[');
  for (guint i = 0; i < list->len; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      append_string (out, g_ptr_array_index (list, i));
    }
  g_string_append_c (out, ']');
}

void
ul_store_json_add_ids (GString *out, const char *name, const GArray *ids)
{
  if (ids->len == 0)
    return;
  add_name (out, name);
  for (guint i = 0; i < ids->len; i++)
    g_string_append_printf (out, "%c%u", i == 0 ? '[' : ',', g_array_index (ids, guint32, i));
  g_string_append_c (out, ']');
}
