// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/store-images.h"

#include "core/store-names.h"
#include "util/error.h"

static void
clear_big_data (gpointer data)
{
  g_free (((UlStoreBigData *) data)->key);
}

static GArray *
new_big_data (void)
{
  GArray *out = g_array_new (FALSE, FALSE, sizeof (UlStoreBigData));
  g_array_set_clear_func (out, clear_big_data);
  return out;
}

UlStoreImage *
ul_store_image_new (const char *id)
{
  UlStoreImage *image = g_new0 (UlStoreImage, 1);
  image->id = g_strdup (id);
  image->names = g_ptr_array_new_with_free_func (g_free);
  image->names_history = g_ptr_array_new_with_free_func (g_free);
  image->big_data = new_big_data ();
  return image;
}

void
ul_store_image_free (UlStoreImage *image)
{
  if (image == NULL)
    return;
  g_free (image->id);
  g_free (image->layer);
  g_clear_pointer (&image->names, g_ptr_array_unref);
  g_clear_pointer (&image->names_history, g_ptr_array_unref);
  g_clear_pointer (&image->big_data, g_array_unref);
  g_free (image->created);
  g_free (image->metadata);
  g_free (image->text);
  g_free (image);
}

const UlStoreBigData *
ul_store_image_find_big_data (const UlStoreImage *image, const char *key)
{
  for (guint i = 0; i < image->big_data->len; i++)
    {
      const UlStoreBigData *data = &g_array_index (image->big_data, UlStoreBigData, i);
      if (g_str_equal (data->key, key))
        return data;
    }
  return NULL;
}

void
ul_store_image_add_big_data (UlStoreImage *image, const char *key, gint64 size,
                             const UlChecksum *digest)
{
  UlStoreBigData *data = (UlStoreBigData *) ul_store_image_find_big_data (image, key);
  if (data == NULL)
    {
      const UlStoreBigData fresh = { .key = g_strdup (key) };
      g_array_append_val (image->big_data, fresh);
      data = &g_array_index (image->big_data, UlStoreBigData, image->big_data->len - 1);
    }
  data->size = size;
  data->has_digest = TRUE;
  data->digest = *digest;
}

gboolean
ul_store_image_has_name (const UlStoreImage *image, const char *name)
{
  return g_ptr_array_find_with_equal_func (image->names, name, g_str_equal, NULL);
}

void
ul_store_image_set_names (UlStoreImage *image, GPtrArray *names)
{
  g_autoptr (GString) change = g_string_new ("{");
  ul_store_json_add_list (change, "names", names);
  g_string_append_c (change, '}');
  char *text = ul_store_json_merge (image->text, change->str);
  g_free (image->text);
  image->text = text;
  g_ptr_array_ref (names);
  g_ptr_array_unref (image->names);
  image->names = names;
}

/* Keys become names of files. */
static gboolean
get_one_big_data (const UlJsonValue *entry, const char *key, UlStoreBigData *out, GError **error)
{
  UlJsonValue sizes;
  UlJsonValue digests;
  UlStoreBigData data = { .size = -1 };
  g_autofree char *name = ul_store_big_data_name (key);
  g_autofree char *shown = ul_json_shown (key);
  if (name == NULL)
    return ul_json_throw_member (entry, "big-data-names", error, UL_ERROR_CORRUPT, "not a key: %s",
                                 shown);
  if (!ul_json_get (entry, "big-data-sizes", UL_JSON_OBJECT, UL_JSON_OPTIONAL, &sizes, error)
      || !ul_json_get (entry, "big-data-digests", UL_JSON_OBJECT, UL_JSON_OPTIONAL, &digests, error)
      || (sizes.node != NULL && !ul_store_json_get_bytes (&sizes, key, &data.size, error))
      || (digests.node != NULL
          && !ul_store_json_get_digest (&digests, key, &data.has_digest, &data.digest, error)))
    return FALSE;
  data.key = g_strdup (key);
  *out = data;
  return TRUE;
}

static gboolean
get_big_data (const UlJsonValue *entry, GArray **out, GError **error)
{
  g_autoptr (GPtrArray) keys = NULL;
  g_autoptr (GArray) all = new_big_data ();
  if (!ul_store_json_get_list (entry, "big-data-names", &keys, error))
    return FALSE;
  if (keys->len > UL_JSON_MAX_MEMBERS)
    return ul_json_throw_member (entry, "big-data-names", error, UL_ERROR_CORRUPT, "too many");
  for (guint i = 0; i < keys->len; i++)
    {
      UlStoreBigData data;
      if (!get_one_big_data (entry, g_ptr_array_index (keys, i), &data, error))
        return FALSE;
      g_array_append_val (all, data);
    }
  *out = g_steal_pointer (&all);
  return TRUE;
}

static gpointer
parse_image (const UlJsonValue *entry, const char *text, GError **error)
{
  const char *metadata;
  g_autoptr (UlStoreImage) image = g_new0 (UlStoreImage, 1);
  if (!ul_store_json_get_id (entry, "id", UL_JSON_REQUIRED, &image->id, error)
      || !ul_store_json_get_id (entry, "layer", UL_JSON_OPTIONAL, &image->layer, error)
      || !ul_store_json_get_digest (entry, "digest", &image->has_digest, &image->digest, error)
      || !ul_store_json_get_list (entry, "names", &image->names, error)
      || !ul_store_json_get_list (entry, "names-history", &image->names_history, error)
      || !get_big_data (entry, &image->big_data, error)
      || !ul_store_json_get_time (entry, "created", &image->created, error)
      || !ul_json_get_string (entry, "metadata", UL_JSON_OPTIONAL, &metadata, error))
    return NULL;
  image->metadata = g_strdup (metadata);
  image->text = g_strdup (text);
  return g_steal_pointer (&image);
}

GPtrArray *
ul_store_images_parse (GBytes *bytes, const char *name, GError **error)
{
  return ul_store_json_parse (bytes, name, parse_image, (GDestroyNotify) ul_store_image_free,
                              error);
}

/* The names, sizes and digests of files: one member each. */
static void
add_big_data (GString *out, const GArray *big_data)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  g_autoptr (GString) sizes = g_string_new ("{");
  g_autoptr (GString) digests = g_string_new ("{");
  for (guint i = 0; i < big_data->len; i++)
    {
      const UlStoreBigData *data = &g_array_index (big_data, UlStoreBigData, i);
      g_ptr_array_add (keys, data->key);
      if (data->size >= 0)
        ul_store_json_add_number (sizes, data->key, data->size);
      if (data->has_digest)
        ul_store_json_add_digest (digests, data->key, &data->digest);
    }
  ul_store_json_add_list (out, "big-data-names", keys);
  g_string_append_printf (out, ",\"big-data-sizes\":%s},\"big-data-digests\":%s}", sizes->str,
                          digests->str);
}

void
ul_store_image_seal (UlStoreImage *image)
{
  g_autoptr (GString) out = g_string_new ("{");
  ul_store_json_add_string (out, "id", image->id);
  if (image->has_digest)
    ul_store_json_add_digest (out, "digest", &image->digest);
  ul_store_json_add_list (out, "names", image->names);
  ul_store_json_add_list (out, "names-history", image->names_history);
  if (image->layer != NULL)
    ul_store_json_add_string (out, "layer", image->layer);
  ul_store_json_add_string (out, "metadata", image->metadata != NULL ? image->metadata : "{}");
  add_big_data (out, image->big_data);
  if (image->created != NULL)
    ul_store_json_add_string (out, "created", image->created);
  g_string_append_c (out, '}');
  char *text
      = image->text != NULL ? ul_store_json_merge (image->text, out->str) : g_strdup (out->str);
  g_free (image->text);
  image->text = text;
}

GBytes *
ul_store_images_format (const GPtrArray *images)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();
  for (guint i = 0; i < images->len; i++)
    g_ptr_array_add (texts, ((const UlStoreImage *) g_ptr_array_index (images, i))->text);
  return ul_store_json_join (texts);
}
