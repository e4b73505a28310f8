// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-media.h"

#include "util/error.h"

#define OCI    "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

static const UlOciMediaType media_types[] = {
  { .name = OCI "index.v1+json", .kind = UL_OCI_INDEX },
  { .name = DOCKER "distribution.manifest.list.v2+json", .kind = UL_OCI_INDEX },
  { .name = OCI "manifest.v1+json", .kind = UL_OCI_MANIFEST },
  { .name = DOCKER "distribution.manifest.v2+json", .kind = UL_OCI_MANIFEST },
  { .name = DOCKER "distribution.manifest.v1+json", .kind = UL_OCI_SCHEMA1 },
  { .name = DOCKER "distribution.manifest.v1+prettyjws", .kind = UL_OCI_SCHEMA1 },
  { .name = OCI "config.v1+json", .kind = UL_OCI_CONFIG },
  { .name = DOCKER "container.image.v1+json", .kind = UL_OCI_CONFIG },
  { OCI "layer.v1.tar", UL_OCI_LAYER, UL_OCI_PLAIN, FALSE },
  { OCI "layer.v1.tar+gzip", UL_OCI_LAYER, UL_OCI_GZIP, FALSE },
  { OCI "layer.v1.tar+zstd", UL_OCI_LAYER, UL_OCI_ZSTD, FALSE },
  { OCI "layer.nondistributable.v1.tar", UL_OCI_LAYER, UL_OCI_PLAIN, TRUE },
  { OCI "layer.nondistributable.v1.tar+gzip", UL_OCI_LAYER, UL_OCI_GZIP, TRUE },
  { OCI "layer.nondistributable.v1.tar+zstd", UL_OCI_LAYER, UL_OCI_ZSTD, TRUE },
  { DOCKER "image.rootfs.diff.tar", UL_OCI_LAYER, UL_OCI_PLAIN, FALSE },
  { DOCKER "image.rootfs.diff.tar.gzip", UL_OCI_LAYER, UL_OCI_GZIP, FALSE },
  { DOCKER "image.rootfs.diff.tar.zstd", UL_OCI_LAYER, UL_OCI_ZSTD, FALSE },
  { DOCKER "image.rootfs.foreign.diff.tar", UL_OCI_LAYER, UL_OCI_PLAIN, TRUE },
  { DOCKER "image.rootfs.foreign.diff.tar.gzip", UL_OCI_LAYER, UL_OCI_GZIP, TRUE },
};

const UlOciMediaType *
ul_oci_media_type_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (media_types); i++)
    if (g_str_equal (media_types[i].name, name))
      return &media_types[i];
  return NULL;
}

const UlOciMediaType *
ul_oci_media_type_in_oci (const UlOciMediaType *type)
{
  /* Of those that mean the same OCI's comes first. */
  for (gsize i = 0; i < G_N_ELEMENTS (media_types); i++)
    if (media_types[i].kind == type->kind && media_types[i].compression == type->compression
        && media_types[i].foreign == type->foreign)
      return &media_types[i];
  return type;
}

gboolean
ul_oci_media_type_is_encrypted (const char *name)
{
  return g_str_has_suffix (name, "+encrypted");
}

static gboolean
throw_schema1 (const UlJsonValue *root, GError **error)
{
  return ul_json_throw (root, error, UL_ERROR_UNSUPPORTED,
                        "Docker's schema 1 is not supported, convert the image to OCI");
}

/* Members that only documents of other kinds have. */
static gboolean
check_members (const UlJsonValue *root, UlOciKind kind, GError **error)
{
  static const char *const of_manifest[] = { "config", "layers", "fsLayers", "history", NULL };
  static const char *const of_others[] = { "manifests", "fsLayers", "history", NULL };
  const gboolean index = kind == UL_OCI_INDEX;
  for (const char *const *name = index ? of_manifest : of_others; *name != NULL; name++)
    if (ul_json_has (root, *name))
      return ul_json_throw_member (root, *name, error, UL_ERROR_CORRUPT, "not in an image %s",
                                   index ? "index" : "manifest");
  return TRUE;
}

gboolean
ul_oci_media_check_document (const UlJsonValue *root, UlOciKind kind,
                             const UlOciMediaType **out_type, GError **error)
{
  guint64 version;
  const char *name;
  if (!ul_json_get_size (root, "schemaVersion", UL_JSON_REQUIRED, &version, error)
      || !ul_json_get_string (root, "mediaType", UL_JSON_OPTIONAL, &name, error))
    return FALSE;
  const UlOciMediaType *type = name != NULL ? ul_oci_media_type_find (name) : NULL;
  if (version == 1 || (type != NULL && type->kind == UL_OCI_SCHEMA1))
    return throw_schema1 (root, error);
  if (version != 2)
    return ul_json_throw_member (root, "schemaVersion", error, UL_ERROR_UNSUPPORTED,
                                 "%" G_GUINT64_FORMAT " is not supported", version);
  if (name != NULL && (type == NULL || type->kind != kind))
    {
      g_autofree char *shown = ul_json_shown (name);
      return ul_json_throw_member (root, "mediaType", error, UL_ERROR_CORRUPT,
                                   "not an image %s: %s",
                                   kind == UL_OCI_INDEX ? "index" : "manifest", shown);
    }
  if (!check_members (root, kind, error))
    return FALSE;
  *out_type = type;
  return TRUE;
}
