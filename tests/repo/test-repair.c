// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "repo/fsck.h"
#include "repo/quarantine.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/fd.h"

static void
run (Fixture *f, const UlFsckOptions *options, UlFsckResult *out)
{
  g_autoptr (GError) error = NULL;
  ul_fsck_run (f->repo, options, out, &error);
  g_assert_no_error (error);
}

static void
assert_sound (Fixture *f)
{
  g_auto (UlFsckResult) result = { 0 };
  run (f, &(UlFsckOptions){ 0 }, &result);
  g_assert_cmpuint (result.findings->len, ==, 0);
  g_assert_cmpuint (result.partial->len, ==, 0);
  fixture_assert_no_staging (f);
}

static guint
count (const UlFsckResult *result, UlRepairOutcome outcome)
{
  guint n = 0;
  for (guint i = 0; i < result->findings->len; i++)
    n += ((UlFsckFinding *) result->findings->pdata[i])->repair == outcome;
  return n;
}

/* All that is found is repaired. */
static void
assert_repairs (Fixture *f, const UlFsckOptions *options, guint n)
{
  g_auto (UlFsckResult) result = { 0 };
  run (f, options, &result);
  g_assert_no_error (result.mend_error);
  g_assert_cmpuint (count (&result, UL_REPAIR_FETCHED), ==, n);
  g_assert_cmpuint (result.findings->len, ==, n);
  assert_sound (f);
}

static void
flip (Fixture *f, UlObjectType type, const UlChecksum *checksum)
{
  g_autofree char *path = fixture_object (f, type, checksum);
  fixture_flip (path, -1);
}

static char *
quarantined (Fixture *f, const char *name)
{
  g_autofree char *top = g_build_filename (f->path, UL_QUARANTINE_DIR, NULL);
  g_autofree char *runs = fixture_names (top);
  return g_build_filename (top, runs, name, NULL);
}

static void
test_modes (void)
{
  for (guint to = 0; to < FIXTURE_N_MODES; to++)
    for (guint from = 0; from < FIXTURE_N_MODES; from++)
      {
        g_auto (Fixture) source = { 0 };
        g_auto (Fixture) f = { 0 };
        fixture_init (&source, fixture_modes[from]);
        fixture_init (&f, fixture_modes[to]);
        const FixtureCommit other = fixture_commit (&source, "main", NULL, "s");
        const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
        if (!ul_checksum_equal (&other.commit, &c.commit))
          continue; /* a canonical one, and not run by root */
        flip (&f, UL_OBJECT_FILE, &c.files[0]);
        fixture_delete (&f, UL_OBJECT_FILE, &c.files[1]);
        fixture_delete (&f, UL_OBJECT_FILE, &c.files[2]);
        flip (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
        fixture_delete (&f, UL_OBJECT_DIRMETA, &c.meta);
        assert_repairs (&f, &(UlFsckOptions){ .repair = TRUE, .repair_repo = source.repo }, 5);
      }
}

/* Nothing is left but the ref: each dirtree that comes leads to more. */
static void
test_all_missing (void)
{
  g_auto (Fixture) source = { 0 };
  g_auto (Fixture) f = { 0 };
  fixture_init (&source, UL_REPO_MODE_ARCHIVE);
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  g_autoptr (UlTransaction) transaction = fixture_begin (&source);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const UlChecksum meta = fixture_write_dirmeta (&source, writer);
  UlChecksum file = fixture_write (&source, writer, "leaf");
  UlChecksum tree = fixture_write_dirtree (writer, &file, 1, NULL, NULL);
  for (guint i = 0; i < 30; i++)
    {
      g_autofree char *content = g_strdup_printf ("level %u", i);
      file = fixture_write (&source, writer, content);
      const UlChecksum sub = tree;
      tree = fixture_write_dirtree (writer, &file, 1, &sub, &meta);
    }
  const UlChecksum commit = fixture_write_commit (writer, &tree, &meta, NULL, "deep");
  g_clear_pointer (&writer, ul_writer_free);
  fixture_end (transaction);
  g_clear_pointer (&transaction, ul_transaction_free);

  g_autoptr (UlTransaction) refs = fixture_begin (&f);
  ul_transaction_set_ref (refs, "one", &commit);
  ul_transaction_set_ref (refs, "two", &commit);
  fixture_end (refs);
  g_clear_pointer (&refs, ul_transaction_free);
  /* The commit for each ref, the dirmeta, 31 dirtrees and as many files. */
  assert_repairs (&f, &(UlFsckOptions){ .repair = TRUE, .repair_repo = source.repo, .jobs = 3 },
                  2 + 1 + 31 + 31);
}

static void
test_broken_source (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) source = { 0 };
      g_auto (Fixture) f = { 0 };
      fixture_init (&source, fixture_modes[m]);
      fixture_init (&f, fixture_modes[m]);
      fixture_commit (&source, "main", NULL, "s");
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
      const UlChecksum forged = fixture_file (&source, "forged");
      g_autofree char *forged_path = fixture_object (&source, UL_OBJECT_FILE, &forged);
      g_autofree char *path = fixture_object (&source, UL_OBJECT_FILE, &c.files[1]);
      g_assert_cmpint (rename (forged_path, path), ==, 0);
      flip (&source, UL_OBJECT_FILE, &c.files[0]);
      flip (&source, UL_OBJECT_DIRTREE, &c.sub_tree);
      flip (&f, UL_OBJECT_FILE, &c.files[0]);
      fixture_delete (&f, UL_OBJECT_FILE, &c.files[1]);
      fixture_delete (&f, UL_OBJECT_DIRTREE, &c.sub_tree);

      g_auto (UlFsckResult) result = { 0 };
      run (&f, &(UlFsckOptions){ .repair = TRUE, .repair_repo = source.repo }, &result);
      g_assert_no_error (result.mend_error);
      g_assert_cmpuint (result.findings->len, ==, 3);
      g_assert_cmpuint (count (&result, UL_REPAIR_NONE), ==, 3);
      for (guint i = 0; i < 3; i++)
        g_assert_nonnull (((UlFsckFinding *) result.findings->pdata[i])->repair_error);
      g_assert_cmpuint (result.partial_by_fsck->len, ==, 1);
      g_assert_false (fixture_has (&f, UL_OBJECT_FILE, &forged));
      g_assert_false (fixture_has (&f, UL_OBJECT_FILE, &c.files[0]));
      g_assert_false (fixture_has (&f, UL_OBJECT_FILE, &c.files[1]));
      g_autofree char *name = ul_object_to_string (&c.files[0], UL_OBJECT_FILE);
      g_autofree char *kept = quarantined (&f, name);
      g_assert_true (g_file_test (kept, G_FILE_TEST_IS_REGULAR));
      fixture_assert_no_staging (&f);
    }
}

/* What has an object's name may be anything. */
static void
test_directory_for_an_object (void)
{
  g_auto (Fixture) source = { 0 };
  g_auto (Fixture) f = { 0 };
  fixture_init (&source, UL_REPO_MODE_BARE);
  fixture_init (&f, UL_REPO_MODE_BARE);
  fixture_commit (&source, "main", NULL, "s");
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
  g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &c.files[0]);
  g_autofree char *inner = g_build_filename (path, "inner", NULL);
  fixture_delete (&f, UL_OBJECT_FILE, &c.files[0]);
  fixture_put (inner, "x", 1);
  assert_repairs (&f, &(UlFsckOptions){ .repair = TRUE, .repair_repo = source.repo }, 1);
  g_autofree char *name = ul_object_to_string (&c.files[0], UL_OBJECT_FILE);
  g_autofree char *kept = quarantined (&f, name);
  g_assert_true (g_file_test (kept, G_FILE_TEST_IS_DIR));
  guint64 n;
  g_assert_true (ul_quarantine_clear (f.repo, &n, NULL));
  g_assert_cmpuint (n, ==, 1);
}

static void
test_marks (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) source = { 0 };
  g_auto (Fixture) f = { 0 };
  fixture_init (&source, UL_REPO_MODE_BARE);
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit first = fixture_commit (&f, "first", NULL, "first");
  const FixtureCommit second = fixture_commit (&f, "second", NULL, "second");
  fixture_commit (&source, "second", NULL, "second");
  g_assert_false (ul_checksum_equal (&first.commit, &second.commit));
  for (guint i = 0; i < 3; i++)
    if (!fixture_has (&source, UL_OBJECT_FILE, &first.files[i]))
      fixture_delete (&f, UL_OBJECT_FILE, &first.files[i]);
  for (guint i = 0; i < 3; i++)
    if (fixture_has (&f, UL_OBJECT_FILE, &second.files[i]))
      fixture_delete (&f, UL_OBJECT_FILE, &second.files[i]);
  g_auto (UlFsckResult) check = { 0 };
  run (&f, &(UlFsckOptions){ 0 }, &check);
  g_assert_cmpuint (check.partial_by_fsck->len, ==, 2);

  g_auto (UlFsckResult) result = { 0 };
  run (&f, &(UlFsckOptions){ .repair = TRUE, .repair_repo = source.repo }, &result);
  g_assert_no_error (result.mend_error);
  gboolean partial;
  g_assert_true (ul_objects_commit_is_partial (f.repo, &second.commit, &partial, &error));
  g_assert_false (partial);
  g_assert_true (ul_objects_commit_is_partial (f.repo, &first.commit, &partial, &error));
  g_assert_cmpint (partial, ==, count (&result, UL_REPAIR_NONE) > 0);
  g_assert_cmpuint (result.completed->len + result.partial_by_fsck->len, ==, 2);
}

/* Somebody else brings the object before the repair has its turn. */
typedef struct
{
  char *path;
  char *saved;
} Rescue;

static void
rescue (const char *step, gpointer data)
{
  const Rescue *rescue = data;
  if (g_str_equal (step, "begin"))
    g_assert_cmpint (rename (rescue->saved, rescue->path), ==, 0);
}

static void
test_sound_by_then (void)
{
  g_auto (Fixture) source = { 0 };
  g_auto (Fixture) f = { 0 };
  fixture_init (&source, UL_REPO_MODE_BARE);
  fixture_init (&f, UL_REPO_MODE_BARE);
  fixture_commit (&source, "main", NULL, "s");
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
  g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &c.files[0]);
  Rescue data = { .path = path, .saved = g_build_filename (f.dir, "saved", NULL) };
  g_assert_cmpint (rename (path, data.saved), ==, 0);
  fixture_put (path, "corrupt", 7);
  assert_repairs (
      &f,
      &(UlFsckOptions){
          .repair = TRUE, .repair_repo = source.repo, .hook = rescue, .hook_data = &data },
      1);
  g_autofree char *top = g_build_filename (f.path, UL_QUARANTINE_DIR, NULL);
  g_assert_false (g_file_test (top, G_FILE_TEST_EXISTS));
  g_free (data.saved);
}

/* A file that never is the same twice: the object comes as it has to be, or not at all. */
typedef struct
{
  const char *path;
  gint stop;
} Changer;

static gpointer
change (gpointer data)
{
  Changer *changer = data;
  for (guint i = 0; !g_atomic_int_get (&changer->stop); i++)
    {
      const char *text = i % 2 == 0 ? "0" : "x";
      const int fd = open (changer->path, O_WRONLY | O_CLOEXEC);
      g_assert_cmpint (pwrite (fd, text, 1, 0), ==, 1);
      close (fd);
    }
  return NULL;
}

static void
test_changing_file (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autofree char *content = g_strnfill (100 * 1024, '0');
  g_autoptr (UlTransaction) transaction = fixture_begin (&f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  const UlChecksum meta = fixture_write_dirmeta (&f, writer);
  const UlChecksum file = fixture_write (&f, writer, content);
  const UlChecksum tree = fixture_write_dirtree (writer, &file, 1, NULL, NULL);
  const UlChecksum commit = fixture_write_commit (writer, &tree, &meta, NULL, "s");
  g_clear_pointer (&writer, ul_writer_free);
  ul_transaction_set_ref (transaction, "main", &commit);
  fixture_end (transaction);
  g_clear_pointer (&transaction, ul_transaction_free);

  g_autofree char *dir = g_build_filename (f.dir, "checkout", NULL);
  g_autofree char *path = g_build_filename (dir, "file-0", NULL);
  g_autofree char *object = fixture_object (&f, UL_OBJECT_FILE, &file);
  struct stat st;
  g_assert_cmpint (lstat (object, &st), ==, 0);
  fixture_put (path, content, strlen (content));
  g_assert_cmpint (chmod (path, st.st_mode & 07777), ==, 0);
  Changer changer = { .path = path };
  GThread *thread = g_thread_new ("change", change, &changer);
  for (guint i = 0; i < 50; i++)
    {
      g_auto (UlFsckResult) result = { 0 };
      if (fixture_has (&f, UL_OBJECT_FILE, &file))
        fixture_delete (&f, UL_OBJECT_FILE, &file);
      run (&f, &(UlFsckOptions){ .repair = TRUE, .repair_dir = dir }, &result);
      g_assert_no_error (result.mend_error);
      g_assert_cmpint (fixture_has (&f, UL_OBJECT_FILE, &file), ==,
                       count (&result, UL_REPAIR_FETCHED) == 1);
      if (result.partial_by_fsck->len == 0)
        assert_sound (&f);
      fixture_assert_no_staging (&f);
    }
  g_atomic_int_set (&changer.stop, 1);
  g_thread_join (thread);
}

typedef struct
{
  Fixture *f;
  UlRepo *source;
} Repairer;

static gpointer
repair (gpointer data)
{
  const Repairer *self = data;
  g_autoptr (GError) error = NULL;
  g_auto (UlFsckResult) result = { 0 };
  ul_fsck_run (self->f->repo,
               &(UlFsckOptions){ .repair = TRUE, .repair_repo = self->source, .jobs = 2 }, &result,
               &error);
  g_assert_no_error (error);
  g_assert_no_error (result.mend_error);
  return NULL;
}

/* Each waits for the other's lock, and neither for ever. */
static void
test_two_at_once (void)
{
  for (guint i = 0; i < 10; i++)
    {
      g_auto (Fixture) source = { 0 };
      g_auto (Fixture) f = { 0 };
      fixture_init (&source, UL_REPO_MODE_BARE);
      fixture_init (&f, UL_REPO_MODE_BARE);
      fixture_commit (&source, "main", NULL, "s");
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
      flip (&f, UL_OBJECT_FILE, &c.files[0]);
      fixture_delete (&f, UL_OBJECT_FILE, &c.files[1]);
      flip (&f, UL_OBJECT_DIRTREE, &c.sub_tree);
      Repairer repairer = { .f = &f, .source = source.repo };
      GThread *one = g_thread_new ("one", repair, &repairer);
      GThread *two = g_thread_new ("two", repair, &repairer);
      g_thread_join (one);
      g_thread_join (two);
      assert_sound (&f);
    }
}

static void
test_no_checkout (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
  g_auto (UlFsckResult) result = { 0 };
  fixture_delete (&f, UL_OBJECT_FILE, &c.files[0]);
  run (&f, &(UlFsckOptions){ .repair = TRUE, .repair_dir = "not-there" }, &result);
  g_assert_error (result.mend_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpuint (result.findings->len, ==, 1);
  g_assert_cmpuint (result.partial->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Repair/from-every-mode-to-every-mode", test_modes);
  g_test_add_func ("/Repair/all-is-missing-but-the-refs", test_all_missing);
  g_test_add_func ("/Repair/source-is-broken-too", test_broken_source);
  g_test_add_func ("/Repair/directory-in-the-place-of-an-object", test_directory_for_an_object);
  g_test_add_func ("/Repair/marks-of-complete-commits-go", test_marks);
  g_test_add_func ("/Repair/sound-by-then-is-not-quarantined", test_sound_by_then);
  g_test_add_func ("/Repair/file-that-changes", test_changing_file);
  g_test_add_func ("/Repair/two-at-once", test_two_at_once);
  g_test_add_func ("/Repair/no-such-checkout", test_no_checkout);
  return g_test_run ();
}
