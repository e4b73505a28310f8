// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/columns.h"
#include "cli/escape.h"
#include "cli/image-print.h"
#include "cli/open-store.h"
#include "cli/print.h"
#include "image/store-query.h"
#include "util/error.h"

#define NONE "-"

typedef struct
{
  char *store;
  gboolean layers;
} Options;

static char *
short_id (const char *id)
{
  return id != NULL ? g_strndup (id, UL_IMAGE_SHORT_ID) : g_strdup (NONE);
}

static char *
size_text (gint64 size)
{
  return size >= 0 ? g_format_size ((guint64) size) : g_strdup (NONE);
}

/* To the second, in UTC. */
static char *
time_text (const char *created)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = created != NULL ? g_date_time_new_from_iso8601 (created, utc) : NULL;
  g_autoptr (GDateTime) there = time != NULL ? g_date_time_to_timezone (time, utc) : NULL;
  return there != NULL ? g_date_time_format (there, "%Y-%m-%dT%H:%M:%SZ") : g_strdup (NONE);
}

static void
add_size (JsonBuilder *builder, const char *name, gint64 size)
{
  if (size >= 0)
    ul_json_add_int (builder, name, size);
  else
    ul_json_add_string (builder, name, NULL);
}

static void
add_image_json (JsonBuilder *builder, const UlStore *store, const UlStoreImage *image)
{
  g_autoptr (GPtrArray) layers = ul_store_layers_of (store, image);
  json_builder_begin_object (builder);
  ul_json_add_strings (builder, "names", image->names);
  ul_json_add_string (builder, "id", image->id);
  if (image->has_digest)
    ul_json_add_checksum (builder, "digest", &image->digest);
  else
    ul_json_add_string (builder, "digest", NULL);
  ul_json_add_string (builder, "layer", image->layer);
  ul_json_add_int (builder, "layers", layers->len);
  add_size (builder, "size", ul_store_image_size (store, image));
  ul_json_add_string (builder, "created", image->created);
  json_builder_end_object (builder);
}

static void
add_image_row (UlColumns *columns, const UlStore *store, const UlStoreImage *image,
               const char *name)
{
  g_autoptr (GPtrArray) layers = ul_store_layers_of (store, image);
  ul_columns_add (columns, name != NULL ? ul_escape (name) : g_strdup (NONE));
  ul_columns_add (columns, short_id (image->id));
  ul_columns_add (columns, g_strdup_printf ("%u", layers->len));
  ul_columns_add (columns, size_text (ul_store_image_size (store, image)));
  ul_columns_add (columns, time_text (image->created));
}

static void
print_images (const UlStore *store)
{
  static const char *const titles[] = { "NAMES", "ID", "LAYERS", "SIZE", "CREATED", NULL };
  const GPtrArray *images = ul_store_images (store);
  g_auto (UlColumns) columns;
  ul_columns_init (&columns, titles, 1 << 2 | 1 << 3);
  for (guint i = 0; i < images->len; i++)
    {
      const UlStoreImage *image = g_ptr_array_index (images, i);
      for (guint j = 0; j < image->names->len; j++)
        add_image_row (&columns, store, image, image->names->pdata[j]);
      if (image->names->len == 0)
        add_image_row (&columns, store, image, NULL);
    }
  ul_columns_print (&columns);
}

static void
print_images_json (const UlStore *store)
{
  const GPtrArray *images = ul_store_images (store);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_array (builder);
  for (guint i = 0; i < images->len; i++)
    add_image_json (builder, store, g_ptr_array_index (images, i));
  json_builder_end_array (builder);
  ul_print_json (builder);
}

/* An image by its first name, one without by its id. */
static char *
images_text (const GPtrArray *images)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < images->len; i++)
    {
      const UlStoreImage *image = g_ptr_array_index (images, i);
      g_autofree char *name
          = image->names->len > 0 ? ul_escape (image->names->pdata[0]) : short_id (image->id);
      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", name);
    }
  return g_strdup (text->len > 0 ? text->str : NONE);
}

static gboolean
print_layers (const UlStore *store, GError **error)
{
  static const char *const titles[] = { "ID", "PARENT", "SIZE", "DIFF", "IMAGES", NULL };
  const GPtrArray *layers = ul_store_layers (store);
  g_auto (UlColumns) columns;
  ul_columns_init (&columns, titles, 1 << 2);
  for (guint i = 0; i < layers->len; i++)
    {
      const UlStoreLayer *layer = g_ptr_array_index (layers, i);
      g_autoptr (GPtrArray) images = ul_store_images_with (store, layer);
      gboolean has_diff;
      if (!ul_store_layer_has_diff (store, layer, &has_diff, error))
        return FALSE;
      ul_columns_add (&columns, short_id (layer->id));
      ul_columns_add (&columns, short_id (layer->parent));
      ul_columns_add (&columns, size_text (layer->diff_size));
      ul_columns_add (&columns, g_strdup (has_diff ? "yes" : "no"));
      ul_columns_add (&columns, images_text (images));
    }
  ul_columns_print (&columns);
  return TRUE;
}

static gboolean
add_layer_json (JsonBuilder *builder, const UlStore *store, const UlStoreLayer *layer,
                GError **error)
{
  g_autoptr (GPtrArray) images = ul_store_images_with (store, layer);
  gboolean has_diff;
  if (!ul_store_layer_has_diff (store, layer, &has_diff, error))
    return FALSE;
  json_builder_begin_object (builder);
  ul_json_add_string (builder, "id", layer->id);
  ul_json_add_string (builder, "parent", layer->parent);
  if (layer->has_diff)
    ul_json_add_checksum (builder, "diff_digest", &layer->diff_digest);
  else
    ul_json_add_string (builder, "diff_digest", NULL);
  add_size (builder, "size", layer->diff_size);
  ul_json_add_bool (builder, "has_diff", has_diff);
  json_builder_set_member_name (builder, "images");
  json_builder_begin_array (builder);
  for (guint i = 0; i < images->len; i++)
    json_builder_add_string_value (builder, ((const UlStoreImage *) images->pdata[i])->id);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  return TRUE;
}

static gboolean
print_layers_json (const UlStore *store, GError **error)
{
  const GPtrArray *layers = ul_store_layers (store);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_array (builder);
  for (guint i = 0; i < layers->len; i++)
    if (!add_layer_json (builder, store, g_ptr_array_index (layers, i), error))
      return FALSE;
  json_builder_end_array (builder);
  ul_print_json (builder);
  return TRUE;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (inv->argc > 0)
    return ul_throw (error, UL_ERROR_INVALID, "Unexpected argument '%s'", inv->argv[0]);
  g_autoptr (UlStore) store = ul_cli_open_store (inv, options->store, 0, error);
  if (store == NULL)
    return FALSE;
  if (options->layers)
    return inv->json ? print_layers_json (store, error) : print_layers (store, error);
  if (inv->json)
    print_images_json (store);
  else
    print_images (store);
  return TRUE;
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("What to list"),
  { "store", 0, UL_OPTION_PATH, offsetof (Options, store), "DIR", "The container store", "@dir" },
  { "layers", 0, UL_OPTION_FLAG, offsetof (Options, layers), NULL,
    "List layers, and which images have them" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_store_list = {
  .name = "image store list",
  .args = "--store=DIR",
  .summary = "List images and layers of a container store",
  .others_say = "ls images",
  .uses = UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
