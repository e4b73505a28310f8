// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/traverse.h"

#include <string.h>

#include "core/dirtree.h"
#include "fixture.h"
#include "util/error.h"

typedef struct
{
  GPtrArray *visited; /* "checksum.type" in order */
  guint broken;
  guint stop_after; /* visits; 0: none */
  gboolean forgive; /* go on after a broken dirtree */
} Log;

static gboolean
visit (UlObjectType type, const UlChecksum *checksum, GVariant *variant, gpointer data,
       GError **error)
{
  Log *log = data;
  g_assert_cmpint (variant != NULL, ==, type == UL_OBJECT_DIRTREE);
  g_ptr_array_add (log->visited, ul_object_to_string (checksum, type));
  return log->visited->len != log->stop_after || ul_throw (error, UL_ERROR_FAILED, "stopped");
}

static gboolean
broken (UlObjectType type, const UlChecksum *checksum, GError *cause, gpointer data, GError **error)
{
  Log *log = data;
  g_assert_cmpint (type, ==, UL_OBJECT_DIRTREE);
  g_assert_nonnull (cause);
  log->broken++;
  if (!log->forgive)
    {
      g_propagate_error (error, cause);
      return FALSE;
    }
  g_error_free (cause);
  return TRUE;
}

static UlTraversal *
new_traversal (Fixture *f, Log *log)
{
  log->visited = g_ptr_array_new_with_free_func (g_free);
  const UlTraversalFuncs funcs = { .visit = visit, .broken = broken, .data = log };
  return ul_traversal_new (f->repo, &funcs);
}

static guint
position (const Log *log, UlObjectType type, const UlChecksum *checksum)
{
  g_autofree char *name = ul_object_to_string (checksum, type);
  for (guint i = 0; i < log->visited->len; i++)
    if (strcmp (log->visited->pdata[i], name) == 0)
      return i;
  g_error ("%s was not visited", name);
}

static void
test_each_once (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  Log log = { 0 };
  g_autoptr (UlTraversal) traversal = new_traversal (&f, &log);
  for (guint twice = 0; twice < 2; twice++)
    {
      g_assert_true (ul_traversal_walk (traversal, &c.tree, &c.meta, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (log.visited->len, ==, 6);
    }
  g_assert_cmpuint (position (&log, UL_OBJECT_DIRTREE, &c.tree), <,
                    position (&log, UL_OBJECT_FILE, &c.files[0]));
  g_assert_cmpuint (position (&log, UL_OBJECT_DIRTREE, &c.tree), <,
                    position (&log, UL_OBJECT_DIRTREE, &c.sub_tree));
  g_assert_cmpuint (position (&log, UL_OBJECT_DIRTREE, &c.sub_tree), <,
                    position (&log, UL_OBJECT_FILE, &c.files[2]));
  position (&log, UL_OBJECT_DIRMETA, &c.meta);
  g_ptr_array_unref (log.visited);
}

static void
test_across_commits (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit first = fixture_commit (&f, NULL, NULL, "1");
  const FixtureCommit second = fixture_commit (&f, NULL, &first.commit, "2");
  Log log = { 0 };
  g_autoptr (UlTraversal) traversal = new_traversal (&f, &log);
  g_assert_true (ul_traversal_walk (traversal, &first.tree, &first.meta, &error));
  g_assert_true (ul_traversal_walk (traversal, &second.tree, &second.meta, &error));
  g_assert_cmpuint (log.visited->len, ==, 6 + 5); /* the dirmeta is the same */
  g_ptr_array_unref (log.visited);
}

static void
test_broken (void)
{
  for (guint corrupt = 0; corrupt < 2; corrupt++)
    for (guint forgive = 0; forgive < 2; forgive++)
      {
        g_autoptr (GError) error = NULL;
        g_auto (Fixture) f = { 0 };
        fixture_init (&f, UL_REPO_MODE_BARE);
        const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
        g_autofree char *path = fixture_object (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
        if (corrupt)
          fixture_truncate (path, 3);
        else
          fixture_delete (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
        Log log = { .forgive = forgive != 0 };
        g_autoptr (UlTraversal) traversal = new_traversal (&f, &log);
        const gboolean ok = ul_traversal_walk (traversal, &c.tree, &c.meta, &error);
        g_assert_cmpint (ok, ==, forgive != 0);
        g_assert_cmpuint (log.broken, ==, 1);
        const int code = corrupt != 0 ? UL_ERROR_CORRUPT : UL_ERROR_NOT_FOUND;
        if (!ok)
          g_assert_error (error, UL_ERROR, code);
        else
          g_assert_cmpuint (log.visited->len, ==, 4);
        g_ptr_array_unref (log.visited);
      }
}

static void
test_stopped (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  for (guint n = 1; n <= 6; n++)
    {
      g_autoptr (GError) error = NULL;
      Log log = { .stop_after = n };
      g_autoptr (UlTraversal) traversal = new_traversal (&f, &log);
      g_assert_false (ul_traversal_walk (traversal, &c.tree, &c.meta, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_FAILED);
      g_assert_cmpuint (log.visited->len, ==, n);
      g_ptr_array_unref (log.visited);
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
  UlChecksum tree;
  UlChecksum meta;
  {
    g_autoptr (UlTransaction) transaction = fixture_begin (&f);
    g_autoptr (UlWriter) writer = ul_writer_new (transaction);
    meta = fixture_write_dirmeta (&f, writer);
    tree = fixture_write_dirtree (writer, NULL, 0, NULL, NULL);
    for (guint i = 1; i < depth; i++)
      tree = fixture_write_dirtree (writer, NULL, 0, &tree, &meta);
    fixture_end (transaction);
  }
  Log log = { 0 };
  g_autoptr (UlTraversal) traversal = new_traversal (&f, &log);
  g_assert_true (ul_traversal_walk (traversal, &tree, &meta, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (log.visited->len, ==, depth + 1);
  g_ptr_array_unref (log.visited);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Traverse/each-object-once-parents-first", test_each_once);
  g_test_add_func ("/Traverse/remembers-across-commits", test_across_commits);
  g_test_add_func ("/Traverse/broken-dirtree", test_broken);
  g_test_add_func ("/Traverse/visitor-stops-it", test_stopped);
  g_test_add_func ("/Traverse/deep-tree", test_deep);
  return g_test_run ();
}
