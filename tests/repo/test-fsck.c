// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/fsck.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/commit.h"
#include "fixture.h"
#include "repo/lock.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

static const char *const kind_names[]
    = { "corrupt", "missing", "missing-commit", "missing-parent", "binding", "unreadable" };

/* "kind type abcdef ref" of each finding, a line each. */
static char *
show (const UlFsckResult *result)
{
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      g_autofree char *hex = ul_checksum_dup_hex (&finding->checksum);
      g_assert_nonnull (finding->message);
      g_assert_null (strchr (finding->message, '\n'));
      g_string_append_printf (out, "%s %s %.6s%s%s\n", kind_names[finding->kind],
                              ul_object_type_name (finding->type), hex, finding->ref ? " " : "",
                              finding->ref ? finding->ref : "");
    }
  return g_string_free (out, FALSE);
}

static void
run (Fixture *f, const UlFsckOptions *options, UlFsckResult *out)
{
  g_autoptr (GError) error = NULL;
  ul_fsck_run (f->repo, options, out, &error);
  g_assert_no_error (error);
}

static char *
mark_of (Fixture *f, const UlChecksum *commit)
{
  g_autofree char *hex = ul_checksum_dup_hex (commit);
  g_autofree char *name = g_strdup_printf ("%s.commitpartial", hex);
  return g_build_filename (f->path, "state", name, NULL);
}

static gboolean
is_partial (Fixture *f, const UlChecksum *commit)
{
  gboolean partial;
  g_assert_true (ul_objects_commit_is_partial (f->repo, commit, &partial, NULL));
  return partial;
}

/* Take back the marks that a run has made. */
static void
unmark (Fixture *f, const UlFsckResult *result)
{
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      for (guint k = 0; k < finding->marked->len; k++)
        {
          g_autofree char *mark = mark_of (f, &g_array_index (finding->marked, UlChecksum, k));
          g_assert_cmpint (unlink (mark), ==, 0);
        }
    }
}

/* With one worker and with eight the findings are these. */
static void
assert_findings (Fixture *f, const char *expected)
{
  static const guint jobs[] = { 1, 8 };
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      g_auto (UlFsckResult) result = { 0 };
      run (f, &(UlFsckOptions){ .jobs = jobs[i] }, &result);
      g_autofree char *got = show (&result);
      g_assert_cmpstr (got, ==, expected);
      g_assert_no_error (result.mend_error);
      unmark (f, &result);
    }
}

static char *
line (const char *kind, UlObjectType type, const UlChecksum *checksum)
{
  g_autofree char *hex = ul_checksum_dup_hex (checksum);
  return g_strdup_printf ("%s %s %.6s\n", kind, ul_object_type_name (type), hex);
}

static void
assert_one (Fixture *f, const char *kind, UlObjectType type, const UlChecksum *checksum)
{
  g_autofree char *expected = line (kind, type, checksum);
  assert_findings (f, expected);
}

static void
test_sound (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      assert_findings (&f, "");
      const FixtureCommit first = fixture_commit (&f, NULL, NULL, "1");
      fixture_commit (&f, "main", &first.commit, "2");
      assert_findings (&f, "");
      UlProgress progress = { 0 };
      g_auto (UlFsckResult) result = { 0 };
      run (&f, &(UlFsckOptions){ .jobs = 2, .progress = &progress }, &result);
      g_assert_cmpuint (result.n_commits, ==, 2);
      g_assert_cmpuint (result.n_partial, ==, 0);
      g_assert_cmpuint (result.n_objects, ==, 13);
      g_assert_cmpuint (result.n_bytes, >, 0);
      g_assert_cmpint (ul_progress_get (&progress, done), ==, 13);
      g_assert_cmpint (ul_progress_get (&progress, total), ==, 13);
    }
}

static void
test_corrupt_content (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
      g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &c.files[2]);
      fixture_flip (path, -3);
      assert_one (&f, "corrupt", UL_OBJECT_FILE, &c.files[2]);
    }
}

static void
test_truncated_content (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
      g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &c.files[1]);
      fixture_truncate (path, 4);
      assert_one (&f, "corrupt", UL_OBJECT_FILE, &c.files[1]);
    }
}

static void
test_changed_mode (void)
{
  static const UlRepoMode modes[]
      = { UL_REPO_MODE_BARE, UL_REPO_MODE_BARE_USER_ONLY, UL_REPO_MODE_BARE_SPLIT_XATTRS };
  for (guint m = 0; m < G_N_ELEMENTS (modes); m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, modes[m]);
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
      g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &c.files[0]);
      g_assert_cmpint (chmod (path, 0600), ==, 0);
      assert_one (&f, "corrupt", UL_OBJECT_FILE, &c.files[0]);
    }
}

static void
test_lost_metadata (void)
{
  g_auto (Fixture) user = { 0 };
  fixture_init (&user, UL_REPO_MODE_BARE_USER);
  const FixtureCommit c = fixture_commit (&user, "main", NULL, "s");
  g_autofree char *path = fixture_object (&user, UL_OBJECT_FILE, &c.files[0]);
  g_assert_cmpint (removexattr (path, "user.ostreemeta"), ==, 0);
  assert_one (&user, "corrupt", UL_OBJECT_FILE, &c.files[0]);

  g_auto (Fixture) split = { 0 };
  fixture_init (&split, UL_REPO_MODE_BARE_SPLIT_XATTRS);
  const FixtureCommit d = fixture_commit (&split, "main", NULL, "s");
  fixture_delete (&split, UL_OBJECT_FILE_XATTRS_LINK, &d.files[0]);
  assert_one (&split, "corrupt", UL_OBJECT_FILE, &d.files[0]);
}

static void
test_missing (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
      fixture_delete (&f, UL_OBJECT_FILE, &c.files[0]);
      assert_one (&f, "missing", UL_OBJECT_FILE, &c.files[0]);
    }
}

static void
test_missing_metadata (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_BARE);
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
      const UlObjectType type = i == 2 ? UL_OBJECT_DIRMETA : UL_OBJECT_DIRTREE;
      const UlChecksum *checksum = i == 0 ? &c.tree : i == 1 ? &c.sub_tree : &c.meta;
      fixture_delete (&f, type, checksum);
      assert_one (&f, "missing", type, checksum);
    }
}

static void
test_corrupt_metadata (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_BARE);
      const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
      const UlObjectType type = i == 2   ? UL_OBJECT_DIRMETA
                                : i == 1 ? UL_OBJECT_COMMIT
                                         : UL_OBJECT_DIRTREE;
      const UlChecksum *checksum = i == 2 ? &c.meta : i == 1 ? &c.commit : &c.sub_tree;
      g_autofree char *path = fixture_object (&f, type, checksum);
      fixture_truncate (path, 7);
      assert_one (&f, "corrupt", type, checksum);
    }
}

/* Sound in form, so that only the checksum tells: the name of a file is another. */
static void
test_forged_metadata (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
  g_autofree char *path = fixture_object (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
  fixture_flip (path, 1);
  assert_one (&f, "corrupt", UL_OBJECT_DIRTREE, &c.sub_tree);

  g_auto (Fixture) g = { 0 };
  fixture_init (&g, UL_REPO_MODE_BARE);
  const FixtureCommit d = fixture_commit (&g, NULL, NULL, "subject");
  g_autofree char *commit = fixture_object (&g, UL_OBJECT_COMMIT, &d.commit);
  fixture_flip (commit, 0);
  assert_one (&g, "corrupt", UL_OBJECT_COMMIT, &d.commit);
}

static void
test_many_findings (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  UlChecksum broken[60];
  UlChecksum tree, meta;
  {
    g_autoptr (UlTransaction) transaction = fixture_begin (&f);
    g_autoptr (UlWriter) writer = ul_writer_new (transaction);
    meta = fixture_write_dirmeta (&f, writer);
    UlChecksum sub = fixture_write_dirtree (writer, NULL, 0, NULL, NULL);
    for (guint i = 0; i < 60; i += 10)
      {
        for (guint k = 0; k < 10; k++)
          {
            g_autofree char *content = g_strdup_printf ("number %u", i + k);
            broken[i + k] = fixture_write (&f, writer, content);
          }
        sub = fixture_write_dirtree (writer, &broken[i], 10, &sub, &meta);
      }
    tree = sub;
    const UlChecksum commit = fixture_write_commit (writer, &tree, &meta, NULL, "s");
    ul_transaction_set_ref (transaction, "main", &commit);
    fixture_end (transaction);
  }
  for (guint i = 0; i < 60; i++)
    {
      g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &broken[i]);
      if (i % 3 == 0)
        fixture_delete (&f, UL_OBJECT_FILE, &broken[i]);
      else
        fixture_flip (path, 0);
    }
  g_auto (UlFsckResult) one = { 0 };
  run (&f, &(UlFsckOptions){ .jobs = 1 }, &one);
  g_assert_cmpuint (one.findings->len, ==, 60);
  unmark (&f, &one);
  g_autofree char *expected = show (&one);
  static const guint jobs[] = { 2, 8, 0 };
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      g_auto (UlFsckResult) many = { 0 };
      run (&f, &(UlFsckOptions){ .jobs = jobs[i] }, &many);
      g_autofree char *got = show (&many);
      g_assert_cmpstr (got, ==, expected);
      g_assert_cmpuint (many.n_objects, ==, one.n_objects);
      g_assert_cmpuint (many.n_bytes, ==, one.n_bytes);
      unmark (&f, &many);
    }
}

static void
test_partial (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
  fixture_delete (&f, UL_OBJECT_FILE, &c.files[0]);
  g_assert_true (ul_objects_mark_commit_partial (f.repo, &c.commit, &error));
  assert_findings (&f, "");
  g_auto (UlFsckResult) result = { 0 };
  run (&f, &(UlFsckOptions){ 0 }, &result);
  g_assert_cmpuint (result.n_partial, ==, 1);
  g_assert_cmpuint (result.n_commits, ==, 0);
  g_assert_cmpuint (result.partial->len, ==, 1);
  g_autofree char *hex = ul_checksum_dup_hex (&c.commit);
  g_assert_cmpstr (result.partial->pdata[0], ==, hex);
}

static void
test_missing_commit (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, "main/x", NULL, "s");
  fixture_delete (&f, UL_OBJECT_COMMIT, &c.commit);
  g_autofree char *hex = ul_checksum_dup_hex (&c.commit);
  g_autofree char *expected = g_strdup_printf ("missing-commit commit %.6s main/x\n", hex);
  assert_findings (&f, expected);
}

static void
test_missing_parent (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit first = fixture_commit (&f, NULL, NULL, "1");
  fixture_commit (&f, "main", &first.commit, "2");
  fixture_delete (&f, UL_OBJECT_COMMIT, &first.commit);
  assert_one (&f, "missing-parent", UL_OBJECT_COMMIT, &first.commit);
}

static void
test_tombstones (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit first = fixture_commit (&f, NULL, NULL, "1");
  fixture_commit (&f, "main", &first.commit, "2");
  fixture_delete (&f, UL_OBJECT_COMMIT, &first.commit);
  for (guint twice = 0; twice < 2; twice++)
    {
      g_auto (UlFsckResult) result = { 0 };
      run (&f, &(UlFsckOptions){ .add_tombstones = TRUE }, &result);
      g_assert_cmpuint (result.n_tombstones, ==, twice == 0 ? 1 : 0);
    }
  g_autoptr (GVariant) tombstone = NULL;
  g_assert_true (
      ul_objects_load (f.repo, UL_OBJECT_TOMBSTONE_COMMIT, &first.commit, &tombstone, &error));
  g_assert_no_error (error);
  g_autoptr (GVariant) value = g_variant_lookup_value (tombstone, "commit", NULL);
  g_assert_nonnull (value);
}

static void
test_delete (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      const FixtureCommit good = fixture_commit (&f, "good", NULL, "good");
      const FixtureCommit bad = fixture_commit (&f, "bad", NULL, "bad");
      g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &bad.files[2]);
      fixture_flip (path, -2);
      g_auto (UlFsckResult) result = { 0 };
      run (&f, &(UlFsckOptions){ .delete_corrupt = TRUE }, &result);
      g_assert_cmpuint (result.findings->len, ==, 1);
      g_assert_true (((UlFsckFinding *) result.findings->pdata[0])->deleted);
      g_assert_cmpuint (result.partial_by_fsck->len, ==, 1);
      g_assert_false (fixture_has (&f, UL_OBJECT_FILE, &bad.files[2]));
      g_assert_false (fixture_has (&f, UL_OBJECT_FILE_XATTRS_LINK, &bad.files[2]));
      gboolean partial;
      g_assert_true (ul_objects_commit_is_partial (f.repo, &bad.commit, &partial, NULL));
      g_assert_true (partial);
      g_assert_true (ul_objects_commit_is_partial (f.repo, &good.commit, &partial, NULL));
      g_assert_false (partial);
      /* What remains is sound, and the same commit brings the object back. */
      assert_findings (&f, "");
      fixture_commit (&f, "bad", NULL, "bad");
      g_assert_true (fixture_has (&f, UL_OBJECT_FILE, &bad.files[2]));
    }
}

static void
test_delete_metadata (void)
{
  for (guint i = 0; i < 2; i++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_BARE);
      const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
      const UlObjectType type = i == 0 ? UL_OBJECT_DIRTREE : UL_OBJECT_COMMIT;
      const UlChecksum *checksum = i == 0 ? &c.sub_tree : &c.commit;
      g_autofree char *path = fixture_object (&f, type, checksum);
      fixture_truncate (path, 5);
      g_auto (UlFsckResult) result = { 0 };
      run (&f, &(UlFsckOptions){ .delete_corrupt = TRUE }, &result);
      g_assert_cmpuint (result.findings->len, ==, 1);
      g_assert_false (fixture_has (&f, type, checksum));
      g_assert_cmpuint (result.partial_by_fsck->len, ==, i == 0 ? 1 : 0);
      assert_findings (&f, "");
    }
}

static void
test_delete_needs_the_lock (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  fixture_reopen (&f, "core", "lock-timeout-secs", "0");
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
  const UlFsckOptions options = { .delete_corrupt = TRUE, .add_tombstones = TRUE };
  g_autoptr (UlTransaction) writer = fixture_begin (&f);
  {
    /* Nothing to change: nothing to wait for. */
    g_auto (UlFsckResult) sound = { 0 };
    run (&f, &options, &sound);
    g_assert_no_error (sound.mend_error);
  }
  g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &c.files[0]);
  fixture_flip (path, 0);
  g_auto (UlFsckResult) result = { 0 };
  run (&f, &options, &result);
  g_assert_error (result.mend_error, UL_ERROR, UL_ERROR_LOCKED);
  g_assert_cmpuint (result.findings->len, ==, 1);
  g_assert_false (((UlFsckFinding *) result.findings->pdata[0])->deleted);
  g_assert_true (fixture_has (&f, UL_OBJECT_FILE, &c.files[0]));
  g_assert_false (is_partial (&f, &c.commit));
}

static gpointer
run_in_thread (gpointer data)
{
  gpointer *args = data;
  run (args[0], args[1], args[2]);
  return NULL;
}

/* The check is through and waits for the lock when somebody makes the object sound. */
static void
test_sound_by_then (void)
{
  for (guint deleted = 0; deleted < 2; deleted++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_BARE);
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
      g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &c.files[0]);
      g_autofree char *aside = g_strconcat (path, ".aside", NULL);
      g_autofree char *other = fixture_object (&f, UL_OBJECT_FILE, &c.files[1]);
      g_assert_cmpint (rename (path, aside), ==, 0);
      if (!deleted)
        fixture_put (path, "bad", 3);
      fixture_flip (other, 0); /* this one stays bad */

      ul_autofd int lock_fd = -1;
      g_assert_true (ul_repo_lock (f.repo, UL_LOCK_SHARED, &lock_fd, &error));
      UlProgress progress = { 0 };
      const UlFsckOptions options = { .delete_corrupt = TRUE, .progress = &progress };
      g_auto (UlFsckResult) result = { 0 };
      gpointer args[] = { &f, (gpointer) &options, &result };
      GThread *thread = g_thread_new ("fsck", run_in_thread, args);
      while (ul_progress_get (&progress, done) < 7)
        g_usleep (1000);
      g_assert_cmpint (rename (aside, path), ==, 0);
      ul_fd_cleanup (&lock_fd);
      g_thread_join (thread);

      g_assert_no_error (result.mend_error);
      /* What was missing isn't any more; what was corrupt is said to have been. */
      g_assert_cmpuint (result.findings->len, ==, deleted ? 1 : 2);
      for (guint i = 0; i < result.findings->len; i++)
        {
          const UlFsckFinding *finding = result.findings->pdata[i];
          const gboolean is_other = ul_checksum_equal (&finding->checksum, &c.files[1]);
          g_assert_cmpint (finding->deleted, ==, is_other);
          g_assert_cmpuint (finding->marked->len, ==, is_other ? 1 : 0);
        }
      g_assert_true (fixture_has (&f, UL_OBJECT_FILE, &c.files[0]));
      g_assert_false (fixture_has (&f, UL_OBJECT_FILE, &c.files[1]));
    }
}

/* What a prune takes away while the check runs is not missing. */
static void
test_pruned_by_then (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &c.files[0]);
  g_autofree char *commit = fixture_object (&f, UL_OBJECT_COMMIT, &c.commit);
  g_assert_cmpint (unlink (path), ==, 0);

  ul_autofd int lock_fd = -1;
  g_assert_true (ul_repo_lock (f.repo, UL_LOCK_SHARED, &lock_fd, &error));
  UlProgress progress = { 0 };
  const UlFsckOptions options = { .progress = &progress };
  g_auto (UlFsckResult) result = { 0 };
  gpointer args[] = { &f, (gpointer) &options, &result };
  GThread *thread = g_thread_new ("fsck", run_in_thread, args);
  while (ul_progress_get (&progress, done) < 7)
    g_usleep (1000);
  g_assert_cmpint (unlink (commit), ==, 0);
  ul_fd_cleanup (&lock_fd);
  g_thread_join (thread);
  g_assert_no_error (result.mend_error);
  g_assert_cmpuint (result.findings->len, ==, 0);
  g_assert_false (is_partial (&f, &c.commit));
}

/* A commit that was made of corrupt objects since the check loses them, too. */
static void
test_commit_since_the_check (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
  g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &c.files[0]);
  fixture_flip (path, 0);
  g_autoptr (UlTransaction) transaction = fixture_begin (&f);
  UlProgress progress = { 0 };
  const UlFsckOptions options = { .delete_corrupt = TRUE, .progress = &progress };
  g_auto (UlFsckResult) result = { 0 };
  gpointer args[] = { &f, (gpointer) &options, &result };
  GThread *thread = g_thread_new ("fsck", run_in_thread, args);
  while (ul_progress_get (&progress, done) < 7)
    g_usleep (1000);
  UlChecksum late;
  {
    g_autoptr (UlWriter) writer = ul_writer_new (transaction);
    late = fixture_write_commit (writer, &c.tree, &c.meta, &c.commit, "late");
  }
  fixture_end (transaction);
  g_clear_pointer (&transaction, ul_transaction_free);
  g_thread_join (thread);
  g_assert_false (fixture_has (&f, UL_OBJECT_FILE, &c.files[0]));
  g_assert_true (is_partial (&f, &c.commit));
  g_assert_true (is_partial (&f, &late));
}

/* Also without delete_corrupt, as ostree does it: a pull brings back only what a partial commit
 * lacks. */
static void
test_missing_marks (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_BARE);
      const FixtureCommit other = fixture_commit (&f, "other", NULL, "other");
      const FixtureCommit first = fixture_commit (&f, NULL, NULL, "s");
      const FixtureCommit second = fixture_commit (&f, "main", &first.commit, "s");
      if (i == 0)
        fixture_delete (&f, UL_OBJECT_FILE, &first.files[2]);
      else
        fixture_delete (&f, UL_OBJECT_DIRTREE, i == 1 ? &first.tree : &first.sub_tree);
      g_autofree char *corrupt = fixture_object (&f, UL_OBJECT_FILE, &other.files[0]);
      fixture_flip (corrupt, 0);
      g_auto (UlFsckResult) result = { 0 };
      run (&f, &(UlFsckOptions){ 0 }, &result);
      g_assert_no_error (result.mend_error);
      g_assert_true (is_partial (&f, &first.commit));
      g_assert_true (is_partial (&f, &second.commit));
      g_assert_false (is_partial (&f, &other.commit));
      g_assert_cmpuint (result.partial_by_fsck->len, ==, 2);
      g_assert_cmpuint (result.partial->len, ==, 2);
      g_autofree char *mark = mark_of (&f, &first.commit);
      gsize len;
      g_autofree char *letter = fixture_get (mark, &len);
      g_assert_cmpuint (len, ==, 1);
      g_assert_cmpint (letter[0], ==, 'f');
    }
}

/* "123456 234567" */
static char *
show_commits (const GArray *commits)
{
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < commits->len; i++)
    {
      g_autofree char *hex = ul_checksum_dup_hex (&g_array_index (commits, UlChecksum, i));
      g_string_append_printf (out, "%s%.6s", i > 0 ? " " : "", hex);
    }
  return g_string_free (out, FALSE);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (UlChecksum));
}

/* The finding about @checksum belongs to these commits, sorted. */
static void
assert_commits (const UlFsckResult *result, const UlChecksum *checksum, guint n, ...)
{
  g_autoptr (GArray) expected = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  va_list args;
  va_start (args, n);
  for (guint i = 0; i < n; i++)
    g_array_append_vals (expected, va_arg (args, const UlChecksum *), 1);
  va_end (args);
  g_array_sort (expected, compare_names);
  g_autofree char *want = show_commits (expected);
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      if (!ul_checksum_equal (&finding->checksum, checksum))
        continue;
      g_autofree char *got = show_commits (finding->commits);
      g_assert_cmpstr (got, ==, want);
      return;
    }
  g_assert_not_reached ();
}

static void
test_commits (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit a = fixture_commit (&f, NULL, NULL, "s");
  const FixtureCommit b = fixture_commit (&f, NULL, &a.commit, "s");
  const FixtureCommit partial = fixture_commit (&f, "p", &b.commit, "s");
  const FixtureCommit other = fixture_commit (&f, "other", NULL, "other");
  const FixtureCommit gone = fixture_commit (&f, NULL, NULL, "gone");
  const FixtureCommit child = fixture_commit (&f, "child", &gone.commit, "child");
  g_assert_true (ul_objects_mark_commit_partial (f.repo, &partial.commit, &error));
  fixture_delete (&f, UL_OBJECT_COMMIT, &gone.commit);
  fixture_delete (&f, UL_OBJECT_FILE, &a.files[2]);
  fixture_delete (&f, UL_OBJECT_DIRTREE, &other.sub_tree);
  g_autofree char *file = fixture_object (&f, UL_OBJECT_FILE, &other.files[1]);
  g_autofree char *meta = fixture_object (&f, UL_OBJECT_DIRMETA, &a.meta);
  g_autofree char *tree = fixture_object (&f, UL_OBJECT_DIRTREE, &a.tree);
  fixture_flip (file, 0);
  fixture_truncate (meta, 3);
  /* Well formed, another name: what is below is still found. */
  gsize len;
  g_autofree char *bytes = fixture_get (tree, &len);
  g_assert_cmpmem (bytes, 4, "file", 4);
  bytes[0] = 'e';
  fixture_put (tree, bytes, len);
  g_auto (UlFsckResult) result = { 0 };
  run (&f, &(UlFsckOptions){ 0 }, &result);
  g_assert_cmpuint (result.findings->len, ==, 6);
  assert_commits (&result, &a.files[2], 2, &a.commit, &b.commit);
  assert_commits (&result, &other.sub_tree, 1, &other.commit);
  assert_commits (&result, &other.files[1], 1, &other.commit);
  assert_commits (&result, &a.meta, 4, &a.commit, &b.commit, &other.commit, &child.commit);
  assert_commits (&result, &a.tree, 2, &a.commit, &b.commit);
  assert_commits (&result, &gone.commit, 1, &child.commit);
}

/* A dirtree whose bytes were replaced by its parent's: it contains itself. */
static void
test_commits_of_a_loop (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
  const FixtureCommit d = fixture_commit (&f, "main", &c.commit, "s");
  g_autofree char *from = fixture_object (&f, UL_OBJECT_DIRTREE, &c.tree);
  g_autofree char *to = fixture_object (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
  gsize len;
  g_autofree char *bytes = fixture_get (from, &len);
  fixture_put (to, bytes, len);
  fixture_delete (&f, UL_OBJECT_FILE, &c.files[1]);
  g_auto (UlFsckResult) result = { 0 };
  run (&f, &(UlFsckOptions){ 0 }, &result);
  g_assert_cmpuint (result.findings->len, ==, 2);
  assert_commits (&result, &c.sub_tree, 2, &c.commit, &d.commit);
  assert_commits (&result, &c.files[1], 2, &c.commit, &d.commit);
}

/* One finding for a corrupt commit, however many refs name it, and also if it is partial. */
static void
test_commit_of_refs (void)
{
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_BARE);
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "subject");
      fixture_commit (&f, "again", NULL, "subject");
      g_autofree char *path = fixture_object (&f, UL_OBJECT_COMMIT, &c.commit);
      if (i % 2 == 0)
        fixture_truncate (path, 7);
      else
        fixture_flip (path, 0);
      if (i / 2 == 1)
        g_assert_true (ul_objects_mark_commit_partial (f.repo, &c.commit, &error));
      assert_one (&f, "corrupt", UL_OBJECT_COMMIT, &c.commit);
    }
}

/* A commit with these bindings, and refs that point to it. */
static UlChecksum
bound_commit (Fixture *f, const char *metadata, const char *const *refs)
{
  g_autoptr (GError) error = NULL;
  const FixtureCommit c = fixture_commit (f, NULL, NULL, "s");
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  g_autoptr (GVariant) commit = g_variant_ref_sink (
      ul_commit_new (g_variant_new_parsed (metadata), NULL, "bound", NULL, 0, &c.tree, &c.meta));
  UlChecksum checksum;
  ul_writer_metadata (writer, UL_OBJECT_COMMIT, commit, &checksum, &error);
  g_assert_no_error (error);
  for (; *refs != NULL; refs++)
    ul_transaction_set_ref (transaction, *refs, &checksum);
  fixture_end (transaction);
  return checksum;
}

static void
assert_bindings (Fixture *f, gboolean back_refs, const char *expected)
{
  g_auto (UlFsckResult) result = { 0 };
  const UlFsckOptions options = { .verify_bindings = TRUE, .verify_back_refs = back_refs };
  run (f, &options, &result);
  g_autoptr (GString) got = g_string_new (NULL);
  for (guint i = 0; i < result.findings->len; i++)
    {
      const UlFsckFinding *finding = result.findings->pdata[i];
      g_assert_cmpint (finding->kind, ==, UL_FSCK_BAD_BINDING);
      g_string_append_printf (got, "%s ", finding->ref);
    }
  g_assert_cmpstr (got->str, ==, expected);
}

static void
test_bindings (void)
{
  static const char *const refs[] = { "a", "b/c", NULL };
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  bound_commit (&f, "{'ostree.ref-binding': <['a', 'elsewhere']>}", refs);
  assert_findings (&f, "");
  assert_bindings (&f, FALSE, "b/c ");
  assert_bindings (&f, TRUE, "b/c elsewhere elsewhere ");
}

static void
test_hostile_bindings (void)
{
  static const char *const texts[] = {
    "{'ostree.ref-binding': <'a'>}",
    "{'ostree.ref-binding': <uint32 7>}",
    "{'ostree.ref-binding': <@as []>}",
    "@a{sv} {}",
  };
  static const char *const refs[] = { "a", NULL };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_BARE);
      bound_commit (&f, texts[i], refs);
      assert_bindings (&f, TRUE, "a ");
    }
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  bound_commit (&f, "{'ostree.ref-binding': <['a', '../../config', '', 'x\\ny']>}", refs);
  g_auto (UlFsckResult) result = { 0 };
  run (&f, &(UlFsckOptions){ .verify_back_refs = TRUE }, &result);
  g_assert_cmpuint (result.findings->len, ==, 3);
  for (guint i = 0; i < result.findings->len; i++)
    g_assert_null (strchr (((UlFsckFinding *) result.findings->pdata[i])->message, '\n'));
}

static void
test_collection_binding (void)
{
  static const char *const refs[] = { "a", NULL };
  static const struct
  {
    const char *metadata;
    gboolean fine;
  } cases[] = {
    { "{'ostree.ref-binding': <['a']>, 'ostree.collection-binding': <'org.example.Own'>}", TRUE },
    { "{'ostree.ref-binding': <['a']>, 'ostree.collection-binding': <'org.example.Other'>}",
      FALSE },
    { "{'ostree.ref-binding': <['a']>}", FALSE },
    { "{'ostree.ref-binding': <['a']>, 'ostree.collection-binding': <uint32 1>}", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_BARE);
      fixture_reopen (&f, "core", "collection-id", "org.example.Own");
      bound_commit (&f, cases[i].metadata, refs);
      assert_bindings (&f, FALSE, cases[i].fine ? "" : "a ");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Fsck/sound-in-each-mode", test_sound);
  g_test_add_func ("/Fsck/corrupt-content", test_corrupt_content);
  g_test_add_func ("/Fsck/truncated-content", test_truncated_content);
  g_test_add_func ("/Fsck/changed-permissions", test_changed_mode);
  g_test_add_func ("/Fsck/lost-metadata-of-a-file", test_lost_metadata);
  g_test_add_func ("/Fsck/missing-content", test_missing);
  g_test_add_func ("/Fsck/missing-metadata-object", test_missing_metadata);
  g_test_add_func ("/Fsck/corrupt-metadata-object", test_corrupt_metadata);
  g_test_add_func ("/Fsck/forged-metadata-object", test_forged_metadata);
  g_test_add_func ("/Fsck/findings-do-not-depend-on-jobs", test_many_findings);
  g_test_add_func ("/Fsck/partial-commit-may-lack-objects", test_partial);
  g_test_add_func ("/Fsck/ref-to-missing-commit", test_missing_commit);
  g_test_add_func ("/Fsck/missing-parent", test_missing_parent);
  g_test_add_func ("/Fsck/tombstones", test_tombstones);
  g_test_add_func ("/Fsck/delete-corrupt-content", test_delete);
  g_test_add_func ("/Fsck/delete-corrupt-metadata", test_delete_metadata);
  g_test_add_func ("/Fsck/delete-needs-the-exclusive-lock", test_delete_needs_the_lock);
  g_test_add_func ("/Fsck/delete-leaves-what-is-sound-by-then", test_sound_by_then);
  g_test_add_func ("/Fsck/pruned-while-it-was-checked", test_pruned_by_then);
  g_test_add_func ("/Fsck/delete-marks-a-commit-made-since-the-check", test_commit_since_the_check);
  g_test_add_func ("/Fsck/missing-objects-make-commits-partial", test_missing_marks);
  g_test_add_func ("/Fsck/commits-of-a-finding", test_commits);
  g_test_add_func ("/Fsck/commits-of-a-dirtree-that-contains-itself", test_commits_of_a_loop);
  g_test_add_func ("/Fsck/corrupt-commit-of-refs", test_commit_of_refs);
  g_test_add_func ("/Fsck/ref-bindings", test_bindings);
  g_test_add_func ("/Fsck/hostile-bindings", test_hostile_bindings);
  g_test_add_func ("/Fsck/collection-binding", test_collection_binding);
  return g_test_run ();
}
