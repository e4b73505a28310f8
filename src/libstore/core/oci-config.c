// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-config.h"

#include "util/error.h"

static void
clear_history (gpointer data)
{
  UlOciHistory *entry = data;
  g_free (entry->created_by);
  g_free (entry->comment);
}

/* The optional time "created". Go writes its zero time, the year 1, where it has none. */
static gboolean
get_created (const UlJsonValue *object, gboolean *out_has, gint64 *out, GError **error)
{
  const char *text;
  if (!ul_json_get_string (object, "created", UL_JSON_OPTIONAL, &text, error))
    return FALSE;
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = text != NULL ? g_date_time_new_from_iso8601 (text, utc) : NULL;
  if (text != NULL && time == NULL)
    {
      g_autofree char *shown = ul_json_shown (text);
      return ul_json_throw_member (object, "created", error, UL_ERROR_CORRUPT, "not a time: %s",
                                   shown);
    }
  *out_has = time != NULL && g_date_time_get_year (time) > 1;
  *out = *out_has ? g_date_time_to_unix (time) : 0;
  return TRUE;
}

static gboolean
get_diff_ids (const UlJsonValue *root, GArray **out, GError **error)
{
  UlJsonValue rootfs;
  UlJsonValue array;
  const char *type;
  guint n;
  if (!ul_json_get (root, "rootfs", UL_JSON_OBJECT, UL_JSON_REQUIRED, &rootfs, error)
      || !ul_json_get_string (&rootfs, "type", UL_JSON_REQUIRED, &type, error))
    return FALSE;
  if (!g_str_equal (type, "layers"))
    {
      g_autofree char *shown = ul_json_shown (type);
      return ul_json_throw_member (&rootfs, "type", error, UL_ERROR_UNSUPPORTED,
                                   "not layers, but %s", shown);
    }
  if (!ul_json_get_array (&rootfs, "diff_ids", UL_JSON_OPTIONAL, UL_OCI_MAX_LAYERS, &array, &n,
                          error))
    return FALSE;
  g_autoptr (GArray) ids = g_array_sized_new (FALSE, FALSE, sizeof (UlChecksum), n);
  for (guint i = 0; i < n; i++)
    {
      UlJsonValue element;
      UlChecksum id;
      if (!ul_json_element (&array, i, UL_JSON_STRING, &element, error)
          || !ul_oci_digest_of (&element, &id, error))
        return FALSE;
      g_array_append_val (ids, id);
    }
  *out = g_steal_pointer (&ids);
  return TRUE;
}

static gboolean
parse_history (const UlJsonValue *object, UlOciHistory *out, GError **error)
{
  const char *created_by;
  const char *comment;
  gboolean has_created;
  if (!get_created (object, &has_created, &out->created, error)
      || !ul_json_get_string (object, "created_by", UL_JSON_OPTIONAL, &created_by, error)
      || !ul_json_get_string (object, "comment", UL_JSON_OPTIONAL, &comment, error)
      || !ul_json_get_boolean (object, "empty_layer", UL_JSON_OPTIONAL, &out->empty, error))
    return FALSE;
  out->created_by = g_strdup (created_by);
  out->comment = g_strdup (comment);
  return TRUE;
}

static gboolean
get_history (const UlJsonValue *root, GArray **out, GError **error)
{
  UlJsonValue array;
  guint n;
  if (!ul_json_get_array (root, "history", UL_JSON_OPTIONAL, UL_OCI_MAX_HISTORY, &array, &n, error))
    return FALSE;
  g_autoptr (GArray) history = g_array_sized_new (FALSE, TRUE, sizeof (UlOciHistory), n);
  g_array_set_clear_func (history, clear_history);
  g_array_set_size (history, n);
  for (guint i = 0; i < n; i++)
    {
      UlJsonValue element;
      if (!ul_json_element (&array, i, UL_JSON_OBJECT, &element, error)
          || !parse_history (&element, &g_array_index (history, UlOciHistory, i), error))
        return FALSE;
    }
  *out = g_steal_pointer (&history);
  return TRUE;
}

static gboolean
get_platform (const UlJsonValue *root, UlOciPlatform **out, GError **error)
{
  const char *os;
  const char *architecture;
  const char *variant;
  if (!ul_json_get_string (root, "os", UL_JSON_OPTIONAL, &os, error)
      || !ul_json_get_string (root, "architecture", UL_JSON_OPTIONAL, &architecture, error)
      || !ul_json_get_string (root, "variant", UL_JSON_OPTIONAL, &variant, error))
    return FALSE;
  *out = ul_oci_platform_new (os, architecture, variant);
  return TRUE;
}

UlOciConfig *
ul_oci_config_parse (GBytes *bytes, const char *name, GError **error)
{
  UlJsonValue root;
  g_autoptr (UlJson) json = ul_json_parse (bytes, name, UL_OCI_MAX_DOCUMENT, error);
  g_autoptr (UlOciConfig) config = g_new0 (UlOciConfig, 1);
  if (json == NULL || !ul_json_root (json, UL_JSON_OBJECT, &root, error)
      || !get_platform (&root, &config->platform, error)
      || !get_created (&root, &config->has_created, &config->created, error)
      || !get_diff_ids (&root, &config->diff_ids, error)
      || !get_history (&root, &config->history, error))
    return NULL;
  return g_steal_pointer (&config);
}

void
ul_oci_config_free (UlOciConfig *config)
{
  if (config == NULL)
    return;
  ul_oci_platform_free (config->platform);
  g_clear_pointer (&config->diff_ids, g_array_unref);
  g_clear_pointer (&config->history, g_array_unref);
  g_free (config);
}

gboolean
ul_oci_config_check (const UlOciConfig *config, const char *name, const UlOciManifest *manifest,
                     GError **error)
{
  return config->diff_ids->len == manifest->layers->len
         || ul_throw (error, UL_ERROR_CORRUPT,
                      "%s: rootfs.diff_ids: %u for the manifest's %u layers", name,
                      config->diff_ids->len, manifest->layers->len);
}

gboolean
ul_oci_config_history_fits (const UlOciConfig *config)
{
  guint layers = 0;
  for (guint i = 0; i < config->history->len; i++)
    layers += !g_array_index (config->history, UlOciHistory, i).empty;
  return layers == config->diff_ids->len;
}
