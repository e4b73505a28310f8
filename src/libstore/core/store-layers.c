// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/store-layers.h"

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

static gboolean
get_forbidden (const UlJsonValue *entry, guint *out, GError **error)
{
  static const struct
  {
    const char *name;
    UlStoreLayerForbidden flag;
  } members[] = {
    { "uidmap", UL_STORE_LAYER_UIDMAP },
    { "gidmap", UL_STORE_LAYER_GIDMAP },
    { "mountlabel", UL_STORE_LAYER_MOUNTLABEL },
    { "toc-digest", UL_STORE_LAYER_TOC_DIGEST },
  };
  UlJsonValue flags;
  gboolean incomplete = FALSE;
  if (!ul_json_get (entry, "flags", UL_JSON_OBJECT, UL_JSON_OPTIONAL, &flags, error)
      || (flags.node != NULL
          && !ul_json_get_boolean (&flags, "incomplete", UL_JSON_OPTIONAL, &incomplete, error)))
    return FALSE;
  guint forbidden = incomplete ? UL_STORE_LAYER_INCOMPLETE : 0;
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    if (ul_json_has (entry, members[i].name))
      forbidden |= members[i].flag;
  *out = forbidden;
  return TRUE;
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
