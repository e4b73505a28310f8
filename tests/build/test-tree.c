// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/tree.h"

#include <string.h>

#include "../repo/fixture.h"
#include "util/error.h"

/* Of the dirtree without entries, as ostree 2022.7 writes it. */
#define EMPTY_HEX "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"

static UlChecksum
numbered (guint8 n)
{
  return (UlChecksum){ .bytes = { n } };
}

/* Add files "name" with numbered checksums to an opened directory. */
static void
add_files (UlTree *tree, const char *const *names, guint8 first)
{
  g_autoptr (GError) error = NULL;
  guint before, n;
  (void) ul_tree_added_files (tree, &before);
  for (const char *const *name = names; *name != NULL; name++)
    {
      ul_tree_add_file (tree, *name, &error);
      g_assert_no_error (error);
    }
  UlTreeFile *files = ul_tree_added_files (tree, &n);
  for (guint i = before; i < n; i++)
    files[i].checksum = numbered ((guint8) (first + i - before));
}

static void
open_tree (UlTree *tree, UlRepo *repo)
{
  g_autoptr (GError) error = NULL;
  ul_tree_open (tree, repo, &error);
  g_assert_no_error (error);
}

static UlTree *
ensure_dir (UlTree *tree, const char *name)
{
  g_autoptr (GError) error = NULL;
  UlTree *child = NULL;
  ul_tree_ensure_dir (tree, name, &child, &error);
  g_assert_no_error (error);
  const UlChecksum meta = numbered (0xee);
  ul_tree_set_meta (child, &meta);
  return child;
}

/* Writes the dirtrees in a transaction of their own. */
static UlChecksum
write_tree (Fixture *f, UlTree *tree)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  UlChecksum contents, meta;
  ul_tree_write (tree, writer, &contents, &meta, &error);
  g_assert_no_error (error);
  fixture_end (transaction);
  return contents;
}

static void
assert_tree (Fixture *f, const UlChecksum *tree, const char *expected)
{
  g_autofree char *got = fixture_tree (f, tree, TRUE);
  g_assert_cmpstr (got, ==, expected);
}

static UlTree *
new_root (Fixture *f)
{
  UlTree *root = ul_tree_new ();
  const UlChecksum meta = numbered (0xff);
  g_assert_false (ul_tree_has_meta (root));
  ul_tree_set_meta (root, &meta);
  g_assert_true (ul_tree_has_meta (root));
  open_tree (root, f->repo);
  return root;
}

/* On top of a commit's tree. */
static UlTree *
new_based (Fixture *f, const FixtureCommit *c)
{
  UlTree *root = ul_tree_new ();
  ul_tree_set_base (root, &c->tree, &c->meta);
  open_tree (root, f->repo);
  return root;
}

static void
test_empty (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  g_autoptr (UlTree) root = new_root (&f);
  const UlChecksum tree = write_tree (&f, root);
  g_autofree char *hex = ul_checksum_dup_hex (&tree);
  g_assert_cmpstr (hex, ==, EMPTY_HEX);
}

static void
test_sorted (void)
{
  static const char *const files[] = { "b", "a", "B", "aa", "\xc3\xa9", NULL };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  g_autoptr (UlTree) root = new_root (&f);
  add_files (root, files, 1);
  open_tree (ensure_dir (root, "z"), f.repo);
  open_tree (ensure_dir (root, "y"), f.repo);
  const UlChecksum tree = write_tree (&f, root);
  assert_tree (&f, &tree, "B=3 a=2 aa=4 b=1 \xc3\xa9=5 y/{ } z/{ } ");
}

/* Layers: each opens the directory before it adds. */
static void
test_overlay (void)
{
  static const char *const first[] = { "kept", "replaced", NULL };
  static const char *const second[] = { "replaced", "new", NULL };
  static const char *const in_dir[] = { "x", NULL };
  static const char *const in_dir_too[] = { "y", "x", NULL };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  g_autoptr (UlTree) root = new_root (&f);
  add_files (root, first, 1);
  UlTree *dir = ensure_dir (root, "dir");
  open_tree (dir, f.repo);
  add_files (dir, in_dir, 10);
  open_tree (root, f.repo);
  add_files (root, second, 20);
  g_assert_true (ensure_dir (root, "dir") == dir);
  open_tree (dir, f.repo);
  add_files (dir, in_dir_too, 30);
  const UlChecksum tree = write_tree (&f, root);
  assert_tree (&f, &tree, "kept=1 new=21 replaced=20 dir/{ x=31 y=30 } ");
}

static void
test_conflicts (void)
{
  static const char *const files[] = { "file", NULL };
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  g_autoptr (UlTree) root = new_root (&f);
  add_files (root, files, 1);
  open_tree (ensure_dir (root, "dir"), f.repo);
  open_tree (root, f.repo);
  UlTree *child = NULL;
  g_assert_false (ul_tree_add_file (root, "dir", &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, "dir"));
  g_clear_error (&error);
  g_assert_false (ul_tree_ensure_dir (root, "file", &child, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_EXISTS);
  g_assert_null (child);
}

static void
test_added_files (void)
{
  static const char *const names[] = { "c", "a", NULL };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  g_autoptr (UlTree) root = new_root (&f);
  guint n = 42;
  g_assert_null (ul_tree_added_files (root, &n));
  g_assert_cmpuint (n, ==, 0);
  add_files (root, names, 1);
  UlTreeFile *files = ul_tree_added_files (root, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpstr (files[0].name, ==, "c");
  g_assert_cmpstr (files[1].name, ==, "a");
  open_tree (root, f.repo);
  g_assert_null (ul_tree_added_files (root, &n));
  g_assert_cmpuint (n, ==, 0);
}

/* What nobody touches is not loaded: the objects below need not even be there. */
static void
test_base_is_lazy (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  fixture_delete (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
  {
    static const char *const files[] = { "added", NULL };
    g_autoptr (UlTree) root = new_based (&f, &c);
    add_files (root, files, 1);
    const UlChecksum tree = write_tree (&f, root);
    g_assert_false (ul_checksum_equal (&tree, &c.tree));
  }
  fixture_delete (&f, UL_OBJECT_DIRTREE, &c.tree);
  g_autoptr (UlTree) root = ul_tree_new ();
  ul_tree_set_base (root, &c.tree, &c.meta);
  const UlChecksum tree = write_tree (&f, root);
  g_assert_true (ul_checksum_equal (&tree, &c.tree));
}

static void
test_base_missing (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum none = numbered (1);
  g_autoptr (UlTree) root = ul_tree_new ();
  ul_tree_set_base (root, &none, &none);
  g_assert_false (ul_tree_open (root, f.repo, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
}

static void
test_base_changed_below (void)
{
  static const char *const files[] = { "file-0", "file-9", NULL };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  g_autoptr (UlTree) root = new_based (&f, &c);
  UlTree *sub = ensure_dir (root, "sub");
  open_tree (sub, f.repo);
  add_files (sub, files, 1);
  const UlChecksum tree = write_tree (&f, root);
  g_autofree char *expected = g_strdup_printf ("file-0=%d file-1=%d sub/{ file-0=1 file-9=2 } ",
                                               c.files[0].bytes[0], c.files[1].bytes[0]);
  assert_tree (&f, &tree, expected);
}

/* Opened and left alone, a base comes out as it went in. */
static void
test_base_opened_in_vain (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  g_autoptr (UlTree) root = new_based (&f, &c);
  UlTree *sub = NULL;
  g_assert_true (ul_tree_ensure_dir (root, "sub", &sub, NULL));
  open_tree (sub, f.repo);
  const UlChecksum tree = write_tree (&f, root);
  g_assert_true (ul_checksum_equal (&tree, &c.tree));
}

static void
test_lookup (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  g_autoptr (UlTree) root = new_based (&f, &c);
  ensure_dir (root, "another");
  UlTree *dir = NULL;
  const UlTreeFile *file = NULL;
  g_assert_true (ul_tree_lookup (root, f.repo, "file-1", &dir, &file, &error));
  g_assert_null (dir);
  g_assert_true (ul_checksum_equal (&file->checksum, &c.files[1]));
  g_assert_true (ul_tree_lookup (root, f.repo, "sub", &dir, &file, &error));
  g_assert_nonnull (dir);
  g_assert_null (file);
  g_assert_true (ul_tree_lookup (dir, f.repo, "nope", &dir, &file, &error));
  g_assert_null (dir);
  g_assert_null (file);
  g_autoptr (GPtrArray) names = NULL;
  g_assert_true (ul_tree_list_dirs (root, f.repo, &names, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (names->len, ==, 2);
  g_assert_cmpstr (names->pdata[0], ==, "another");
  g_assert_cmpstr (names->pdata[1], ==, "sub");
}

static void
test_many (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  g_autoptr (UlTree) root = new_root (&f);
  const guint n = 20000;
  for (guint layer = 0; layer < 2; layer++)
    {
      open_tree (root, f.repo);
      for (guint i = 0; i < n; i++)
        {
          g_autoptr (GError) error = NULL;
          /* 7919 has no factor in common with 20000, so that each number comes once. */
          g_autofree char *name = g_strdup_printf ("%05u", i * 7919 % n);
          ul_tree_add_file (root, name, &error);
          g_assert_no_error (error);
        }
      guint added;
      UlTreeFile *files = ul_tree_added_files (root, &added);
      g_assert_cmpuint (added, ==, n);
      for (guint i = 0; i < n; i++)
        files[i].checksum = numbered ((guint8) layer);
    }
  const UlChecksum tree = write_tree (&f, root);
  g_autoptr (GVariant) dirtree = NULL;
  g_assert_true (ul_objects_load (f.repo, UL_OBJECT_DIRTREE, &tree, &dirtree, NULL));
  g_auto (UlDirtreeView) view;
  ul_dirtree_view_init (&view, dirtree);
  g_assert_cmpuint (view.n_files, ==, n);
  UlDirtreeFile file;
  g_assert_true (ul_dirtree_view_find_file (&view, "12345", &file));
  g_assert_cmpint (file.checksum.bytes[0], ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Tree/empty", test_empty);
  g_test_add_func ("/Tree/sorted-on-writing", test_sorted);
  g_test_add_func ("/Tree/later-layer-wins", test_overlay);
  g_test_add_func ("/Tree/file-and-directory-conflict", test_conflicts);
  g_test_add_func ("/Tree/added-files", test_added_files);
  g_test_add_func ("/Tree/base-is-not-loaded-in-vain", test_base_is_lazy);
  g_test_add_func ("/Tree/base-missing", test_base_missing);
  g_test_add_func ("/Tree/base-changed-below", test_base_changed_below);
  g_test_add_func ("/Tree/base-opened-in-vain", test_base_opened_in_vain);
  g_test_add_func ("/Tree/lookup", test_lookup);
  g_test_add_func ("/Tree/many-files", test_many);
  return g_test_run ();
}
