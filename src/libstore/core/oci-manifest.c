// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-manifest.h"

#include "util/error.h"

static gboolean
check_config (const UlJsonValue *root, const UlOciDescriptor *config, GError **error)
{
  g_autofree char *shown = ul_json_shown (config->media_type);
  if (config->type == NULL || config->type->kind != UL_OCI_CONFIG)
    return ul_json_throw_member (root, "config", error, UL_ERROR_UNSUPPORTED,
                                 "not an image's config: %s", shown);
  return TRUE;
}

/* Why we can't import such a layer; NULL if we can. */
static const char *
refusal (const UlOciDescriptor *layer)
{
  if (ul_oci_media_type_is_encrypted (layer->media_type))
    return "encrypted layers are not supported";
  if (layer->type == NULL || layer->type->kind != UL_OCI_LAYER)
    return "not a layer type that is supported";
  if (layer->type->foreign && layer->has_urls)
    return "layers from other places (urls) are not supported";
  return NULL;
}

static gboolean
check_layers (const UlJsonValue *root, const GArray *layers, GError **error)
{
  for (guint i = 0; i < layers->len; i++)
    {
      const UlOciDescriptor *layer = ul_oci_descriptor_at (layers, i);
      const char *cause = refusal (layer);
      if (cause == NULL)
        continue;
      const UlJsonValue array = { .parent = root, .name = "layers" };
      const UlJsonValue element = { .parent = &array, .index = i };
      g_autofree char *shown = ul_json_shown (layer->media_type);
      return ul_json_throw (&element, error, UL_ERROR_UNSUPPORTED, "%s: %s", cause, shown);
    }
  return TRUE;
}

UlOciManifest *
ul_oci_manifest_parse (GBytes *bytes, const char *name, GError **error)
{
  UlJsonValue root;
  g_autoptr (UlJson) json = ul_json_parse (bytes, name, UL_OCI_MAX_DOCUMENT, error);
  g_autoptr (UlOciManifest) manifest = g_new0 (UlOciManifest, 1);
  if (json == NULL || !ul_json_root (json, UL_JSON_OBJECT, &root, error)
      || !ul_oci_media_check_document (&root, UL_OCI_MANIFEST, &manifest->type, error)
      || !ul_oci_descriptor_get (&root, "config", &manifest->config, error)
      || !check_config (&root, &manifest->config, error)
      || !ul_oci_descriptors_get (&root, "layers", UL_OCI_MAX_LAYERS, &manifest->layers, error)
      || !check_layers (&root, manifest->layers, error)
      || !ul_json_get_strings (&root, "annotations", &manifest->annotations, error))
    return NULL;
  return g_steal_pointer (&manifest);
}

void
ul_oci_manifest_free (UlOciManifest *manifest)
{
  if (manifest == NULL)
    return;
  ul_oci_descriptor_clear (&manifest->config);
  g_clear_pointer (&manifest->layers, g_array_unref);
  g_clear_pointer (&manifest->annotations, g_hash_table_unref);
  g_free (manifest);
}
