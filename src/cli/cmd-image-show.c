// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/escape.h"
#include "cli/image-print.h"
#include "cli/open.h"
#include "image/resolve.h"
#include "image/users.h"
#include "util/error.h"

#include <stdio.h>

typedef struct
{
  gboolean manifest;
  gboolean config;
  gboolean index;
} Options;

/* All there is to say of one layer. */
typedef struct
{
  const UlImageLayer *layer;
  const UlOciDescriptor *blob;
  const UlOciHistory *history; /* NULL where the image's doesn't tell */
  GPtrArray *sharers;          /* names of the other images that have it: char *, borrowed */
} Layer;

static void
layer_clear (gpointer data)
{
  g_ptr_array_unref (((Layer *) data)->sharers);
}

static GPtrArray *
others (const GPtrArray *users, const char *name)
{
  GPtrArray *names = g_ptr_array_new ();
  for (guint i = 0; users != NULL && i < users->len; i++)
    if (!g_str_equal (users->pdata[i], name))
      g_ptr_array_add (names, users->pdata[i]);
  return names;
}

/* The entry of the next layer at or behind *next, which goes on behind it. */
static const UlOciHistory *
next_history (const GArray *history, guint *next)
{
  while (g_array_index (history, UlOciHistory, *next).empty)
    ++*next;
  return &g_array_index (history, UlOciHistory, (*next)++);
}

static GArray *
layers_of (const UlImage *image, GHashTable *users)
{
  const gboolean told = ul_oci_config_history_fits (image->documents->config);
  guint next = 0;
  GArray *layers = g_array_new (FALSE, FALSE, sizeof (Layer));
  g_array_set_clear_func (layers, layer_clear);
  for (guint i = 0; i < image->layers->len; i++)
    {
      const UlImageLayer *layer = image->layers->pdata[i];
      const Layer all = {
        .layer = layer,
        .blob = ul_oci_descriptor_at (image->documents->manifest->layers, i),
        .history = told ? next_history (image->documents->config->history, &next) : NULL,
        .sharers = others (g_hash_table_lookup (users, layer->id), image->name),
      };
      g_array_append_val (layers, all);
    }
  return layers;
}

static const char *
packing_name (const UlOciDescriptor *blob)
{
  static const char *const names[]
      = { [UL_OCI_PLAIN] = "none", [UL_OCI_GZIP] = "gzip", [UL_OCI_ZSTD] = "zstd" };
  return names[blob->type->compression];
}

static void
add_json_layer (JsonBuilder *builder, const Layer *all)
{
  json_builder_begin_object (builder);
  ul_json_add_string (builder, "id", all->layer->id);
  ul_json_add_checksum (builder, "commit", &all->layer->commit);
  ul_json_add_digest (builder, "diff_id", &all->layer->diff_id);
  ul_json_add_int (builder, "size", (gint64) all->layer->size);
  ul_json_add_digest (builder, "blob", &all->blob->digest);
  ul_json_add_int (builder, "blob_size", (gint64) all->blob->size);
  ul_json_add_string (builder, "media_type", all->blob->media_type);
  ul_json_add_string (builder, "packing", packing_name (all->blob));
  ul_json_add_strings (builder, "shared_with", all->sharers);
  ul_json_add_string (builder, "created_by",
                      all->history != NULL ? all->history->created_by : NULL);
  json_builder_end_object (builder);
}

static void
add_json_history (JsonBuilder *builder, const GArray *history)
{
  json_builder_set_member_name (builder, "history");
  json_builder_begin_array (builder);
  for (guint i = 0; i < history->len; i++)
    {
      const UlOciHistory *entry = &g_array_index (history, UlOciHistory, i);
      json_builder_begin_object (builder);
      ul_json_add_string (builder, "created_by", entry->created_by);
      ul_json_add_string (builder, "comment", entry->comment);
      if (entry->created != 0)
        ul_json_add_int (builder, "timestamp", entry->created);
      else
        ul_json_add_string (builder, "timestamp", NULL);
      ul_json_add_bool (builder, "has_layer", !entry->empty);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
print_json (const UlImage *image, const GArray *layers)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  ul_json_add_string (builder, "name", image->name);
  ul_json_image_summary (builder, image);
  ul_json_add_checksum (builder, "commit", &image->commit);
  ul_json_add_string (builder, "media_type", image->documents->media_type);
  ul_json_add_bool (builder, "has_index", image->documents->index_bytes != NULL);
  json_builder_set_member_name (builder, "layers");
  json_builder_begin_array (builder);
  for (guint i = 0; i < layers->len; i++)
    add_json_layer (builder, &g_array_index (layers, Layer, i));
  json_builder_end_array (builder);
  add_json_history (builder, image->documents->config->history);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static void
print_digest (const char *label, const UlChecksum *digest)
{
  char text[UL_OCI_DIGEST_SIZE];
  ul_oci_digest_format (digest, text);
  printf ("%s%s", label, text);
}

static void
print_layer (const Layer *all)
{
  g_autofree char *size = g_format_size (all->layer->size);
  g_autofree char *blob_size = g_format_size (all->blob->size);
  printf ("\nLayer %.*s\n", UL_IMAGE_SHORT_ID, all->layer->id);
  print_digest ("  Diff ID:     ", &all->layer->diff_id);
  printf (", %s\n", size);
  print_digest ("  Blob:        ", &all->blob->digest);
  printf (", %s, packing %s\n", blob_size, packing_name (all->blob));
  for (guint i = 0; i < all->sharers->len; i++)
    printf ("  Shared with: %s\n", (const char *) all->sharers->pdata[i]);
  if (all->history == NULL || all->history->created_by == NULL)
    return;
  g_autofree char *created_by = ul_escape (all->history->created_by);
  printf ("  Created by:  %s\n", created_by);
}

static void
print_text (const UlImage *image, const GArray *layers)
{
  g_autofree char *platform = ul_image_platform (image->documents->config);
  g_autofree char *shown = platform != NULL ? ul_escape (platform) : g_strdup ("-");
  g_autofree char *media_type = ul_escape (image->documents->media_type);
  g_autofree char *created = ul_image_created (image->documents->config, "%Y-%m-%d %H:%M:%S +0000");
  g_autofree char *size = g_format_size (ul_image_size (image));
  printf ("Name:        %s\n", image->name);
  print_digest ("ID:          ", &image->documents->manifest->config.digest);
  print_digest ("\nManifest:    ", &image->documents->manifest_digest);
  printf ("\nMedia type:  %s\nPlatform:    %s\nCreated:     %s\nSize:        %s\nLayers:      %u\n",
          media_type, shown, created != NULL ? created : "-", size, layers->len);
  for (guint i = 0; i < layers->len; i++)
    print_layer (&g_array_index (layers, Layer, i));
}

static gboolean
print_document (UlRepo *repo, const char *name, const Options *options, GError **error)
{
  g_autoptr (UlImage) image = ul_image_load_documents (repo, name, error);
  if (image == NULL)
    return FALSE;
  GBytes *bytes = options->manifest ? image->documents->manifest_bytes
                  : options->config ? image->documents->config_bytes
                                    : image->documents->index_bytes;
  if (bytes == NULL)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "image %s: it has no index", name);
  gsize len;
  const void *data = g_bytes_get_data (bytes, &len);
  return fwrite (data, 1, len, stdout) == len
         || ul_throw_errno (error, "Writing to standard output");
}

static gboolean
show (const UlInvocation *inv, UlRepo *repo, const char *name, GError **error)
{
  g_autoptr (GHashTable) users = NULL;
  g_autoptr (UlImage) image = ul_image_load (repo, name, error);
  if (image == NULL || !ul_image_users (repo, &users, error))
    return FALSE;
  g_autoptr (GArray) layers = layers_of (image, users);
  if (inv->json)
    print_json (image, layers);
  else
    print_text (image, layers);
  return TRUE;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  g_autofree char *name = NULL;
  const int documents = options->manifest + options->config + options->index;
  if (inv->argc != 1)
    return ul_throw (error, UL_ERROR_INVALID, "Exactly one NAME must be given");
  if (documents + inv->json > 1)
    return ul_throw (error, UL_ERROR_INVALID,
                     "--manifest, --config, --index and --json exclude each other");
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL || !ul_image_resolve (repo, inv->argv[0], &name, error))
    return FALSE;
  return documents > 0 ? print_document (repo, name, options, error)
                       : show (inv, repo, name, error);
}

static const UlOption table[] = {
  { "manifest", 0, UL_OPTION_FLAG, offsetof (Options, manifest), NULL,
    "Print the manifest as it is" },
  { "config", 0, UL_OPTION_FLAG, offsetof (Options, config), NULL, "Print the config as it is" },
  { "index", 0, UL_OPTION_FLAG, offsetof (Options, index), NULL,
    "Print the index that the image came out of as it is" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_show = {
  .name = "image show",
  .args = "NAME",
  .summary = "Show an image and its layers",
  .others_say = "inspect info",
  .details = "NAME may be an ID.",
  .completes = "@image",
  .uses = UL_USES_REPO | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
