// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/store-images.h"

#include "oci.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

OCI_PARSER (GPtrArray, ul_store_images_parse, "images.json")

static void
assert_file (const GPtrArray *images, const char *expected)
{
  g_autoptr (GBytes) bytes = ul_store_images_format (images);
  g_autofree char *text = oci_json (expected);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text));
}

/* podman 4.3.1 wrote it, but for ids and the order in objects. */
static const char podman[]
    = "[{'id':'" A "','digest':'" OCI_B "','names':['localhost/base:1'],"
      "'names-history':['localhost/base:1'],'layer':'" B "','metadata':'{\\'signatures-sizes\\':"
      "{\\'" OCI_B "\\':[]}}','big-data-names':['" OCI_A "','manifest'],"
      "'big-data-sizes':{'" OCI_A "':409,'manifest':343},"
      "'big-data-digests':{'" OCI_A "':'" OCI_A "','manifest':'" OCI_B "'},"
      "'created':'2026-11-28T15:30:33.663796878Z'}]";

static void
test_podman (void)
{
  g_autoptr (GPtrArray) images = parse_ok (podman);
  UlStoreImage *image = g_ptr_array_index (images, 0);
  const UlStoreBigData *manifest = ul_store_image_find_big_data (image, UL_STORE_MANIFEST);
  g_assert_cmpstr (image->id, ==, A);
  g_assert_cmpstr (image->layer, ==, B);
  g_assert_true (image->has_digest);
  g_assert_cmpuint (image->digest.bytes[0], ==, 0xbb);
  g_assert_true (ul_store_image_has_name (image, "localhost/base:1"));
  g_assert_false (ul_store_image_has_name (image, "localhost/base"));
  g_assert_cmpuint (image->names_history->len, ==, 1);
  g_assert_cmpuint (image->big_data->len, ==, 2);
  g_assert_nonnull (manifest);
  g_assert_cmpint (manifest->size, ==, 343);
  g_assert_true (manifest->has_digest);
  g_assert_true (ul_checksum_equal (&manifest->digest, &image->digest));
  g_assert_null (ul_store_image_find_big_data (image, "x"));
  assert_file (images, podman);
  ul_store_image_seal (image);
  assert_file (images, podman);
}

static void
test_new (void)
{
  g_autoptr (GPtrArray) images
      = g_ptr_array_new_with_free_func ((GDestroyNotify) ul_store_image_free);
  UlStoreImage *image = ul_store_image_new (A);
  UlChecksum digest;
  g_ptr_array_add (images, image);
  ul_checksum_of_data ("", 0, &digest);
  ul_store_image_add_big_data (image, "k", 1, &digest);
  ul_store_image_add_big_data (image, "k", 0, &digest);
  g_ptr_array_add (image->names, g_strdup ("a\n\"\\\x01"));
  ul_store_image_seal (image);
  assert_file (images,
               "[{'id':'" A "','names':['a\\u000a\\'\\\\\\u0001'],'names-history':[],"
               "'metadata':'{}','big-data-names':['k'],'big-data-sizes':{'k':0},'big-data-digests':"
               "{'k':'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'}}]");
}

/* The rest of somebody's entry stays as it is, also if "names" is written strangely. */
static void
test_set_names (void)
{
  static const char *const cases[][2] = {
    { "[{'id':'" A "','names' : ['x'],'new': { 'names':[1] } }]",
      "[{'id':'" A "','new': { 'names':[1] },'names':['y']}]" },
    { "[{'id':'" A "','n\\u0061mes':['x']}]",
      "[{'id':'" A "','n\\u0061mes':['x'],'names':['y']}]" },
    { "[{'id':'" A "','names-history':[]}]", "[{'id':'" A "','names-history':[],'names':['y']}]" },
  };
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (names, g_strdup ("y"));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) images = parse_ok (cases[i][0]);
      UlStoreImage *image = g_ptr_array_index (images, 0);
      ul_store_image_set_names (image, names);
      g_assert_true (ul_store_image_has_name (image, "y"));
      assert_file (images, cases[i][1]);
      g_autoptr (GPtrArray) again = parse_ok (cases[i][1]);
      g_assert_true (ul_store_image_has_name (g_ptr_array_index (again, 0), "y"));
      g_assert_false (ul_store_image_has_name (g_ptr_array_index (again, 0), "x"));
    }
}

static void
test_refused (void)
{
  static const OciRefusal cases[] = {
    { "{}", UL_ERROR_CORRUPT, "images.json: not an array" },
    { "[{'id':'a'}]", UL_ERROR_CORRUPT, "images.json: [0].id: not an id: a" },
    { "[{'id':'" A "','layer':'..'}]", UL_ERROR_CORRUPT, "images.json: [0].layer: not an id: .." },
    { "[{'id':'" A "','names':'a'}]", UL_ERROR_CORRUPT, "images.json: [0].names: not an array" },
    { "[{'id':'" A "','big-data-names':['..']}]", UL_ERROR_CORRUPT,
      "images.json: [0].big-data-names: not a key: .." },
    { "[{'id':'" A "','big-data-names':['k'],'big-data-digests':{'k':'md5:a'}}]",
      UL_ERROR_UNSUPPORTED, "images.json: [0].big-data-digests.k: digest is not sha256: md5:a" },
    { "[{'id':'" A "','metadata':{}}]", UL_ERROR_CORRUPT,
      "images.json: [0].metadata: not a string" },
  };
  assert_refused (cases, G_N_ELEMENTS (cases));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store-images/podman", test_podman);
  g_test_add_func ("/store-images/new", test_new);
  g_test_add_func ("/store-images/set-names", test_set_names);
  g_test_add_func ("/store-images/refused", test_refused);
  return g_test_run ();
}
