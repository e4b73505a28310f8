// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/store-layers.h"

#include "core/store-names.h"

UlStoreLayer *
ul_store_layer_new (const char *id)
{
  UlStoreLayer *layer = g_new0 (UlStoreLayer, 1);
  layer->id = g_strdup (id);
  layer->diff_size = -1;
  layer->compressed_size = -1;
  layer->uids = g_array_new (FALSE, FALSE, sizeof (guint32));
  layer->gids = g_array_new (FALSE, FALSE, sizeof (guint32));
  return layer;
}

void
ul_store_layer_free (UlStoreLayer *layer)
{
  if (layer == NULL)
    return;
  g_free (layer->id);
  g_free (layer->parent);
  g_free (layer->created);
  g_clear_pointer (&layer->uids, g_array_unref);
  g_clear_pointer (&layer->gids, g_array_unref);
  g_free (layer->text);
  g_free (layer);
}

static gboolean
get_compression (const UlJsonValue *entry, gint64 *out, GError **error)
{
  UlJsonValue value;
  if (!ul_json_get (entry, "compression", UL_JSON_INTEGER, UL_JSON_OPTIONAL, &value, error))
    return FALSE;
  *out = value.node != NULL ? ul_json_integer (&value) : UL_STORE_UNCOMPRESSED;
  return TRUE;
}

static const struct
{
  const char *name;
  UlStoreLayerForbidden flag;
} forbidden_members[] = {
  { "uidmap", UL_STORE_LAYER_UIDMAP },
  { "gidmap", UL_STORE_LAYER_GIDMAP },
  { "mountlabel", UL_STORE_LAYER_MOUNTLABEL },
  { "toc-digest", UL_STORE_LAYER_TOC_DIGEST },
};

static gboolean
get_forbidden (const UlJsonValue *entry, guint *out, GError **error)
{
  UlJsonValue flags;
  gboolean incomplete = FALSE;
  if (!ul_json_get (entry, "flags", UL_JSON_OBJECT, UL_JSON_OPTIONAL, &flags, error)
      || (flags.node != NULL
          && !ul_json_get_boolean (&flags, "incomplete", UL_JSON_OPTIONAL, &incomplete, error)))
    return FALSE;
  guint forbidden = incomplete ? UL_STORE_LAYER_INCOMPLETE : 0;
  for (gsize i = 0; i < G_N_ELEMENTS (forbidden_members); i++)
    if (ul_json_has (entry, forbidden_members[i].name))
      forbidden |= forbidden_members[i].flag;
  *out = forbidden;
  return TRUE;
}

gboolean
ul_store_layer_has_right_id (const UlStoreLayer *layer)
{
  UlChecksum id;
  if (!layer->has_diff)
    return FALSE;
  ul_store_layer_id (layer->parent, &layer->diff_digest, &id);
  g_autofree char *hex = ul_checksum_dup_hex (&id);
  return g_str_equal (hex, layer->id);
}

static gboolean
is_empty_list (const UlJsonValue *entry, const char *name)
{
  UlJsonValue list;
  guint n;
  return ul_json_get_array (entry, name, UL_JSON_OPTIONAL, 0, &list, &n, NULL);
}

static gboolean
is_string (const UlJsonValue *entry, const char *name)
{
  UlJsonValue value;
  return ul_json_get (entry, name, UL_JSON_STRING, UL_JSON_OPTIONAL, &value, NULL);
}

/* A label is only what a mount of the layer alone gets. What is known by its diff ID, too, needs no
 * table of contents. */
static guint
find_removable (const UlJsonValue *entry, const UlStoreLayer *layer)
{
  guint found = 0;
  if (is_empty_list (entry, "uidmap"))
    found |= UL_STORE_LAYER_UIDMAP;
  if (is_empty_list (entry, "gidmap"))
    found |= UL_STORE_LAYER_GIDMAP;
  if (is_string (entry, "mountlabel"))
    found |= UL_STORE_LAYER_MOUNTLABEL;
  if (is_string (entry, "toc-digest") && ul_store_layer_has_right_id (layer))
    found |= UL_STORE_LAYER_TOC_DIGEST;
  return found & layer->forbidden;
}

void
ul_store_layer_remove (UlStoreLayer *layer, guint members)
{
  for (gsize i = 0; i < G_N_ELEMENTS (forbidden_members); i++)
    if (members & forbidden_members[i].flag)
      {
        char *text = ul_store_json_without (layer->text, forbidden_members[i].name);
        g_free (layer->text);
        layer->text = text;
      }
  layer->forbidden &= ~members;
  layer->removable &= ~members;
}

static gpointer
parse_layer (const UlJsonValue *entry, const char *text, GError **error)
{
  g_autoptr (UlStoreLayer) layer = g_new0 (UlStoreLayer, 1);
  if (!ul_store_json_get_id (entry, "id", UL_JSON_REQUIRED, &layer->id, error)
      || !ul_store_json_get_id (entry, "parent", UL_JSON_OPTIONAL, &layer->parent, error)
      || !ul_store_json_get_time (entry, "created", &layer->created, error)
      || !ul_store_json_get_digest (entry, "diff-digest", &layer->has_diff, &layer->diff_digest,
                                    error)
      || !ul_store_json_get_bytes (entry, "diff-size", &layer->diff_size, error)
      || !ul_store_json_get_digest (entry, "compressed-diff-digest", &layer->has_compressed,
                                    &layer->compressed_digest, error)
      || !ul_store_json_get_bytes (entry, "compressed-size", &layer->compressed_size, error)
      || !get_compression (entry, &layer->compression, error)
      || !ul_store_json_get_ids (entry, "uidset", &layer->uids, error)
      || !ul_store_json_get_ids (entry, "gidset", &layer->gids, error)
      || !get_forbidden (entry, &layer->forbidden, error))
    return NULL;
  layer->removable = find_removable (entry, layer);
  layer->text = g_strdup (text);
  return g_steal_pointer (&layer);
}

GPtrArray *
ul_store_layers_parse (GBytes *bytes, const char *name, GError **error)
{
  return ul_store_json_parse (bytes, name, parse_layer, (GDestroyNotify) ul_store_layer_free,
                              error);
}

void
ul_store_layer_seal (UlStoreLayer *layer)
{
  GString *out = g_string_new ("{");
  ul_store_json_add_string (out, "id", layer->id);
  if (layer->parent != NULL)
    ul_store_json_add_string (out, "parent", layer->parent);
  if (layer->created != NULL)
    ul_store_json_add_string (out, "created", layer->created);
  if (layer->has_compressed)
    ul_store_json_add_digest (out, "compressed-diff-digest", &layer->compressed_digest);
  if (layer->compressed_size >= 0)
    ul_store_json_add_number (out, "compressed-size", layer->compressed_size);
  if (layer->has_diff)
    ul_store_json_add_digest (out, "diff-digest", &layer->diff_digest);
  if (layer->diff_size >= 0)
    ul_store_json_add_number (out, "diff-size", layer->diff_size);
  if (layer->compression != UL_STORE_UNCOMPRESSED)
    ul_store_json_add_number (out, "compression", layer->compression);
  ul_store_json_add_ids (out, "uidset", layer->uids);
  ul_store_json_add_ids (out, "gidset", layer->gids);
  g_string_append_c (out, '}');
  g_free (layer->text);
  layer->text = g_string_free (out, FALSE);
}

GBytes *
ul_store_layers_format (const GPtrArray *layers)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();
  for (guint i = 0; i < layers->len; i++)
    g_ptr_array_add (texts, ((const UlStoreLayer *) g_ptr_array_index (layers, i))->text);
  return ul_store_json_join (texts);
}
