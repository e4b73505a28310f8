// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-commit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../repo/fixture.h"
#include "util/error.h"

static const guint all_jobs[] = { 1, 2, 8 };

/* A chain of directories "sub", @depth of them, with "file-0" at the end: its dirtree. */
static UlChecksum
write_chain (UlWriter *writer, const UlChecksum *file, const UlChecksum *meta, guint depth)
{
  UlChecksum tree = fixture_write_dirtree (writer, file, 1, NULL, NULL);
  for (guint i = 0; i < depth; i++)
    {
      const UlChecksum below = tree;
      tree = fixture_write_dirtree (writer, NULL, 0, &below, meta);
    }
  return tree;
}

static gboolean
import (Fixture *f, const UlModifier *modifier, guint jobs, gboolean is_last,
        const char *const *revs, UlChecksum *out, UlChecksum *out_meta, GError **error)
{
  static const UlModifier none = { 0 };
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  g_autoptr (UlTree) root = ul_tree_new ();
  g_autoptr (GHashTable) matched = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  UlIntake intake = {
    .transaction = transaction,
    .modifier = modifier ? modifier : &none,
    .jobs = jobs,
    .skip_matched = matched,
  };
  for (; *revs != NULL; revs++)
    {
      intake.is_last = is_last && revs[1] == NULL;
      if (!ul_from_commit (&intake, *revs, root, error))
        return FALSE;
    }
  return ul_tree_write (root, writer, out, out_meta, error)
         && ul_transaction_commit (transaction, NULL, error);
}

/* The same tree with any number of workers, whether dirtrees are written early or at the end. */
static UlChecksum
assert_imports (Fixture *f, const UlModifier *modifier, const char *const *revs,
                const char *expected, UlChecksum *out_meta)
{
  UlChecksum first = { 0 };
  for (guint i = 0; i < 2 * G_N_ELEMENTS (all_jobs); i++)
    {
      g_autoptr (GError) error = NULL;
      UlChecksum tree;
      import (f, modifier, all_jobs[i / 2], i % 2, revs, &tree, out_meta, &error);
      g_assert_no_error (error);
      g_autofree char *got = fixture_tree (f, &tree, FALSE);
      g_assert_cmpstr (got, ==, expected);
      if (i > 0)
        g_assert_true (ul_checksum_equal (&first, &tree));
      first = tree;
    }
  return first;
}

static void
test_same (void)
{
  for (guint i = 0; i < FIXTURE_N_MODES; i++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[i]);
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "first");
      UlChecksum meta;
      const UlChecksum tree
          = assert_imports (&f, NULL, (const char *const[]){ "main", "main", NULL },
                            "file-0 file-1 sub/{ file-0 } ", &meta);
      g_assert_true (ul_checksum_equal (&tree, &c.tree));
      g_assert_true (ul_checksum_equal (&meta, &c.meta));
    }
}

/* Nothing but the commit object is read where nothing is below. */
static void
test_reads_nothing (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "first");
  fixture_delete (&f, UL_OBJECT_DIRTREE, &c.tree);
  fixture_delete (&f, UL_OBJECT_DIRMETA, &c.meta);
  g_autoptr (GError) error = NULL;
  UlChecksum tree, meta;
  import (&f, NULL, 2, TRUE, (const char *const[]){ "main", NULL }, &tree, &meta, &error);
  g_assert_no_error (error);
  g_assert_true (ul_checksum_equal (&tree, &c.tree));
}

/* A file that stays what it is isn't opened, beside one that changes. */
static void
test_reads_what_changes (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "first");
  fixture_delete (&f, UL_OBJECT_FILE, &c.files[0]);
  g_autoptr (GHashTable) paths = g_hash_table_new (g_str_hash, g_str_equal);
  UlStatOverride private = { .replace = TRUE, .mode = 0600 };
  g_hash_table_insert (paths, (gpointer) "/file-1", &private);
  const UlModifier modifier = { .statoverride = paths };
  g_autoptr (GError) error = NULL;
  UlChecksum tree, meta;
  import (&f, &modifier, 2, TRUE, (const char *const[]){ "main", NULL }, &tree, &meta, &error);
  g_assert_no_error (error);
  g_autoptr (GVariant) dirtree = NULL;
  g_assert_true (ul_objects_load (f.repo, UL_OBJECT_DIRTREE, &tree, &dirtree, &error));
  g_auto (UlDirtreeView) view = { 0 };
  UlDirtreeFile file;
  g_auto (UlFileMeta) changed = { 0 };
  guint64 size;
  ul_dirtree_view_init (&view, dirtree);
  g_assert_true (ul_dirtree_view_find_file (&view, "file-0", &file));
  g_assert_true (ul_checksum_equal (&file.checksum, &c.files[0]));
  g_assert_true (ul_dirtree_view_find_file (&view, "file-1", &file));
  g_assert_false (ul_checksum_equal (&file.checksum, &c.files[1]));
  g_assert_true (ul_objects_load_file_meta (f.repo, &file.checksum, &changed, &size, &error));
  g_assert_cmphex (changed.mode, ==, S_IFREG | 0600);
}

/* In a canonical mode there is nothing to change in files, so their objects aren't read. */
static void
test_canonical_already (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER_ONLY);
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "first");
  fixture_delete (&f, UL_OBJECT_FILE, &c.files[0]);
  const UlModifier modifier = { .canonical_permissions = TRUE, .no_xattrs = TRUE };
  g_autoptr (GError) error = NULL;
  UlChecksum tree, meta;
  import (&f, &modifier, 2, TRUE, (const char *const[]){ "main", NULL }, &tree, &meta, &error);
  g_assert_no_error (error);
  g_assert_true (ul_checksum_equal (&tree, &c.tree));
}

static void
test_changes_all (void)
{
  for (guint i = 0; i < FIXTURE_N_MODES; i++)
    {
      if (fixture_modes[i] == UL_REPO_MODE_BARE_USER_ONLY)
        continue;
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[i]);
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "first");
      const UlModifier modifier = { .canonical_permissions = TRUE, .no_xattrs = TRUE };
      UlChecksum meta;
      const UlChecksum tree = assert_imports (&f, &modifier, (const char *const[]){ "main", NULL },
                                              "file-0 file-1 sub/{ file-0 } ", &meta);
      /* Files that are 0:0 and have nothing else stay what they are. */
      if (getuid () != 0)
        g_assert_false (ul_checksum_equal (&tree, &c.tree));
    }
}

static void
test_failures (void)
{
  for (guint i = 0; i < 2 * G_N_ELEMENTS (all_jobs); i++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_ARCHIVE);
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "first");
      fixture_delete (&f, UL_OBJECT_FILE, &c.files[2]);
      const UlModifier modifier = { .set_uid = TRUE, .owner_uid = 4711 };
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) missing = NULL;
      UlChecksum tree, meta;
      g_assert_false (import (&f, &modifier, all_jobs[i / 2], i % 2,
                              (const char *const[]){ "main", NULL }, &tree, &meta, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
      g_assert_true (g_str_has_prefix (error->message, "main: /sub/file-0: "));
      fixture_assert_no_staging (&f);
      g_assert_false (import (&f, NULL, all_jobs[i / 2], i % 2,
                              (const char *const[]){ "nope", NULL }, &tree, &meta, &missing));
      g_assert_error (missing, UL_ERROR, UL_ERROR_NOT_FOUND);
    }
}

static void
commit_chain (Fixture *f, guint depth)
{
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const UlChecksum file = fixture_write (f, writer, "x");
  const UlChecksum meta = fixture_write_dirmeta (f, writer);
  const UlChecksum tree = write_chain (writer, &file, &meta, depth);
  const UlChecksum commit = fixture_write_commit (writer, &tree, &meta, NULL, "deep");
  ul_transaction_set_ref (transaction, "deep", &commit);
  fixture_end (transaction);
}

static void
test_depth (void)
{
  g_auto (Fixture) f = { 0 };
  g_autoptr (GError) error = NULL;
  UlChecksum tree, meta;
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlModifier modifier = { .set_uid = TRUE, .owner_uid = 4711 };
  commit_chain (&f, UL_INTAKE_MAX_DEPTH - 1);
  import (&f, &modifier, 2, TRUE, (const char *const[]){ "deep", NULL }, &tree, &meta, &error);
  g_assert_no_error (error);
  commit_chain (&f, UL_INTAKE_MAX_DEPTH);
  g_assert_false (
      import (&f, &modifier, 2, TRUE, (const char *const[]){ "deep", NULL }, &tree, &meta, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_UNSUPPORTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/from-commit/same", test_same);
  g_test_add_func ("/from-commit/reads-nothing", test_reads_nothing);
  g_test_add_func ("/from-commit/reads-what-changes", test_reads_what_changes);
  g_test_add_func ("/from-commit/canonical-already", test_canonical_already);
  g_test_add_func ("/from-commit/changes-all", test_changes_all);
  g_test_add_func ("/from-commit/failures", test_failures);
  g_test_add_func ("/from-commit/depth", test_depth);
  return g_test_run ();
}
