// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include "image/df.h"
#include "repo/refs.h"
#include "util/error.h"

#define X "localhost/x:1"
#define Y "localhost/y:1"
#define Z "localhost/z:1"

static void
run (Fixture *f, const char *const *names, UlImageDf *out)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) wanted = g_ptr_array_new ();
  for (; *names != NULL; names++)
    g_ptr_array_add (wanted, (gpointer) *names);
  const UlImageDfOptions options = { .names = wanted, .jobs = 1 };
  ul_image_df_run (f->repo, &options, out, &error);
  g_assert_no_error (error);
}

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const UlImageDfRow *
row (const UlImageDf *df, guint i)
{
  return df->rows->pdata[i];
}

/* Layers are empty trees, so that each has a commit of its own and shares dirtree and dirmeta with
 * all others; so do tar-splits, whose one commit is the same for all. */
static void
test_sums (void)
{
  g_auto (UlImageDf) df = { 0 };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image (&f, X, "ab");
  fixture_image (&f, Y, "ac");
  run (&f, NAMES (X, Y), &df);
  g_assert_cmpuint (df.rows->len, ==, 2);
  /* Two layers and two tar-splits of 3 objects; a commit, a dirtree, a dirmeta and two files. */
  g_assert_cmpuint (row (&df, 0)->size.objects, ==, 4 * 3 + 5);
  g_assert_cmpuint (row (&df, 0)->total.objects, ==, 2 + 1 + 2 + 4);
  /* A layer's commit, and of the image all but the dirmeta. */
  g_assert_cmpuint (row (&df, 0)->alone.objects, ==, 1 + 4);
  g_assert_cmpuint (df.apart.objects, ==, 2 * (4 * 3 + 5));
  g_assert_cmpuint (df.layers_once.objects, ==, 6 * 3 + 2 * 5);
  g_assert_cmpuint (df.here.objects, ==, 3 + 1 + 2 + 2 * 4);
  g_assert_cmpuint (df.layers.objects, ==, 3 + 2);
  g_assert_cmpuint (df.tar_splits.objects, ==, 1);
  g_assert_cmpuint (df.documents.objects, ==, 2 * 4);
  g_assert_cmpuint (df.elsewhere.objects, ==, 0);
}

static void
test_names (void)
{
  g_auto (UlImageDf) df = { 0 };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image (&f, X, "ab");
  fixture_image (&f, Y, "ab");
  fixture_image (&f, Z, "ac");
  run (&f, NAMES (X, Y), &df);
  g_assert_cmpuint (df.rows->len, ==, 2);
  g_assert_cmpstr (row (&df, 1)->name, ==, Y);
  /* Another name of an image has its commit alone: of the documents are even the dirtree's. */
  g_assert_cmpuint (row (&df, 0)->alone.objects, ==, 1);
  g_assert_cmpuint (df.apart.objects, ==, 4 * 3 + 2 * 5);
  g_assert_cmpuint (df.layers_once.objects, ==, df.apart.objects);
  /* What Z has, too: layer a, the tar-split, dirtree and dirmeta. */
  g_assert_cmpuint (df.elsewhere.objects, ==, 4);
}

static void
test_refs (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (UlImageDf) df = { 0 };
  g_auto (Fixture) f = { 0 };
  UlChecksum commit;
  gboolean found;
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image (&f, X, "a");
  g_assert_true (ul_refs_read (f.repo, "image/localhost/x_3A_1", &found, &commit, &error));
  g_assert_true (found);
  g_assert_true (ul_refs_write (f.repo, "copy", &commit, &error));
  g_assert_true (ul_refs_write_alias (f.repo, "alias", "image/localhost/x_3A_1", &error));
  /* Empty trees are everywhere, and say nothing. */
  fixture_empty_commit (&f, "empty", NULL);
  run (&f, NAMES (X), &df);
  g_assert_cmpuint (row (&df, 0)->refs->len, ==, 2);
  g_assert_cmpstr (row (&df, 0)->refs->pdata[0], ==, "alias");
  g_assert_cmpstr (row (&df, 0)->refs->pdata[1], ==, "copy");
}

static void
test_broken (void)
{
  char id[UL_CHECKSUM_HEX_LEN + 1];
  g_auto (UlImageDf) df = { 0 };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image (&f, X, "ab");
  fixture_image (&f, Y, "ac");
  fixture_layer_id ("ab", id);
  g_autofree char *ref = ul_image_layer_ref (id);
  fixture_remove_ref (&f, ref);
  run (&f, NAMES (X, Y), &df);
  g_assert_null (row (&df, 0)->image);
  g_assert_error (row (&df, 0)->failure, UL_ERROR, UL_ERROR_NOT_FOUND);
  g_assert_cmpuint (row (&df, 0)->size.objects, ==, 0);
  g_assert_nonnull (row (&df, 1)->image);
  g_assert_cmpuint (df.apart.objects, ==, row (&df, 1)->size.objects);
  /* What there is of the broken one is somebody else's. */
  g_assert_cmpuint (df.elsewhere.objects, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/image-df/sums", test_sums);
  g_test_add_func ("/image-df/names", test_names);
  g_test_add_func ("/image-df/refs", test_refs);
  g_test_add_func ("/image-df/broken", test_broken);
  return g_test_run ();
}
