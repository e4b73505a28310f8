// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/shares.h"

#include <sys/stat.h>

#include "core/commit.h"
#include "fixture.h"
#include "repo/objects.h"

/* A commit of a directory with these files. */
static UlChecksum
commit_files (Fixture *f, const UlChecksum *files, gsize n, const UlChecksum *parent)
{
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const UlChecksum meta = fixture_write_dirmeta (f, writer);
  const UlChecksum tree = fixture_write_dirtree (writer, files, n, NULL, NULL);
  const UlChecksum commit = fixture_write_commit (writer, &tree, &meta, parent, "");
  fixture_end (transaction);
  return commit;
}

static guint
add_group (UlShares *shares, const UlChecksum *commits, guint n, guint parents)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) array = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  guint group = G_MAXUINT;
  g_array_append_vals (array, commits, n);
  ul_shares_add (shares, array, (UlPruneDepth){ .limited = TRUE, .parents = parents }, &group,
                 &error);
  g_assert_no_error (error);
  return group;
}

static void
note (const guint *groups, guint n, const UlDfSize *size, gpointer data)
{
  g_autoptr (GString) line = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (line, "%u ", groups[i]);
  g_string_append_printf (line, "= %" G_GUINT64_FORMAT, size->objects);
  g_ptr_array_add (data, g_strdup (line->str));
  g_assert_cmpuint (size->bytes % 512, ==, 0);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(char *const *) a, *(char *const *) b);
}

/* "0 2 = 3": so many objects are in groups 0 and 2 and no other; sorted, joined by commas. */
static char *
sets_of (UlShares *shares)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  ul_shares_foreach (shares, note, lines);
  g_ptr_array_sort (lines, compare);
  g_ptr_array_add (lines, NULL);
  return g_strjoinv (", ", (char **) lines->pdata);
}

static void
test_sets (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  const UlChecksum a = fixture_file (&f, "a");
  const UlChecksum b = fixture_file (&f, "b");
  const UlChecksum c = fixture_file (&f, "c");
  const UlChecksum first = commit_files (&f, (UlChecksum[]){ a, b }, 2, NULL);
  const UlChecksum second = commit_files (&f, (UlChecksum[]){ b, c }, 2, NULL);
  const UlChecksum third = commit_files (&f, (UlChecksum[]){ c, c }, 2, NULL);
  g_autoptr (UlShares) shares = ul_shares_new (f.repo, 2, NULL);
  g_assert_cmpuint (add_group (shares, &first, 1, 0), ==, 0);
  g_assert_cmpuint (add_group (shares, &second, 1, 0), ==, 1);
  g_assert_cmpuint (add_group (shares, &third, 1, 0), ==, 2);
  /* A commit, a dirtree and "a"; the dirmeta is everybody's. */
  g_autofree char *sets = sets_of (shares);
  g_assert_cmpstr (sets, ==, "0 1 2 = 1, 0 1 = 1, 0 = 3, 1 2 = 1, 1 = 2, 2 = 2");
  /* Once more makes no difference. */
  g_autofree char *again = sets_of (shares);
  g_assert_cmpstr (again, ==, sets);
  g_assert_true (ul_shares_has (shares, 0, UL_OBJECT_FILE, &a));
  g_assert_false (ul_shares_has (shares, 1, UL_OBJECT_FILE, &a));
  g_assert_true (ul_shares_has (shares, 2, UL_OBJECT_FILE, &c));
  g_assert_false (ul_shares_has (shares, 2, UL_OBJECT_DIRTREE, &c));
  /* A group that has all of another, and one of two commits. */
  add_group (shares, (UlChecksum[]){ first, second }, 2, 0);
  g_autofree char *four = sets_of (shares);
  g_assert_cmpstr (four, ==, "0 1 2 3 = 1, 0 1 3 = 1, 0 3 = 3, 1 2 3 = 1, 1 3 = 2, 2 = 2");
}

static void
test_sizes (void)
{
  g_auto (Fixture) f = { 0 };
  struct stat st;
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  g_autofree char *large = g_strnfill (100000, 'x');
  const UlChecksum file = fixture_file (&f, large);
  const UlChecksum one = commit_files (&f, &file, 1, NULL);
  const UlChecksum two = commit_files (&f, (UlChecksum[]){ file, file }, 2, NULL);
  g_autoptr (UlShares) shares = ul_shares_new (f.repo, 1, NULL);
  add_group (shares, &one, 1, 0);
  add_group (shares, &two, 1, 0);
  g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &file);
  g_assert_cmpint (stat (path, &st), ==, 0);
  fixture_delete (&f, UL_OBJECT_FILE, &file);
  /* It was measured before. */
  g_autofree char *sets = sets_of (shares);
  g_assert_cmpstr (sets, ==, "0 1 = 2, 0 = 2, 1 = 2");
  g_assert_cmpint (st.st_blocks, >, 0);
  g_autoptr (UlShares) without = ul_shares_new (f.repo, 1, NULL);
  add_group (without, &one, 1, 0);
  g_autofree char *rest = sets_of (without);
  g_assert_cmpstr (rest, ==, "0 = 3");
}

static void
test_history (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlChecksum a = fixture_file (&f, "a");
  const UlChecksum b = fixture_file (&f, "b");
  const UlChecksum c = fixture_file (&f, "c");
  const UlChecksum oldest = commit_files (&f, &a, 1, NULL);
  const UlChecksum middle = commit_files (&f, &b, 1, &oldest);
  const UlChecksum newest = commit_files (&f, &c, 1, &middle);
  g_autoptr (UlShares) shares = ul_shares_new (f.repo, 1, NULL);
  add_group (shares, &newest, 1, 0);
  add_group (shares, &newest, 1, 1);
  add_group (shares, &newest, 1, 9);
  g_autofree char *sets = sets_of (shares);
  g_assert_cmpstr (sets, ==, "0 1 2 = 4, 1 2 = 3, 2 = 3");
  /* A history that ends early, and a commit that isn't there at all. */
  fixture_delete (&f, UL_OBJECT_COMMIT, &middle);
  g_autoptr (UlShares) cut = ul_shares_new (f.repo, 1, NULL);
  add_group (cut, (UlChecksum[]){ newest, middle }, 2, 9);
  g_autofree char *rest = sets_of (cut);
  g_assert_cmpstr (rest, ==, "0 = 4");
  g_assert_cmpuint (ul_shares_missing (cut), ==, 0);
}

static void
test_missing (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "");
  fixture_delete (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
  g_autoptr (UlShares) shares = ul_shares_new (f.repo, 2, NULL);
  add_group (shares, &c.commit, 1, 0);
  add_group (shares, &c.commit, 1, 0);
  g_assert_cmpuint (ul_shares_missing (shares), ==, 1);
  /* Commit, tree, dirmeta and two files. */
  g_autofree char *sets = sets_of (shares);
  g_assert_cmpstr (sets, ==, "0 1 = 5");
}

/* Many directories, so that threads have something to do: those of even numbers are the same for
 * all, and those of odd ones differ. */
static UlChecksum
commit_many (Fixture *f, const UlChecksum numbers[3], int own)
{
  g_autoptr (GString) spec = g_string_new (NULL);
  for (int i = 100; i < 500; i++)
    g_string_append_printf (spec, "d%d:2{ f%d=0 g=%d } ", i, i, i % 2 == 0 ? 0 : own);
  const UlChecksum tree = fixture_parse_tree (f, spec->str, numbers);
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const UlChecksum commit = fixture_write_commit (writer, &tree, &numbers[2], NULL, "");
  fixture_end (transaction);
  return commit;
}

static void
test_threads (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "");
  const UlChecksum numbers[] = { c.files[0], c.files[1], c.meta };
  const UlChecksum one = commit_many (&f, numbers, 0);
  const UlChecksum two = commit_many (&f, numbers, 1);
  g_autoptr (UlShares) shares = ul_shares_new (f.repo, 4, NULL);
  add_group (shares, &one, 1, 0);
  add_group (shares, &two, 1, 0);
  g_autofree char *sets = sets_of (shares);
  g_assert_cmpstr (sets, ==, "0 1 = 202, 0 = 202, 1 = 203");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shares/sets", test_sets);
  g_test_add_func ("/shares/sizes", test_sizes);
  g_test_add_func ("/shares/history", test_history);
  g_test_add_func ("/shares/missing", test_missing);
  g_test_add_func ("/shares/threads", test_threads);
  return g_test_run ();
}
