// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/lookup.h"

#include "fixture.h"
#include "repo/transaction.h"
#include "util/error.h"

static UlLookup *
open_lookup (Fixture *f, const UlChecksum *tree)
{
  g_autoptr (GError) error = NULL;
  UlLookup *lookup = ul_lookup_new (f->repo, tree, &error);
  g_assert_no_error (error);
  return lookup;
}

/* @expected is NULL: there is no such file. */
static void
assert_finds (UlLookup *lookup, const char *path, const UlChecksum *expected)
{
  g_autoptr (GError) error = NULL;
  gboolean found = 42;
  UlChecksum got;
  ul_lookup_file (lookup, path, &found, &got, &error);
  g_assert_no_error (error);
  g_assert_cmpint (found, ==, expected != NULL);
  if (expected != NULL)
    g_assert_true (ul_checksum_equal (&got, expected));
}

/* In any order, also after what isn't there. */
static void
test_files (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  g_autoptr (UlLookup) lookup = open_lookup (&f, &c.tree);
  assert_finds (lookup, "sub/file-0", &c.files[2]);
  assert_finds (lookup, "file-0", &c.files[0]);
  assert_finds (lookup, "sub/file-0", &c.files[2]);
  assert_finds (lookup, "sub/file-1", NULL);
  assert_finds (lookup, "nope/file-0", NULL);
  assert_finds (lookup, "file-1", &c.files[1]);
  assert_finds (lookup, "sub", NULL);
  assert_finds (lookup, "", NULL);
  assert_finds (lookup, "file-0/x", NULL);
  assert_finds (lookup, "sub/file-0", &c.files[2]);
  assert_finds (lookup, "sub/file-0/x", NULL);
  assert_finds (lookup, "sub/", NULL);
}

/* sub/sub/file-0 and sub/sub/sub/file-0, which are others than sub/file-0. */
static void
test_deep (void)
{
  g_auto (Fixture) f = { 0 };
  UlChecksum files[3];
  UlChecksum tree;
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autoptr (UlTransaction) transaction = fixture_begin (&f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const UlChecksum meta = fixture_write_dirmeta (&f, writer);
  for (guint i = 0; i < 3; i++)
    {
      const char content[] = { (char) ('a' + i), '\0' };
      files[i] = fixture_write (&f, writer, content);
      tree = fixture_write_dirtree (writer, &files[i], 1, i > 0 ? &tree : NULL, &meta);
    }
  fixture_end (transaction);
  g_autoptr (UlLookup) lookup = open_lookup (&f, &tree);
  assert_finds (lookup, "sub/sub/file-0", &files[0]);
  assert_finds (lookup, "sub/file-0", &files[1]);
  assert_finds (lookup, "file-0", &files[2]);
  assert_finds (lookup, "sub/sub/file-0", &files[0]);
  assert_finds (lookup, "sub/sub/sub/file-0", NULL);
}

/* A directory is loaded only when it's on the way, and stays. */
static void
test_missing (void)
{
  g_auto (Fixture) f = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) no_root = NULL;
  gboolean found;
  UlChecksum got;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  g_autoptr (UlLookup) warm = open_lookup (&f, &c.tree);
  g_autoptr (UlLookup) cold = open_lookup (&f, &c.tree);
  assert_finds (warm, "sub/file-0", &c.files[2]);
  fixture_delete (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
  assert_finds (warm, "sub/file-0", &c.files[2]);
  assert_finds (cold, "file-0", &c.files[0]);
  g_assert_false (ul_lookup_file (cold, "sub/file-0", &found, &got, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
  g_assert_null (ul_lookup_new (f.repo, &c.sub_tree, &no_root));
  g_assert_error (no_root, UL_ERROR, UL_ERROR_NOT_FOUND);
}

/* A sound dirtree, but of another name. */
static void
test_swapped (void)
{
  g_auto (Fixture) f = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean found;
  UlChecksum got;
  gsize len;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  g_autofree char *root = fixture_object (&f, UL_OBJECT_DIRTREE, &c.tree);
  g_autofree char *sub = fixture_object (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
  g_autofree char *bytes = fixture_get (root, &len);
  fixture_delete (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
  fixture_put (sub, bytes, len);
  g_autoptr (UlLookup) lookup = open_lookup (&f, &c.tree);
  g_assert_false (ul_lookup_file (lookup, "sub/sub/sub/file-0", &found, &got, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Lookup/files", test_files);
  g_test_add_func ("/Lookup/deep", test_deep);
  g_test_add_func ("/Lookup/missing", test_missing);
  g_test_add_func ("/Lookup/swapped", test_swapped);
  return g_test_run ();
}
