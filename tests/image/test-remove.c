// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include "image/remove.h"
#include "repo/lock.h"
#include "util/error.h"
#include "util/fd.h"

#define X "localhost/x:1"
#define Y "localhost/y:1"

/* x of layers a, b, and b again; y of a and c. */
static void
init (Fixture *f)
{
  fixture_init (f, UL_REPO_MODE_BARE_USER);
  fixture_image (f, X, "abb");
  fixture_image (f, Y, "ac");
}

static void
assert_refs (Fixture *f, const char *expected)
{
  g_autofree char *refs = fixture_image_refs (f);
  g_assert_cmpstr (refs, ==, expected);
}

static void
remove_ok (Fixture *f, const UlImageRemoveOptions *options, UlImageRemoveResult *out)
{
  g_autoptr (GError) error = NULL;
  ul_image_remove (f->repo, options, out, &error);
  g_assert_no_error (error);
}

#define ALL                                                                                        \
  "image/layer/a image/layer/ab image/layer/abb image/layer/ac image/localhost/x_3A_1 "            \
  "image/localhost/y_3A_1 image/tar-split/a image/tar-split/b image/tar-split/c"

/* A tar that the image has twice has one tar-split. */
static void
test_remove (void)
{
  const char *names[] = { X, NULL };
  const UlImageRemoveOptions options = { .names = names };
  char id[UL_CHECKSUM_HEX_LEN + 1];
  g_auto (Fixture) f;
  g_auto (UlImageRemoveResult) result = { 0 };
  init (&f);
  assert_refs (&f, ALL);
  remove_ok (&f, &options, &result);
  assert_refs (&f, "image/layer/a image/layer/ac image/localhost/y_3A_1 image/tar-split/a "
                   "image/tar-split/c");
  g_assert_cmpuint (result.images->len, ==, 1);
  g_assert_cmpuint (result.layers->len, ==, 2);
  g_assert_cmpuint (result.tar_splits->len, ==, 1);
  g_assert_cmpuint (result.unread->len, ==, 0);
  fixture_layer_id ("abb", id);
  g_assert_cmpstr (result.layers->pdata[0], ==, id);
}

static void
test_dry_run (void)
{
  const char *names[] = { X, Y, NULL };
  const UlImageRemoveOptions options = { .names = names, .dry_run = TRUE };
  g_autoptr (GError) error = NULL;
  ul_autofd int lock_fd = -1;
  g_auto (Fixture) f;
  g_auto (UlImageRemoveResult) result = { 0 };
  init (&f);
  /* Beside a writer. */
  ul_repo_lock (f.repo, UL_LOCK_SHARED, &lock_fd, &error);
  g_assert_no_error (error);
  remove_ok (&f, &options, &result);
  assert_refs (&f, ALL);
  g_assert_cmpuint (result.images->len, ==, 2);
  g_assert_cmpuint (result.layers->len, ==, 4);
  g_assert_cmpuint (result.tar_splits->len, ==, 3);
}

static void
test_unused (void)
{
  const UlImageRemoveOptions options = { .unused = TRUE };
  g_auto (Fixture) f;
  g_auto (UlImageRemoveResult) result = { 0 };
  init (&f);
  fixture_remove_ref (&f, "image/localhost/y_3A_1");
  remove_ok (&f, &options, &result);
  assert_refs (&f, "image/layer/a image/layer/ab image/layer/abb image/localhost/x_3A_1 "
                   "image/tar-split/a image/tar-split/b");
  g_assert_cmpuint (result.images->len, ==, 0);
  g_assert_cmpuint (result.layers->len, ==, 1);
}

/* An image whose commit names fewer layers than its config must not lose the others. */
static void
test_lying (void)
{
  const char *names[] = { X, NULL };
  const UlImageRemoveOptions options = { .names = names };
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f;
  g_auto (UlImageRemoveResult) result = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image (&f, X, "ab");
  fixture_image_naming (&f, Y, "ab", "", NULL);
  g_assert_false (ul_image_remove (f.repo, &options, &result, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_null (result.images);
  assert_refs (&f, "image/layer/a image/layer/ab image/localhost/x_3A_1 image/localhost/y_3A_1 "
                   "image/tar-split/a image/tar-split/b");
}

static void
test_alias_loop (void)
{
  const char *names[] = { "localhost/a:1", "localhost/b:1", NULL };
  const UlImageRemoveOptions options = { .names = names };
  g_auto (Fixture) f;
  g_auto (UlImageRemoveResult) result = { 0 };
  init (&f);
  g_autofree char *dir = g_build_filename (f.path, "refs/heads/image/localhost", NULL);
  g_autofree char *a = g_build_filename (dir, "a_3A_1", NULL);
  g_autofree char *b = g_build_filename (dir, "b_3A_1", NULL);
  g_assert_cmpint (symlink ("b_3A_1", a), ==, 0);
  g_assert_cmpint (symlink ("a_3A_1", b), ==, 0);
  remove_ok (&f, &options, &result);
  assert_refs (&f, ALL);
  g_assert_cmpuint (result.unread->len, ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/remove/remove", test_remove);
  g_test_add_func ("/remove/dry-run", test_dry_run);
  g_test_add_func ("/remove/unused", test_unused);
  g_test_add_func ("/remove/lying", test_lying);
  g_test_add_func ("/remove/alias-loop", test_alias_loop);
  return g_test_run ();
}
