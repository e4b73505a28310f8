// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/tree-diff.h"

#include <string.h>

#include "core/dirtree.h"
#include "fixture.h"
#include "util/error.h"

static UlChecksum
number (int n)
{
  UlChecksum checksum = { { (guint8) n } };
  return checksum;
}

static UlTreeDiffSide
side (Fixture *f, const char *spec, int meta)
{
  return (UlTreeDiffSide){
    .repo = f->repo,
    .tree = fixture_parse_tree (f, spec, NULL),
    .meta = number (meta),
  };
}

typedef struct
{
  GString *text; /* "A /path " */
  gboolean descend;
  guint stop_after; /* 0: never */
} Log;

static gboolean
note (const UlTreeDiffEntry *entry, gboolean *descend, gpointer data, GError **error)
{
  Log *log = data;
  g_assert_cmpint (entry->a == NULL, ==, entry->kind == UL_TREE_ADDED);
  g_assert_cmpint (entry->b == NULL, ==, entry->kind == UL_TREE_REMOVED);
  g_assert_true (g_str_has_suffix (entry->path, entry->name));
  g_assert_false (*descend);
  *descend = log->descend;
  g_string_append_printf (log->text, "%c %s ", "ADMI"[entry->kind], entry -> path);
  return log->stop_after == 0 || --log->stop_after > 0
         || ul_throw (error, UL_ERROR_FAILED, "stopped");
}

static void
check (const char *a, const char *b, gboolean descend, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlTreeDiffSide side_a = side (&f, a, 0);
  const UlTreeDiffSide side_b = side (&f, b, 0);
  Log log = { .text = g_string_new (NULL), .descend = descend };
  g_assert_true (ul_tree_diff (&side_a, &side_b, 0, note, &log, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (log.text->str, ==, expected);
  g_string_free (log.text, TRUE);
}

static void
test_files (void)
{
  check ("", "", FALSE, "");
  check ("f=1", "f=1", FALSE, "");
  check ("a=1 c=1 d=1", "b=1 c=2 d=1", FALSE, "D /a M /c A /b ");
  check ("", "a=1 b=2", FALSE, "A /a A /b ");
  check ("a=1 b=2", "", FALSE, "D /a D /b ");
}

static void
test_directories (void)
{
  check ("d:1{ }", "d:2{ }", FALSE, "M /d ");
  check ("d:1{ f=1 }", "d:1{ f=2 }", FALSE, "M /d/f ");
  check ("d:1{ f=1 }", "d:2{ f=2 }", FALSE, "M /d M /d/f ");
  check ("d:1{ e:1{ f=1 g=1 } } z:1{ }", "d:1{ e:1{ f=1 } } z:2{ }", FALSE, "D /d/e/g M /z ");
}

static void
test_inside (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlTreeDiffSide a = side (&f, "d:1{ e:1{ f=1 } same:1{ g=1 } } m:1{ f=1 } z:1{ }", 0);
  const UlTreeDiffSide b = side (&f, "d:1{ e:1{ f=2 } same:1{ g=1 } } m:2{ f=2 } z:1{ }", 0);
  Log log = { .text = g_string_new (NULL) };
  g_assert_true (ul_tree_diff (&a, &b, UL_TREE_DIFF_INSIDE, note, &log, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (log.text->str, ==, "I / I /d I /d/e M /d/e/f M /m M /m/f ");
  g_string_free (log.text, TRUE);
}

/* Trees that aren't in the repository: what is called 7 is the tree of @data. */
static gboolean
make_seven (const UlChecksum *tree, gpointer data, GVariant **out, GError **error)
{
  UlTreeDiffSide *other = data;
  const UlChecksum seven = number (7);
  *out = NULL;
  return !ul_checksum_equal (tree, &seven)
         || ul_objects_load (other->repo, UL_OBJECT_DIRTREE, &other->tree, out, error);
}

static void
test_make (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  UlTreeDiffSide real = side (&f, "d:1{ f=1 } g=1", 0);
  UlTreeDiffSide made = side (&f, "", 0);
  const UlTreeDiffSide b = side (&f, "d:1{ f=2 } g=1", 0);
  Log log = { .text = g_string_new (NULL) };
  made.tree = number (7);
  made.make = make_seven;
  made.make_data = &real;
  g_assert_true (ul_tree_diff (&made, &b, 0, note, &log, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (log.text->str, ==, "M /d/f ");
  g_string_free (log.text, TRUE);
  /* It's needed. */
  real.tree = number (8);
  g_assert_false (ul_tree_diff (&made, &b, 0, note, &log, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
}

static void
test_descend (void)
{
  const char *tree = "d:1{ e:1{ f=1 } g=1 }";
  check (tree, "", FALSE, "D /d ");
  check (tree, "", TRUE, "D /d D /d/g D /d/e D /d/e/f ");
  check ("", tree, FALSE, "A /d ");
  check ("", tree, TRUE, "A /d A /d/g A /d/e A /d/e/f ");
}

static void
test_types (void)
{
  check ("n=1", "n:1{ f=1 }", FALSE, "M /n ");
  check ("n=1", "n:1{ f=1 }", TRUE, "M /n A /n/f ");
  check ("n:1{ f=1 }", "n=1", FALSE, "M /n ");
  check ("n:1{ f=1 }", "n=1", TRUE, "M /n D /n/f ");
}

/* In each directory what A has, files first; then what only B has. */
static void
test_order (void)
{
  check ("b=1 a:1{ x=1 } c=1 d:1{ x=1 }", "a:1{ x=2 y=1 } cc:1{ x=1 } d:1{ } aa=1 b=2 c=2", TRUE,
         "M /b M /c M /a/x A /a/y D /d/x A /aa A /cc A /cc/x ");
}

/* What a tree has at "a", "b", ...: nothing, a file or an empty directory. */
static char *
spec_of (const int *what, gsize n)
{
  GString *spec = g_string_new (NULL);
  for (gsize i = 0; i < n; i++)
    if (what[i] > 0)
      g_string_append_printf (spec, what[i] < 3 ? "%c=%d " : "%c:%d{ } ", (int) ('a' + i), what[i]);
  return g_string_free (spec, FALSE);
}

static void
append_expected (GString *expected, const int *a, const int *b, gsize n, gboolean dirs)
{
  for (gsize i = 0; i < n; i++)
    if (a[i] > 0 && (a[i] >= 3) == dirs && a[i] != b[i])
      g_string_append_printf (expected, "%c /%c ", b[i] > 0 ? 'M' : 'D', (int) ('a' + i));
}

/* All of A first, then what is only in B; files before directories. */
static void
test_random (void)
{
  enum
  {
    N = 8
  };
  for (int round = 0; round < 500; round++)
    {
      int a[N];
      int b[N];
      int only_b[N];
      const int nothing[N] = { 0 };
      for (gsize i = 0; i < N; i++)
        {
          a[i] = g_test_rand_int_range (0, 5);
          b[i] = g_test_rand_bit () ? a[i] : g_test_rand_int_range (0, 5);
          only_b[i] = a[i] == 0 ? b[i] : 0;
        }
      g_autoptr (GString) expected = g_string_new (NULL);
      append_expected (expected, a, b, N, FALSE);
      append_expected (expected, a, b, N, TRUE);
      const gsize added = expected->len;
      append_expected (expected, only_b, nothing, N, FALSE);
      append_expected (expected, only_b, nothing, N, TRUE);
      for (gsize i = added; i < expected->len; i++)
        if (expected->str[i] == 'D')
          expected->str[i] = 'A';
      g_autofree char *spec_a = spec_of (a, N);
      g_autofree char *spec_b = spec_of (b, N);
      check (spec_a, spec_b, FALSE, expected->str);
    }
}

static void
test_root (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlTreeDiffSide a = side (&f, "f=1", 1);
  const UlTreeDiffSide b = side (&f, "f=2", 2);
  Log log = { .text = g_string_new (NULL) };
  g_assert_true (ul_tree_diff (&a, &b, 0, note, &log, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (log.text->str, ==, "M / M /f ");
  g_string_free (log.text, TRUE);
}

/* What is equal isn't even loaded. */
static void
test_skips_equal (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlTreeDiffSide a = side (&f, "f=1 same:1{ x=1 }", 1);
  const UlTreeDiffSide b = side (&f, "f=2 same:2{ x=1 }", 1);
  const UlTreeDiffSide same = side (&f, "x=1", 1);
  fixture_delete (&f, UL_OBJECT_DIRTREE, &same.tree);
  Log log = { .text = g_string_new (NULL) };
  g_assert_true (ul_tree_diff (&a, &b, 0, note, &log, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (log.text->str, ==, "M /f M /same ");

  fixture_delete (&f, UL_OBJECT_DIRTREE, &a.tree);
  g_assert_true (ul_tree_diff (&a, &a, 0, note, &log, &error));
  g_assert_no_error (error);
  g_string_free (log.text, TRUE);
}

static void
test_missing (void)
{
  for (guint which = 0; which < 2; which++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_ARCHIVE);
      const UlTreeDiffSide sides[] = { side (&f, "d:1{ x=1 }", 1), side (&f, "d:1{ x=2 }", 1) };
      const UlTreeDiffSide sub = side (&f, which == 0 ? "x=1" : "x=2", 1);
      fixture_delete (&f, UL_OBJECT_DIRTREE, &sub.tree);
      Log log = { .text = g_string_new (NULL) };
      g_assert_false (ul_tree_diff (&sides[0], &sides[1], 0, note, &log, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
      g_string_free (log.text, TRUE);
    }
}

static void
test_stopped (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlTreeDiffSide a = side (&f, "d:1{ x=1 } f=1", 1);
  const UlTreeDiffSide b = side (&f, "d:2{ x=2 } f=2", 2);
  for (guint n = 1; n <= 4; n++)
    {
      g_autoptr (GError) error = NULL;
      Log log = { .text = g_string_new (NULL), .stop_after = n };
      g_assert_false (ul_tree_diff (&a, &b, 0, note, &log, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_FAILED);
      g_assert_cmpuint (log.stop_after, ==, 0);
      g_string_free (log.text, TRUE);
    }
}

/* Depth comes from disk: it must not be the C stack's. */
static void
test_deep (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const guint depth = 3000;
  UlTreeDiffSide sides[2];
  for (guint i = 0; i < 2; i++)
    {
      sides[i] = side (&f, i == 0 ? "f=1" : "f=2", 1);
      for (guint level = 0; level < depth; level++)
        {
          const UlDirtreeDir dir = { .name = "d", .tree = sides[i].tree, .meta = number (1) };
          g_autoptr (GVariant) dirtree = g_variant_ref_sink (ul_dirtree_new (NULL, 0, &dir, 1));
          sides[i].tree = fixture_raw_object (&f, UL_OBJECT_DIRTREE, g_variant_get_data (dirtree),
                                              g_variant_get_size (dirtree));
        }
    }
  Log log = { .text = g_string_new (NULL) };
  g_assert_true (ul_tree_diff (&sides[0], &sides[1], 0, note, &log, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (log.text->len, ==, strlen ("M ") + strlen ("/d") * depth + strlen ("/f "));
  g_string_free (log.text, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/TreeDiff/files", test_files);
  g_test_add_func ("/TreeDiff/directories", test_directories);
  g_test_add_func ("/TreeDiff/inside", test_inside);
  g_test_add_func ("/TreeDiff/below-what-has-no-counterpart", test_descend);
  g_test_add_func ("/TreeDiff/file-and-directory", test_types);
  g_test_add_func ("/TreeDiff/order", test_order);
  g_test_add_func ("/TreeDiff/random", test_random);
  g_test_add_func ("/TreeDiff/root", test_root);
  g_test_add_func ("/TreeDiff/skips-what-is-equal", test_skips_equal);
  g_test_add_func ("/TreeDiff/made-trees", test_make);
  g_test_add_func ("/TreeDiff/missing-dirtree", test_missing);
  g_test_add_func ("/TreeDiff/visitor-stops-it", test_stopped);
  g_test_add_func ("/TreeDiff/deep-tree", test_deep);
  return g_test_run ();
}
