// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/scan.h"

#include "../repo/fixture.h"
#include "build/commit.h"

static void
scan (const char *path, guint jobs, UlScan *out)
{
  g_autoptr (GError) error = NULL;
  const UlModifier modifier = { 0 };
  ul_scan_dir (path, &modifier, jobs, NULL, out, &error);
  g_assert_no_error (error);
}

static void
make_tree (const char *top)
{
  static const guint8 zeros[200];
  for (guint i = 0; i < sizeof zeros; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%u/d/%u", top, i % 9, i);
      fixture_put (path, zeros, i);
    }
}

/* The same checksums as a commit has, for any number of jobs. */
static void
test_as_committed (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  g_autofree char *top = g_build_filename (f.dir, "tree", NULL);
  make_tree (top);
  const UlTreeSource source = { .type = UL_TREE_SOURCE_DIR, .where = top };
  const UlCommitOptions options = { .trees = &source, .n_trees = 1, .branch = "b" };
  UlCommitResult result;
  g_auto (UlCommit) commit = { 0 };
  ul_commit_create (f.repo, &options, &result, &error);
  g_assert_no_error (error);
  ul_objects_load_commit (f.repo, &result.commit, &commit, &error);
  g_assert_no_error (error);
  for (guint jobs = 1; jobs < 5; jobs++)
    {
      g_auto (UlScan) found = { 0 };
      scan (top, jobs, &found);
      g_assert_true (ul_checksum_equal (&found.tree, &commit.tree));
      g_assert_true (ul_checksum_equal (&found.meta, &commit.meta));
      g_assert_nonnull (g_hash_table_lookup (found.objects, &commit.tree));
      g_assert_nonnull (g_hash_table_lookup (found.objects, &commit.meta));
    }
}

static void
test_missing (void)
{
  g_autoptr (GError) error = NULL;
  const UlModifier modifier = { 0 };
  g_auto (UlScan) found = { 0 };
  g_assert_false (ul_scan_dir ("nowhere", &modifier, 1, NULL, &found, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_null (found.objects);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Scan/as-committed", test_as_committed);
  g_test_add_func ("/Scan/missing-directory", test_missing);
  return g_test_run ();
}
