// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/resolve.h"

#include <string.h>

#include "fixture.h"
#include "util/error.h"

/* The ID of the image called @name. */
static char *
id_of (Fixture *f, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlImage) image = ul_image_load_documents (f->repo, name, &error);
  g_assert_no_error (error);
  return ul_checksum_dup_hex (&image->documents->manifest->config.digest);
}

static void
assert_resolves (Fixture *f, const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  ul_image_resolve (f->repo, text, &name, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (name, ==, expected);
}

static void
assert_digits_resolve (Fixture *f, const char *id, gsize n, const char *expected)
{
  g_autofree char *digits = g_strndup (id, n);
  g_autofree char *with_algorithm = g_strconcat ("sha256:", digits, NULL);
  assert_resolves (f, digits, expected);
  assert_resolves (f, with_algorithm, expected);
}

static void
assert_refused (Fixture *f, const char *text, const char *message)
{
  g_autoptr (GError) error = NULL;
  char *untouched = (char *) "untouched";
  g_assert_false (ul_image_resolve (f->repo, text, &untouched, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
  g_assert_cmpstr (error->message, ==, message);
  g_assert_cmpstr (untouched, ==, "untouched");
}

static void
test_names (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image (&f, "localhost/x:latest", "ab");
  assert_resolves (&f, "x", "localhost/x:latest");
  assert_resolves (&f, "q.example/x:2", "q.example/x:2");
  assert_resolves (&f, "docker.io/x", "docker.io/library/x:latest");
  assert_refused (&f, "X", "Invalid image name 'X': its path must be lowercase");
}

static void
test_ids (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image (&f, "q.example/x:1", "ab");
  fixture_image (&f, "q.example/y:1", "a");
  g_autofree char *x = id_of (&f, "q.example/x:1");
  g_autofree char *y = id_of (&f, "q.example/y:1");
  for (gsize n = UL_IMAGE_MIN_ID; n <= UL_CHECKSUM_HEX_LEN; n += 12)
    {
      assert_digits_resolve (&f, x, n, "q.example/x:1");
      assert_digits_resolve (&f, y, n, "q.example/y:1");
    }
}

/* What is no ID is a name, whose image isn't there. */
static void
test_no_ids (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image (&f, "q.example/x:1", "ab");
  g_autofree char *id = id_of (&f, "q.example/x:1");
  g_autofree char *three = g_strndup (id, UL_IMAGE_MIN_ID - 1);
  g_autofree char *three_name = g_strdup_printf ("localhost/%s:latest", three);
  g_autofree char *more = g_strconcat (id, "0", NULL);
  g_autofree char *more_name = g_strdup_printf ("localhost/%s:latest", more);
  g_autofree char *other = g_strndup (id, 12);
  other[11] = other[11] == '0' ? '1' : '0';
  g_autofree char *other_name = g_strdup_printf ("localhost/%s:latest", other);
  assert_resolves (&f, three, three_name);
  assert_resolves (&f, more, more_name);
  assert_resolves (&f, other, other_name);
}

static void
test_name_goes_first (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image (&f, "q.example/x:1", "ab");
  g_autofree char *id = id_of (&f, "q.example/x:1");
  g_autofree char *digits = g_strndup (id, 12);
  g_autofree char *name = g_strdup_printf ("localhost/%s:latest", digits);
  fixture_image (&f, name, "a");
  assert_resolves (&f, digits, name);
  assert_digits_resolve (&f, id, UL_CHECKSUM_HEX_LEN, "q.example/x:1");
}

static void
test_several_names (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image (&f, "q.example/x:1", "ab");
  fixture_image (&f, "q.example/x:2", "ab");
  g_autofree char *id = id_of (&f, "q.example/x:1");
  g_autofree char *digits = g_strndup (id, 12);
  g_autofree char *message = g_strdup_printf (
      "ID %s fits q.example/x:1 and q.example/x:2: say which by its name", digits);
  assert_refused (&f, digits, message);
  fixture_remove_ref (&f, "image/q.example/x_3A_1");
  assert_resolves (&f, digits, "q.example/x:2");
}

static void
test_damaged (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  fixture_image (&f, "q.example/x:1", "ab");
  fixture_empty_commit (&f, "image/q.example/bad_3A_1", NULL);
  g_autofree char *id = id_of (&f, "q.example/x:1");
  assert_digits_resolve (&f, id, 12, "q.example/x:1");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ImageResolve/names", test_names);
  g_test_add_func ("/ImageResolve/ids", test_ids);
  g_test_add_func ("/ImageResolve/what-is-no-id", test_no_ids);
  g_test_add_func ("/ImageResolve/a-name-goes-before-an-id", test_name_goes_first);
  g_test_add_func ("/ImageResolve/id-with-several-names", test_several_names);
  g_test_add_func ("/ImageResolve/images-that-cannot-be-read", test_damaged);
  return g_test_run ();
}
