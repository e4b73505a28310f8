// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-index.h"

#include "oci.h"

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INDEX    "application/vnd.oci.image.index.v1+json"
#define LIST     "application/vnd.docker.distribution.manifest.list.v2+json"
#define DOCKER   "application/vnd.docker.distribution.manifest.v2+json"

OCI_PARSER (UlOciIndex, ul_oci_index_parse, "index")

#define ENTRY(type, digest, more) "{'mediaType':'" type "','digest':'" digest "','size':7" more "}"
#define NAMED(name)               ",'annotations':{'org.opencontainers.image.ref.name':'" name "'}"
#define ON(arch)                  ",'platform':{'os':'linux','architecture':'" arch "'}"

/* umoci 0.4.7 wrote it. */
static void
test_layout_index (void)
{
  g_autoptr (UlOciIndex) index = parse_ok (
      "{'schemaVersion':2,'manifests':[{'mediaType':'application/vnd.oci.image.manifest.v1+json',"
      "'digest':'sha256:59db6bd37050cb278a63d1fed6d2ce399fb72e89f253c4d27a1fa37d266fb4c8',"
      "'size':192,'annotations':{'org.opencontainers.image.ref.name':'base'}},{'mediaType':"
      "'application/vnd.oci.image.manifest.v1+json','digest':"
      "'sha256:e03b4344e5b8fab2b9ed095a754475357694fa6e4ab92e9e7b4d783d9ec458c6','size':345,"
      "'annotations':{'org.opencontainers.image.ref.name':'v1'}}]}");
  g_autoptr (UlOciPlatform) amd64 = ul_oci_platform_new ("linux", "amd64", NULL);
  g_autoptr (GError) none = NULL;
  g_autoptr (GError) which = NULL;
  g_assert_null (index->type);
  g_assert_cmpuint (index->manifests->len, ==, 2);
  const UlOciDescriptor *v1 = ul_oci_index_pick (index, "v1", amd64, NULL);
  g_assert_true (v1 == ul_oci_descriptor_at (index->manifests, 1));
  g_assert_cmpuint (v1->size, ==, 345);
  g_assert_cmpuint (v1->digest.bytes[0], ==, 0xe0);
  g_assert_cmpint (v1->type->kind, ==, UL_OCI_MANIFEST);
  g_assert_cmpstr (ul_oci_descriptor_ref_name (v1), ==, "v1");
  g_assert_null (v1->platform);
  g_assert_null (ul_oci_index_pick (index, "v2", amd64, &none));
  oci_assert_error (none, UL_ERROR_NOT_FOUND, "No image v2, there are: base, v1");
  g_assert_null (ul_oci_index_pick (index, NULL, amd64, &which));
  oci_assert_error (which, UL_ERROR_INVALID, "Which image? There are: base, v1");
}

static void
test_list (void)
{
  g_autoptr (UlOciIndex) index = parse_ok (
      "{'schemaVersion':2,'mediaType':'" LIST "','manifests':["
      "{'mediaType':'" DOCKER "','size':527,'digest':'" OCI_A "','platform':{'architecture':"
      "'amd64','os':'linux'}},{'mediaType':'" DOCKER "','size':528,'digest':'" OCI_B
      "','platform':{'architecture':'arm','os':'linux','variant':'v6'}}]}");
  g_autoptr (UlOciPlatform) v7 = ul_oci_platform_new ("linux", "arm", "v7");
  g_autoptr (UlOciPlatform) s390x = ul_oci_platform_new ("linux", "s390x", NULL);
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (index->type->kind, ==, UL_OCI_INDEX);
  const UlOciDescriptor *found = ul_oci_index_select (index, v7, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (found->size, ==, 528);
  g_assert_null (ul_oci_index_select (index, s390x, &error));
  oci_assert_error (error, UL_ERROR_NOT_FOUND,
                    "No image for linux/s390x, there are: linux/amd64, linux/arm/v6");
}

/* Artifacts are passed over, nested indexes aren't. */
static void
test_only_images (void)
{
  g_autoptr (UlOciIndex) index = parse_ok ("{'schemaVersion':2,'manifests':[" ENTRY (
      "text/plain", OCI_A, "") "," ENTRY (INDEX, OCI_B, "") "]}");
  g_autoptr (UlOciIndex) empty = parse_ok ("{'schemaVersion':2,'manifests':[]}");
  g_autoptr (UlOciPlatform) amd64 = ul_oci_platform_new ("linux", "amd64", NULL);
  g_autoptr (GError) selected = NULL;
  g_autoptr (GError) picked = NULL;
  const UlOciDescriptor *second = ul_oci_descriptor_at (index->manifests, 1);
  g_assert_true (ul_oci_index_select (index, amd64, NULL) == second);
  g_assert_true (ul_oci_index_pick (index, NULL, amd64, NULL) == second);
  g_assert_null (ul_oci_descriptor_at (index->manifests, 0)->type);
  g_assert_null (ul_oci_index_select (empty, amd64, &selected));
  oci_assert_error (selected, UL_ERROR_NOT_FOUND, "No image for linux/amd64, there are: none");
  g_assert_null (ul_oci_index_pick (empty, NULL, amd64, &picked));
  oci_assert_error (picked, UL_ERROR_NOT_FOUND, "No image");
}

/* A platform decides between images of one name, and only then. */
static void
test_one_name (void)
{
  g_autoptr (UlOciIndex) index = parse_ok ("{'schemaVersion':2,'manifests':[" ENTRY (
      MANIFEST, OCI_A,
      NAMED ("x")
          ON ("arm64")) "," ENTRY (MANIFEST, OCI_B,
                                   NAMED ("x")
                                       ON ("amd64")) "," ENTRY (MANIFEST, OCI_B,
                                                                NAMED ("y\\n") ON (
                                                                    "arm64")) "," ENTRY (MANIFEST,
                                                                                         OCI_B,
                                                                                         "") "]}");
  g_autoptr (UlOciPlatform) amd64 = ul_oci_platform_new ("linux", "amd64", NULL);
  g_autoptr (GError) error = NULL;
  g_assert_true (ul_oci_index_pick (index, "x", amd64, NULL)
                 == ul_oci_descriptor_at (index->manifests, 1));
  g_assert_true (ul_oci_index_pick (index, "y\n", amd64, NULL)
                 == ul_oci_descriptor_at (index->manifests, 2));
  g_assert_null (ul_oci_index_pick (index, NULL, amd64, &error));
  oci_assert_error (error, UL_ERROR_INVALID, "Which image? There are: x, x, y\\n, (no name)");
}

static void
test_long_lists (void)
{
  g_autoptr (GString) text = g_string_new ("{'schemaVersion':2,'manifests':[");
  for (guint i = 0; i < 30; i++)
    g_string_append (text, ENTRY (MANIFEST, OCI_A, NAMED ("n") ON ("arm")) ",");
  g_string_append (text, ENTRY (MANIFEST, OCI_A, ON ("arm")) "]}");
  g_autoptr (UlOciIndex) index = parse_ok (text->str);
  g_autoptr (UlOciPlatform) amd64 = ul_oci_platform_new ("linux", "amd64", NULL);
  g_autoptr (GError) error = NULL;
  g_assert_null (ul_oci_index_pick (index, NULL, amd64, &error));
  g_assert_true (g_str_has_suffix (error->message, "n, n and 11 more"));
}

static void
test_refused (void)
{
  static const OciRefusal cases[] = {
    { "[]", UL_ERROR_CORRUPT, "index: not an object" },
    { "{'manifests':[]}", UL_ERROR_CORRUPT, "index: schemaVersion: missing" },
    { "{'schemaVersion':2}", UL_ERROR_CORRUPT, "index: manifests: missing" },
    { "{'schemaVersion':3,'manifests':[]}", UL_ERROR_UNSUPPORTED,
      "index: schemaVersion: 3 is not supported" },
    { "{'schemaVersion':2,'mediaType':'" MANIFEST "','manifests':[]}", UL_ERROR_CORRUPT,
      "index: mediaType: not an image index: " MANIFEST },
    { "{'schemaVersion':2,'manifests':[],'layers':[]}", UL_ERROR_CORRUPT,
      "index: layers: not in an image index" },
    { "{'schemaVersion':2,'manifests':[],'config':{}}", UL_ERROR_CORRUPT,
      "index: config: not in an image index" },
    { "{'schemaVersion':2,'manifests':[7]}", UL_ERROR_CORRUPT,
      "index: manifests[0]: not an object" },
    { "{'schemaVersion':2,'manifests':[{}]}", UL_ERROR_CORRUPT,
      "index: manifests[0].mediaType: missing" },
    { "{'schemaVersion':2,'manifests':[{'mediaType':''}]}", UL_ERROR_CORRUPT,
      "index: manifests[0].digest: missing" },
    { "{'schemaVersion':2,'manifests':[{'mediaType':'','digest':'" OCI_A "'}]}", UL_ERROR_CORRUPT,
      "index: manifests[0].size: missing" },
    { "{'schemaVersion':2,'manifests':[{'mediaType':'','digest':'" OCI_A "','size':-1}]}",
      UL_ERROR_CORRUPT, "index: manifests[0].size: negative" },
    { "{'schemaVersion':2,'manifests':[" ENTRY ("", "sha512:aa", "") "]}", UL_ERROR_UNSUPPORTED,
      "index: manifests[0].digest: digest is not sha256: sha512:aa" },
    { "{'schemaVersion':2,'manifests':[" ENTRY ("", OCI_A, ",'platform':{'os':1}") "]}",
      UL_ERROR_CORRUPT, "index: manifests[0].platform.os: not a string" },
    { "{'schemaVersion':2,'manifests':[" ENTRY ("", OCI_A, ",'annotations':{'a':1}") "]}",
      UL_ERROR_CORRUPT, "index: manifests[0].annotations.a: not a string" },
  };
  assert_refused (cases, G_N_ELEMENTS (cases));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/oci-index/of-a-layout", test_layout_index);
  g_test_add_func ("/oci-index/manifest-list", test_list);
  g_test_add_func ("/oci-index/only-images-are-chosen", test_only_images);
  g_test_add_func ("/oci-index/several-of-one-name", test_one_name);
  g_test_add_func ("/oci-index/long-lists-are-cut", test_long_lists);
  g_test_add_func ("/oci-index/refused", test_refused);
  return g_test_run ();
}
