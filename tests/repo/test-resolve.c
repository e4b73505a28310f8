// SPDX-License-Identifier: LGPL-2.1-or-later

/* From REV to a commit. */

#include <string.h>

#include "fixture.h"
#include "repo/refs.h"
#include "util/error.h"

static void
assert_resolves (Fixture *f, const char *rev, const UlChecksum *expected)
{
  g_autoptr (GError) error = NULL;
  UlChecksum got;
  gboolean found = FALSE;
  ul_refs_resolve (f->repo, rev, NULL, &got, &error);
  g_assert_no_error (error);
  g_assert_true (ul_checksum_equal (&got, expected));
  g_assert_true (ul_refs_resolve (f->repo, rev, &found, &got, &error));
  g_assert_true (found);
}

static void
assert_fails (Fixture *f, const char *rev, int code)
{
  g_autoptr (GError) error = NULL;
  UlChecksum untouched = { .bytes = { 42 } };
  g_assert_false (ul_refs_resolve (f->repo, rev, NULL, &untouched, &error));
  g_assert_error (error, UL_ERROR, code);
  g_assert_cmpint (untouched.bytes[0], ==, 42);
}

static void
test_forms (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, "main/x", NULL, "s");
  g_autofree char *hex = ul_checksum_dup_hex (&c.commit);
  assert_resolves (&f, hex, &c.commit);
  assert_resolves (&f, "main/x", &c.commit);
  for (gsize len = 2; len < UL_CHECKSUM_HEX_LEN; len += 7)
    {
      g_autofree char *prefix = g_strndup (hex, len);
      assert_resolves (&f, prefix, &c.commit);
    }
}

static void
test_not_found (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  static const char *const revs[] = { "nope", "no/pe", "a", "origin:nope" };
  for (guint i = 0; i < G_N_ELEMENTS (revs); i++)
    {
      assert_fails (&f, revs[i], UL_ERROR_NOT_FOUND);
      UlChecksum untouched = { .bytes = { 42 } };
      gboolean found = 42;
      g_assert_true (ul_refs_resolve (f.repo, revs[i], &found, &untouched, &error));
      g_assert_no_error (error);
      g_assert_false (found);
      g_assert_cmpint (untouched.bytes[0], ==, 42);
    }
  static const char *const invalid[] = { "", "^", "..", "../x", "a b", "-a" };
  for (guint i = 0; i < G_N_ELEMENTS (invalid); i++)
    assert_fails (&f, invalid[i], UL_ERROR_INVALID);
}

static void
test_parents (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit first = fixture_commit (&f, NULL, NULL, "1");
  const FixtureCommit second = fixture_commit (&f, NULL, &first.commit, "2");
  const FixtureCommit third = fixture_commit (&f, "main", &second.commit, "3");
  g_autofree char *hex = ul_checksum_dup_hex (&third.commit);
  g_autofree char *by_hex = g_strconcat (hex, "^^", NULL);
  assert_resolves (&f, "main", &third.commit);
  assert_resolves (&f, "main^", &second.commit);
  assert_resolves (&f, "main^^", &first.commit);
  assert_resolves (&f, by_hex, &first.commit);
  assert_fails (&f, "main^^^", UL_ERROR_NOT_FOUND);
  fixture_delete (&f, UL_OBJECT_COMMIT, &second.commit);
  assert_resolves (&f, "main^", &second.commit);
  assert_fails (&f, "main^^", UL_ERROR_NOT_FOUND);
}

static void
test_ambiguous (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  /* Another object of commit type whose name differs in the last digit alone. */
  UlChecksum twin = c.commit;
  twin.bytes[UL_CHECKSUM_LEN - 1] ^= 1;
  g_autofree char *path = fixture_object (&f, UL_OBJECT_COMMIT, &twin);
  fixture_put (path, "", 0);
  g_autofree char *hex = ul_checksum_dup_hex (&c.commit);
  assert_resolves (&f, hex, &c.commit);
  for (gsize len = 2; len < UL_CHECKSUM_HEX_LEN; len++)
    {
      g_autofree char *prefix = g_strndup (hex, len);
      assert_fails (&f, prefix, UL_ERROR_INVALID);
    }
}

/* Prefixes are those of commits: a dirtree with the same digits doesn't count. */
static void
test_prefix_of_other_types (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  UlChecksum twin = c.commit;
  twin.bytes[UL_CHECKSUM_LEN - 1] ^= 1;
  g_autofree char *path = fixture_object (&f, UL_OBJECT_DIRTREE, &twin);
  fixture_put (path, "", 0);
  g_autofree char *hex = ul_checksum_dup_hex (&c.commit);
  g_autofree char *prefix = g_strndup (hex, 10);
  assert_resolves (&f, prefix, &c.commit);
  g_autofree char *tree_hex = ul_checksum_dup_hex (&c.tree);
  g_autofree char *tree_prefix = g_strndup (tree_hex, 20);
  assert_fails (&f, tree_prefix, UL_ERROR_NOT_FOUND);
}

static void
test_remote (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, "origin:main", NULL, "s");
  assert_resolves (&f, "origin:main", &c.commit);
  assert_resolves (&f, "main", &c.commit);
  const FixtureCommit local = fixture_commit (&f, "main", NULL, "local");
  assert_resolves (&f, "main", &local.commit);
  assert_resolves (&f, "origin:main", &c.commit);
}

static void
test_corrupt_commit (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
  g_autofree char *path = fixture_object (&f, UL_OBJECT_COMMIT, &c.commit);
  fixture_truncate (path, 10);
  assert_resolves (&f, "main", &c.commit);
  assert_fails (&f, "main^", UL_ERROR_CORRUPT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Resolve/checksum-prefix-and-ref", test_forms);
  g_test_add_func ("/Resolve/what-is-not-there", test_not_found);
  g_test_add_func ("/Resolve/parents", test_parents);
  g_test_add_func ("/Resolve/ambiguous-prefix", test_ambiguous);
  g_test_add_func ("/Resolve/prefix-of-other-types", test_prefix_of_other_types);
  g_test_add_func ("/Resolve/ref-of-a-remote", test_remote);
  g_test_add_func ("/Resolve/parent-of-a-corrupt-commit", test_corrupt_commit);
  return g_test_run ();
}
