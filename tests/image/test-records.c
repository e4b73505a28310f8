// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <string.h>

#include "core/image-name.h"
#include "util/error.h"

static UlImage *
load_ok (Fixture *f, const char *name)
{
  g_autoptr (GError) error = NULL;
  UlImage *image = ul_image_load (f->repo, name, &error);
  g_assert_no_error (error);
  return image;
}

/* @load: of either kind. */
static void
refuse (Fixture *f, UlImage *(*load) (UlRepo *, const char *, GError **), const char *name,
        UlError code, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *expected = g_strdup_printf ("image %s: %s", name, message);
  g_assert_null (load (f->repo, name, &error));
  g_assert_error (error, UL_ERROR, (int) code);
  g_assert_cmpstr (error->message, ==, expected);
}

static void
assert_names (Fixture *f, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) names = NULL;
  ul_image_list (f->repo, &names, &error);
  g_assert_no_error (error);
  g_ptr_array_add (names, NULL);
  g_autofree char *joined = g_strjoinv (" ", (char **) names->pdata);
  g_assert_cmpstr (joined, ==, expected);
}

/* Ids as containers/storage has them. */
static void
test_layer_id (void)
{
  char id[UL_CHECKSUM_HEX_LEN + 1];
  const UlChecksum a = fixture_diff_id ('a');
  const UlChecksum b = fixture_diff_id ('b');
  char parent[UL_CHECKSUM_HEX_LEN + 1];
  ul_image_layer_id (NULL, &a, parent);
  g_assert_cmpstr (parent, ==, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
  ul_image_layer_id (parent, &b, id);
  g_assert_cmpstr (id, ==, "30cd148e98f3c5f60d1f7b7deaf5982d3baec464683985dfa0344f5fc190c3d4");
}

static void
test_load (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image_naming (&f, "q.example/x:1", "ab", "ab", "an index");
  g_autoptr (UlImage) image = load_ok (&f, "q.example/x:1");
  g_autoptr (GPtrArray) ids = ul_image_layer_ids (image);
  g_assert_cmpstr (image->name, ==, "q.example/x:1");
  g_assert_cmpstr (image->documents->media_type, ==, "application/vnd.oci.image.manifest.v1+json");
  g_assert_cmpmem (g_bytes_get_data (image->documents->index_bytes, NULL),
                   g_bytes_get_size (image->documents->index_bytes), "an index", 8);
  g_assert_cmpuint (ul_image_size (image), ==, 200);
  g_assert_cmpuint (image->layers->len, ==, 2);
  g_assert_cmpuint (ids->len, ==, 2);
  const UlImageLayer *base = image->layers->pdata[0];
  const UlImageLayer *top = image->layers->pdata[1];
  char id[UL_CHECKSUM_HEX_LEN + 1];
  fixture_layer_id ("ab", id);
  g_assert_null (base->parent);
  g_assert_cmpstr (top->parent, ==, base->id);
  g_assert_cmpstr (top->id, ==, id);
  g_assert_cmpstr (ids->pdata[0], ==, base->id);
  g_assert_cmpstr (ids->pdata[1], ==, id);
}

static void
test_missing_layer (void)
{
  g_auto (Fixture) f;
  g_autoptr (GError) error = NULL;
  char id[UL_CHECKSUM_HEX_LEN + 1];
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image (&f, "localhost/x:latest", "ab");
  fixture_layer_id ("a", id);
  g_autofree char *ref = ul_image_layer_ref (id);
  g_autofree char *message = g_strdup_printf ("layer %s isn't there", id);
  fixture_remove_ref (&f, ref);
  refuse (&f, ul_image_load, "localhost/x:latest", UL_ERROR_NOT_FOUND, message);
  g_autoptr (UlImage) image = ul_image_load_documents (f.repo, "localhost/x:latest", &error);
  g_assert_no_error (error);
  g_assert_null (image->layers);
  g_autoptr (GPtrArray) ids = ul_image_layer_ids (image);
  g_assert_cmpstr (ids->pdata[0], ==, id);
}

static void
test_refused (void)
{
  const char *other = "its commit names other layers than its config";
  const char *none[] = { NULL };
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image_naming (&f, "localhost/less:1", "ab", "a", NULL);
  fixture_image_naming (&f, "localhost/more:1", "a", "ab", NULL);
  fixture_image_naming (&f, "localhost/other:1", "ab", "ba", NULL);
  fixture_empty_commit (&f, "image/localhost/bare_3A_1", NULL);
  fixture_empty_commit (&f, "image/localhost/empty_3A_1", ul_image_metadata ("n", "t", none));
  refuse (&f, ul_image_load, "localhost/less:1", UL_ERROR_CORRUPT, other);
  refuse (&f, ul_image_load_documents, "localhost/less:1", UL_ERROR_CORRUPT, other);
  refuse (&f, ul_image_load_documents, "localhost/more:1", UL_ERROR_CORRUPT, other);
  refuse (&f, ul_image_load_documents, "localhost/other:1", UL_ERROR_CORRUPT, other);
  refuse (&f, ul_image_load, "localhost/bare:1", UL_ERROR_CORRUPT, "not the commit of an image");
  refuse (&f, ul_image_load, "localhost/empty:1", UL_ERROR_CORRUPT, "no manifest in its commit");
  refuse (&f, ul_image_load, "localhost/none:1", UL_ERROR_NOT_FOUND, "not there");
}

/* Layers aren't images, nor is what no import would call so; a ref with anything in it is. */
static void
test_list (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  assert_names (&f, "");
  fixture_image (&f, "q.example/x:1", "a");
  fixture_image (&f, "localhost/y:2", "b");
  fixture_empty_commit (&f, "image/localhost/No_3A_1", NULL);
  fixture_empty_commit (&f, "imagelocalhost/z_3A_1", NULL);
  g_autofree char *path
      = g_build_filename (f.path, "refs/heads/image/localhost/damaged_3A_1", NULL);
  fixture_put (path, "x", 1);
  assert_names (&f, "localhost/damaged:1 localhost/y:2 q.example/x:1");
  refuse (&f, ul_image_load, "localhost/damaged:1", UL_ERROR_CORRUPT,
          "reading ref refs/heads/image/localhost/damaged_3A_1: it holds no checksum");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/records/layer-id", test_layer_id);
  g_test_add_func ("/records/load", test_load);
  g_test_add_func ("/records/missing-layer", test_missing_layer);
  g_test_add_func ("/records/refused", test_refused);
  g_test_add_func ("/records/list", test_list);
  return g_test_run ();
}
