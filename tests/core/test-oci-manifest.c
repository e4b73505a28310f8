// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-manifest.h"

#include "oci.h"

#define CONFIG "application/vnd.oci.image.config.v1+json"
#define LAYER  "application/vnd.oci.image.layer.v1.tar"

#define DESCRIPTOR(type, digest, more)                                                             \
  "{'mediaType':'" type "','digest':'" digest "','size':9" more "}"
#define MANIFEST(config, layers)                                                                   \
  "{'schemaVersion':2,'config':" DESCRIPTOR (config, OCI_A, "") ",'layers':[" layers "]}"

OCI_PARSER (UlOciManifest, ul_oci_manifest_parse, "manifest")

/* umoci 0.4.7 wrote it, but for the annotation. */
static void
test_oci (void)
{
  g_autoptr (UlOciManifest) manifest = parse_ok (
      "{'schemaVersion':2,'config':{'mediaType':'application/vnd.oci.image.config.v1+json',"
      "'digest':'sha256:d9079253270201a9054dc1705a886731d4ed8f188b1e17cc0877f7db4760e00b',"
      "'size':291},'layers':[{'mediaType':'application/vnd.oci.image.layer.v1.tar+gzip',"
      "'digest':'sha256:97179d669501404fc6a01e36c6e5e3a34d2d254e658b99a496ee22073f21818b',"
      "'size':151}],'annotations':{'a':'b'}}");
  g_assert_null (manifest->type);
  g_assert_cmpuint (manifest->config.size, ==, 291);
  g_assert_cmpuint (manifest->config.digest.bytes[0], ==, 0xd9);
  g_assert_cmpuint (manifest->layers->len, ==, 1);
  const UlOciDescriptor *layer = ul_oci_descriptor_at (manifest->layers, 0);
  g_assert_cmpuint (layer->size, ==, 151);
  g_assert_cmpuint (layer->digest.bytes[0], ==, 0x97);
  g_assert_cmpint (layer->type->compression, ==, UL_OCI_GZIP);
  g_assert_cmpstr (g_hash_table_lookup (manifest->annotations, "a"), ==, "b");
}

/* skopeo 1.9.3 wrote it. */
static void
test_docker (void)
{
  g_autoptr (UlOciManifest) manifest = parse_ok (
      "{'schemaVersion':2,'mediaType':'application/vnd.docker.distribution.manifest.v2+json',"
      "'config':{'mediaType':'application/vnd.docker.container.image.v1+json','size':291,'digest':"
      "'sha256:d9079253270201a9054dc1705a886731d4ed8f188b1e17cc0877f7db4760e00b'},'layers':[{"
      "'mediaType':'application/vnd.docker.image.rootfs.diff.tar.gzip','size':151,'digest':"
      "'sha256:97179d669501404fc6a01e36c6e5e3a34d2d254e658b99a496ee22073f21818b'}]}");
  g_assert_cmpint (manifest->type->kind, ==, UL_OCI_MANIFEST);
  g_assert_cmpint (ul_oci_descriptor_at (manifest->layers, 0)->type->compression, ==, UL_OCI_GZIP);
  g_assert_null (manifest->annotations);
}

static void
test_layer_types (void)
{
  static const struct
  {
    const char *name;
    UlOciCompression compression;
    gboolean foreign;
  } cases[] = {
    { "application/vnd.oci.image.layer.v1.tar", UL_OCI_PLAIN, FALSE },
    { "application/vnd.oci.image.layer.v1.tar+gzip", UL_OCI_GZIP, FALSE },
    { "application/vnd.oci.image.layer.v1.tar+zstd", UL_OCI_ZSTD, FALSE },
    { "application/vnd.oci.image.layer.nondistributable.v1.tar", UL_OCI_PLAIN, TRUE },
    { "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", UL_OCI_GZIP, TRUE },
    { "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", UL_OCI_ZSTD, TRUE },
    { "application/vnd.docker.image.rootfs.diff.tar", UL_OCI_PLAIN, FALSE },
    { "application/vnd.docker.image.rootfs.diff.tar.gzip", UL_OCI_GZIP, FALSE },
    { "application/vnd.docker.image.rootfs.diff.tar.zstd", UL_OCI_ZSTD, FALSE },
    { "application/vnd.docker.image.rootfs.foreign.diff.tar", UL_OCI_PLAIN, TRUE },
    { "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", UL_OCI_GZIP, TRUE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf (
          MANIFEST (CONFIG, DESCRIPTOR ("%s", OCI_B, ",'urls':[]")), cases[i].name);
      g_autoptr (UlOciManifest) manifest = parse_ok (text);
      const UlOciDescriptor *layer = ul_oci_descriptor_at (manifest->layers, 0);
      g_assert_cmpstr (layer->media_type, ==, cases[i].name);
      g_assert_cmpint (layer->type->compression, ==, cases[i].compression);
      g_assert_cmpint (layer->type->foreign, ==, cases[i].foreign);
    }
}

static void
test_number_of_layers (void)
{
  g_autoptr (GString) text = g_string_new ("{'schemaVersion':2,'config':");
  g_autoptr (GError) error = NULL;
  g_string_append (text, DESCRIPTOR (CONFIG, OCI_A, "") ",'layers':[");
  for (guint i = 0; i < UL_OCI_MAX_LAYERS; i++)
    g_string_append (text, DESCRIPTOR (LAYER, OCI_B, "") ",");
  g_autofree char *one_more = g_strconcat (text->str, DESCRIPTOR (LAYER, OCI_B, "") "]}", NULL);
  g_string_overwrite (text, text->len - 1, "]");
  g_string_append (text, "}");
  g_autoptr (UlOciManifest) manifest = parse_ok (text->str);
  g_assert_cmpuint (manifest->layers->len, ==, UL_OCI_MAX_LAYERS);
  g_assert_null (parse (one_more, &error));
  oci_assert_error (error, UL_ERROR_CORRUPT,
                    "manifest: layers: 1001 elements, more than the allowed 1000");
}

static void
test_size (void)
{
  const gsize len = UL_OCI_MAX_DOCUMENT + 1;
  g_autoptr (GError) error = NULL;
  char *spaces = g_strnfill (len, ' ');
  memcpy (spaces, "{}", 2);
  g_autoptr (GBytes) bytes = g_bytes_new_take (spaces, len);
  g_assert_null (ul_oci_manifest_parse (bytes, "manifest", &error));
  oci_assert_error (error, UL_ERROR_CORRUPT,
                    "manifest: 4194305 bytes, more than the allowed 4194304");
}

static void
test_refused (void)
{
  static const OciRefusal cases[] = {
    { "{'schemaVersion':1,'fsLayers':[],'history':[]}", UL_ERROR_UNSUPPORTED,
      "manifest: Docker's schema 1 is not supported, convert the image to OCI" },
    { "{'schemaVersion':2,'mediaType':"
      "'application/vnd.docker.distribution.manifest.v1+prettyjws'}",
      UL_ERROR_UNSUPPORTED,
      "manifest: Docker's schema 1 is not supported, convert the image to OCI" },
    { "{'schemaVersion':2,'mediaType':'application/vnd.oci.image.index.v1+json'}", UL_ERROR_CORRUPT,
      "manifest: mediaType: not an image manifest: application/vnd.oci.image.index.v1+json" },
    { "{'schemaVersion':2,'mediaType':'x'}", UL_ERROR_CORRUPT,
      "manifest: mediaType: not an image manifest: x" },
    { "{'schemaVersion':'2'}", UL_ERROR_CORRUPT, "manifest: schemaVersion: not an integer" },
    { "{'schemaVersion':2,'manifests':[]}", UL_ERROR_CORRUPT,
      "manifest: manifests: not in an image manifest" },
    { "{'schemaVersion':2,'Manifests':[]}", UL_ERROR_CORRUPT,
      "manifest: manifests: not in an image manifest" },
    { MANIFEST (CONFIG, "],'Layers':["), UL_ERROR_CORRUPT,
      "manifest: Layers: differs from layers only in case" },
    { "{'schemaVersion':2,'layers':[]}", UL_ERROR_CORRUPT, "manifest: config: missing" },
    { "{'schemaVersion':2,'config':" DESCRIPTOR (CONFIG, OCI_A, "") "}", UL_ERROR_CORRUPT,
      "manifest: layers: missing" },
    { MANIFEST ("application/vnd.oci.empty.v1+json", ""), UL_ERROR_UNSUPPORTED,
      "manifest: config: not an image's config: application/vnd.oci.empty.v1+json" },
    { MANIFEST (LAYER, ""), UL_ERROR_UNSUPPORTED,
      "manifest: config: not an image's config: " LAYER },
    { MANIFEST (CONFIG, DESCRIPTOR (LAYER, OCI_B, "") "," DESCRIPTOR ("text/plain", OCI_B, "")),
      UL_ERROR_UNSUPPORTED, "manifest: layers[1]: not a layer type that is supported: text/plain" },
    { MANIFEST (CONFIG, DESCRIPTOR (CONFIG, OCI_B, "")), UL_ERROR_UNSUPPORTED,
      "manifest: layers[0]: not a layer type that is supported: " CONFIG },
    { MANIFEST (CONFIG, DESCRIPTOR (LAYER "+gzip+encrypted", OCI_B, "")), UL_ERROR_UNSUPPORTED,
      "manifest: layers[0]: encrypted layers are not supported: " LAYER "+gzip+encrypted" },
    { MANIFEST (CONFIG, DESCRIPTOR ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                                    OCI_B, ",'urls':['https://example.com/x']")),
      UL_ERROR_UNSUPPORTED,
      "manifest: layers[0]: layers from other places (urls) are not supported: "
      "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" },
    { "{'schemaVersion':2,'config':{'mediaType':'" CONFIG "','digest':'" OCI_A
      "','size':1e3},'layers':[]}",
      UL_ERROR_CORRUPT, "manifest: config.size: not an integer" },
    { MANIFEST (CONFIG, DESCRIPTOR (LAYER, "sha256:b", "")), UL_ERROR_CORRUPT,
      "manifest: layers[0].digest: not a digest: sha256:b" },
  };
  assert_refused (cases, G_N_ELEMENTS (cases));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/oci-manifest/oci", test_oci);
  g_test_add_func ("/oci-manifest/docker", test_docker);
  g_test_add_func ("/oci-manifest/layer-types", test_layer_types);
  g_test_add_func ("/oci-manifest/number-of-layers", test_number_of_layers);
  g_test_add_func ("/oci-manifest/size", test_size);
  g_test_add_func ("/oci-manifest/refused", test_refused);
  return g_test_run ();
}
