// SPDX-License-Identifier: LGPL-2.1-or-later

/* What is taken and what becomes of it is what podman 4.3.1 does with `podman tag IMAGE NAME`, but
 * for two things. It refuses to tag by digest; there what it does to find an image counts. And it
 * takes fo_o.com/x, which is no domain, for a path in localhost/. */

#include "core/image-name.h"

#include "core/refspec.h"
#include "oci.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct
{
  const char *typed;
  const char *full;
} good[] = {
  { "foo", "localhost/foo:latest" },
  { "foo:1", "localhost/foo:1" },
  { "foo:_T.x-1", "localhost/foo:_T.x-1" },
  { "123", "localhost/123:latest" },
  { "1:2", "localhost/1:2" },
  { HEX_A, "localhost/" HEX_A ":latest" },
  { "library/foo", "localhost/library/foo:latest" },
  { "layer/" HEX_A, "localhost/layer/" HEX_A ":latest" },
  { "localhost", "localhost/localhost:latest" },
  { "localhost/foo", "localhost/foo:latest" },
  { "foo.com", "localhost/foo.com:latest" },
  { "foo.com:5000", "localhost/foo.com:5000" },
  { "host:5000/x", "host:5000/x:latest" },
  { "host:5000/x:y", "host:5000/x:y" },
  { "host:000080/x", "host:000080/x:latest" },
  { "localhost:5000/x", "localhost:5000/x:latest" },
  { "Foo.com/x", "Foo.com/x:latest" },
  { "a-b.c--d/x", "a-b.c--d/x:latest" },
  { "quay.io/a/b/c:1.0", "quay.io/a/b/c:1.0" },
  { "docker.io/foo", "docker.io/library/foo:latest" },
  { "docker.io/foo/bar", "docker.io/foo/bar:latest" },
  { "docker.io/library/foo:1", "docker.io/library/foo:1" },
  { "index.docker.io/foo", "docker.io/library/foo:latest" },
  { "docker.io:443/foo", "docker.io:443/foo:latest" },
  { "Docker.io/foo", "Docker.io/foo:latest" },
  { "docker.io", "localhost/docker.io:latest" },
  { "a_b", "localhost/a_b:latest" },
  { "a__b", "localhost/a__b:latest" },
  { "a---b", "localhost/a---b:latest" },
  { "a.b/c", "a.b/c:latest" },
  { "foo@" OCI_A, "localhost/foo@" OCI_A },
  { "foo:tag@" OCI_A, "localhost/foo@" OCI_A },
  { "host:5000/foo:tag@" OCI_B, "host:5000/foo@" OCI_B },
};

static void
test_normalize (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *full = NULL, *again = NULL;
      g_assert_true (ul_image_name_normalize (good[i].typed, &full, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (full, ==, good[i].full);
      g_assert_true (ul_image_name_normalize (full, &again, &error));
      g_assert_cmpstr (again, ==, full);
    }
}

/* Tag or digest is what differs between versions. */
static void
test_repository (void)
{
  static const char *const cases[][2] = {
    { "localhost/a:1", "localhost/a" },
    { "localhost:5000/a/b:v1.2", "localhost:5000/a/b" },
    { "docker.io/library/x:latest", "docker.io/library/x" },
    { "q.example/x@" OCI_A, "q.example/x" },
    { "q.example:80/x@" OCI_A, "q.example:80/x" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *repository = ul_image_name_get_repository (cases[i][0]);
      g_assert_cmpstr (repository, ==, cases[i][1]);
    }
}

static void
assert_refused (const char *typed, const char *cause)
{
  g_autoptr (GError) error = NULL;
  char *full = (char *) "untouched";
  g_autofree char *shown = g_strescape (typed, NULL);
  g_autofree char *message = g_strdup_printf ("Invalid image name '%s': %s", shown, cause);
  g_assert_false (ul_image_name_normalize (typed, &full, &error));
  oci_assert_error (error, UL_ERROR_INVALID, message);
  g_assert_cmpstr (full, ==, "untouched");
}

static void
test_refused (void)
{
  static const char *const domains[]
      = { "[::1]:5000/x", "host:/x",          "host:a/x",   "host:1:2/x", "-foo.com/x",
          "foo-.com/x",   "foo.com./x",       ".foo.com/x", "a..b.com/x", "./a",
          "../a",         "http://foo.com/x", "oci:/tmp/x", "fo_o.com/x", "é.com/x" };
  static const char *const paths[]
      = { "",    "/a",  "a/",   "a//b",     "a___b",      "a-_b",         "a_.b",   "a..b", "_a",
          "a_",  "-a",  "a-",   ".a",       "a b",        "a\nb",         "é",      "\xff", ":tag",
          "a+b", "a~b", "a\\b", "foo.com/", "foo.com//x", "foo.com/../x", "@" OCI_A };
  static const char *const upper[] = { "Foo", "FOO/bar", "foo.com/X", "LOCALHOST/a" };
  static const char *const tags[] = { "foo:",     "foo:-t",  "foo:.t", "foo:a b",    "foo:bar:baz",
                                      "foo:\xff", "foo:a\n", "foo:+",  "foo:@" OCI_A };
  for (guint i = 0; i < G_N_ELEMENTS (domains); i++)
    assert_refused (domains[i], "its domain is not valid");
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    assert_refused (paths[i], "its path is not valid");
  for (guint i = 0; i < G_N_ELEMENTS (upper); i++)
    assert_refused (upper[i], "its path must be lowercase");
  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    assert_refused (tags[i], "its tag is not valid");
  assert_refused ("foo@", "not a digest: ");
  assert_refused ("foo@tag", "not a digest: tag");
  assert_refused ("foo@sha256:AA", "not a digest: sha256:AA");
  assert_refused ("foo@sha512:aa", "digest is not sha256: sha512:aa");
  assert_refused ("foo@a@b", "not a digest: a@b");
}

/* @len bytes of a. */
static void
check_long (const char *before, gsize len, const char *after, const char *cause)
{
  g_autofree char *middle = g_strnfill (len, 'a');
  g_autofree char *typed = g_strconcat (before, middle, after, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *full = NULL;
  g_assert_cmpint (ul_image_name_normalize (typed, &full, &error), ==, cause == NULL);
  if (cause != NULL)
    {
      g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
      g_assert_true (g_str_has_suffix (error->message, cause));
    }
}

static void
test_lengths (void)
{
  check_long ("foo:", 128, "", NULL);
  check_long ("foo:", 129, "", "its tag is not valid");
  check_long ("localhost/", 235, "/abcdefghi", NULL);
  check_long ("localhost/", 235, "/abcdefghij", "more than 255 bytes");
  /* Taken by podman, but no file can be named so: `_3A_latest` is 10 bytes, `_5F__5F_` 8. */
  check_long ("", 245, "", NULL);
  check_long ("", 245, ":latest1", "too long for a ref");
  check_long ("", 236, "__b", NULL);
  check_long ("", 237, "__b", "too long for a ref");
}

static void
test_refs (void)
{
  static const struct
  {
    const char *full;
    const char *ref;
  } cases[] = {
    { "localhost/app:latest", "image/localhost/app_3A_latest" },
    { "host:5000/a_b/c.d-e:_1", "image/host_3A_5000/a_5F_b/c.d-e_3A__5F_1" },
    { "localhost/app@" OCI_A, "image/localhost/app_40_sha256_3A_" HEX_A },
    { "Foo.com/x:T", "image/Foo.com/x_3A_T" },
    { "localhost/layer/" HEX_A ":latest", "image/localhost/layer/" HEX_A "_3A_latest" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *ref = ul_image_name_to_ref (cases[i].full);
      g_autofree char *full = NULL;
      g_assert_cmpstr (ref, ==, cases[i].ref);
      g_assert_true (ul_ref_validate (ref, NULL));
      g_assert_true (ul_image_name_from_ref (ref, &full));
      g_assert_cmpstr (full, ==, cases[i].full);
    }
}

static void
test_other_refs (void)
{
  static const char *const refs[] = {
    "",
    "image",
    "image/",
    "main",
    "images/localhost/app_3A_latest",
    "localhost/app_3A_latest",
    "image/layer/" HEX_A,
    "image/tar-split/" HEX_A,
    "image/blob/" HEX_A,
    "image/layer/" HEX_A "_3A_latest", /* no domain */
    "image/localhost/app",             /* no tag */
    "image/localhost/app:latest",
    "image/localhost/app_3a_latest",     /* lowercase digits */
    "image/localhost/a_70_p_3A_latest",  /* a letter encoded */
    "image/localhost_2F_app_3A_latest",  /* the slash */
    "image/localhost/app_3A_latest_00_", /* a NUL */
    "image/localhost/app_3A_a_b",        /* `_` as it is */
    "image/localhost/app_3A_",
    "image/localhost/app_3A_a_2",
    "image/docker.io/app_3A_1",      /* it is library/app */
    "image/localhost/App_3A_latest", /* no name */
    "image/localhost/../app_3A_latest",
    "image/localhost/app_3A_1_40_sha256_3A_" HEX_A,
  };
  for (guint i = 0; i < G_N_ELEMENTS (refs); i++)
    {
      char *full = (char *) "untouched";
      g_assert_false (ul_image_name_from_ref (refs[i], &full));
      g_assert_cmpstr (full, ==, "untouched");
    }
}

static void
test_suggest (void)
{
  static const struct
  {
    const char *basename, *tag;
    const char *full; /* or the error */
  } cases[] = {
    { "app", NULL, "localhost/app:latest" },
    { "app", "1.0", "localhost/app:1.0" },
    { "My Image (2)", "v1", "localhost/my-image-2:v1" },
    { "a.b_c__d--e", NULL, "localhost/a.b_c__d--e:latest" },
    { "a...b_-c", NULL, "localhost/a-b-c:latest" },
    { "_app.", NULL, "localhost/app:latest" },
    { "gr\xc3\xbc\xc3\x9f"
      "e",
      NULL, "localhost/gr-e:latest" },
    { "a:b@c", NULL, "localhost/a-b-c:latest" },
    { "whatever", "quay.io/team/app", "quay.io/team/app:latest" },
    { "whatever", "app:1", "localhost/app:1" },
    { "..", "app:1", "localhost/app:1" },
    { "whatever", "docker.io/app:1@" OCI_A, "docker.io/library/app@" OCI_A },
    { "..", NULL, "No image name can be made of '..'" },
    { "", "1", "No image name can be made of ''" },
    { "\xff\n", NULL, "No image name can be made of '\\377\\n'" },
    { "app", "", "Invalid image name 'localhost/app:': its tag is not valid" },
    { "app", "a b", "Invalid image name 'localhost/app:a b': its tag is not valid" },
    { "app", "a@b", "Invalid image name 'localhost/app:a@b': not a digest: b" },
    { "app", "Team/App", "Invalid image name 'Team/App': its path must be lowercase" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *full = NULL;
      if (!ul_image_name_suggest (cases[i].basename, cases[i].tag, &full, &error))
        oci_assert_error (error, UL_ERROR_INVALID, cases[i].full);
      else
        g_assert_cmpstr (full, ==, cases[i].full);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/image-name/normalize", test_normalize);
  g_test_add_func ("/image-name/repository", test_repository);
  g_test_add_func ("/image-name/refused", test_refused);
  g_test_add_func ("/image-name/lengths", test_lengths);
  g_test_add_func ("/image-name/refs", test_refs);
  g_test_add_func ("/image-name/refs-of-something-else", test_other_refs);
  g_test_add_func ("/image-name/suggest", test_suggest);
  return g_test_run ();
}
