// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/transaction.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/fd.h"

static gboolean
count (UlObjectType type, const UlChecksum *checksum, gpointer data, GError **error)
{
  ((guint *) data)[type]++;
  return TRUE;
}

/* Objects of each type that are published. */
static void
count_objects (Fixture *f, guint counts[UL_OBJECT_TYPE_LAST + 1])
{
  g_autoptr (GError) error = NULL;
  memset (counts, 0, (UL_OBJECT_TYPE_LAST + 1) * sizeof *counts);
  ul_objects_foreach (f->repo, count, counts, &error);
  g_assert_no_error (error);
}

static guint
total (Fixture *f)
{
  guint counts[UL_OBJECT_TYPE_LAST + 1];
  guint sum = 0;
  count_objects (f, counts);
  for (guint i = 0; i <= UL_OBJECT_TYPE_LAST; i++)
    sum += counts[i];
  return sum;
}

static void
test_commit (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      const FixtureCommit c = fixture_commit (&f, "main", NULL, "s");
      guint counts[UL_OBJECT_TYPE_LAST + 1];
      count_objects (&f, counts);
      g_assert_cmpuint (counts[UL_OBJECT_FILE], ==, 3);
      g_assert_cmpuint (counts[UL_OBJECT_DIRTREE], ==, 2);
      g_assert_cmpuint (counts[UL_OBJECT_DIRMETA], ==, 1);
      g_assert_cmpuint (counts[UL_OBJECT_COMMIT], ==, 1);
      gboolean found;
      UlChecksum ref;
      g_assert_true (ul_refs_read (f.repo, "main", &found, &ref, NULL));
      g_assert_true (found && ul_checksum_equal (&ref, &c.commit));
      fixture_assert_no_staging (&f);
    }
}

static void
test_nothing_before_commit (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      UlTransaction *transaction = fixture_begin (&f);
      UlWriter *writer = ul_writer_new (transaction);
      const UlChecksum file = fixture_write (&f, writer, "dropped");
      const UlChecksum meta = fixture_write_dirmeta (&f, writer);
      const UlChecksum tree = fixture_write_dirtree (writer, &file, 1, NULL, NULL);
      const UlChecksum commit = fixture_write_commit (writer, &tree, &meta, NULL, "s");
      ul_transaction_set_ref (transaction, "main", &commit);
      g_assert_cmpuint (total (&f), ==, 0);
      ul_writer_free (writer);
      ul_transaction_free (transaction);
      gboolean found = TRUE;
      UlChecksum ref;
      g_assert_cmpuint (total (&f), ==, 0);
      g_assert_true (ul_refs_read (f.repo, "main", &found, &ref, NULL));
      g_assert_false (found);
      fixture_assert_no_staging (&f);
    }
}

static void
test_empty (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autoptr (UlTransaction) transaction = fixture_begin (&f);
  fixture_end (transaction);
  fixture_assert_no_staging (&f);
}

static void
test_stats (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  fixture_file (&f, "known");
  g_autoptr (UlTransaction) transaction = fixture_begin (&f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  fixture_write (&f, writer, "known");
  fixture_write (&f, writer, "new one");
  fixture_write (&f, writer, "new one");
  fixture_write_dirmeta (&f, writer);
  fixture_write_dirmeta (&f, writer);
  ul_transaction_count_cache_hit (transaction);
  UlTransactionStats stats;
  g_assert_true (ul_transaction_commit (transaction, &stats, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (stats.content_total, ==, 3);
  g_assert_cmpuint (stats.content_written, ==, 1);
  g_assert_cmpuint (stats.content_bytes_written, ==, 7);
  g_assert_cmpuint (stats.metadata_total, ==, 2);
  g_assert_cmpuint (stats.metadata_written, ==, 1);
  g_assert_cmpuint (stats.cache_hits, ==, 1);
}

/* At each step nothing is published that refers to what is not. */
typedef struct
{
  Fixture *f;
  FixtureCommit c;
  gboolean ready; /* c is filled */
  GString *steps;
} Watch;

static void
watch (const char *step, gpointer data)
{
  Watch *w = data;
  g_autofree char *last = g_strdup (w->steps->str);
  const char *space = strrchr (last, ' ');
  if (g_strcmp0 (space ? space + 1 : last, step) != 0) /* runs as one */
    g_string_append_printf (w->steps, "%s%s", w->steps->len ? " " : "", step);
  if (!w->ready)
    return;
  const gboolean all_below = fixture_has (w->f, UL_OBJECT_DIRTREE, &w->c.tree)
                             && fixture_has (w->f, UL_OBJECT_DIRTREE, &w->c.sub_tree)
                             && fixture_has (w->f, UL_OBJECT_DIRMETA, &w->c.meta)
                             && fixture_has (w->f, UL_OBJECT_FILE, &w->c.files[0])
                             && fixture_has (w->f, UL_OBJECT_FILE, &w->c.files[1])
                             && fixture_has (w->f, UL_OBJECT_FILE, &w->c.files[2]);
  const gboolean commit = fixture_has (w->f, UL_OBJECT_COMMIT, &w->c.commit);
  gboolean ref = FALSE;
  UlChecksum checksum;
  ul_refs_read (w->f->repo, "main", &ref, &checksum, NULL);
  g_assert_true (!commit || all_below);
  g_assert_true (!ref || commit);
  if (strcmp (step, "sync") == 0 || strcmp (step, "synced") == 0)
    g_assert_cmpuint (total (w->f), ==, 0);
  if (strcmp (step, "published") == 0)
    g_assert_true (commit && !ref);
}

static void
test_order (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      g_autoptr (GString) steps = g_string_new (NULL);
      Watch w = { .f = &f, .steps = steps };
      const UlTransactionOptions options = { .hook = watch, .hook_data = &w };
      g_autoptr (UlTransaction) transaction = ul_transaction_begin (f.repo, &options, &error);
      g_assert_no_error (error);
      g_autoptr (UlWriter) writer = ul_writer_new (transaction);
      /* The commit first: the order of publishing is not that of writing. */
      w.c.files[0] = fixture_write (&f, writer, "0");
      w.c.files[1] = fixture_write (&f, writer, "1");
      w.c.files[2] = fixture_write (&f, writer, "2");
      w.c.meta = fixture_write_dirmeta (&f, writer);
      w.c.sub_tree = fixture_write_dirtree (writer, &w.c.files[2], 1, NULL, NULL);
      w.c.tree = fixture_write_dirtree (writer, w.c.files, 2, &w.c.sub_tree, &w.c.meta);
      w.c.commit = fixture_write_commit (writer, &w.c.tree, &w.c.meta, NULL, "s");
      w.ready = TRUE;
      ul_transaction_set_ref (transaction, "main", &w.c.commit);
      g_assert_true (ul_transaction_commit (transaction, NULL, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (steps->str, ==,
                       "begin staged sync synced publish published dirs-synced ref refs-written "
                       "cleanup");
    }
}

static void
test_refs (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, "goes", NULL, "s");
  g_autoptr (UlTransaction) transaction = fixture_begin (&f);
  ul_transaction_set_ref (transaction, "goes", NULL);
  ul_transaction_set_ref (transaction, "never/was", NULL);
  ul_transaction_set_ref (transaction, "comes/new", &c.commit);
  ul_transaction_set_collection_ref (transaction, "org.example.Other", "r", &c.commit);
  fixture_end (transaction);
  g_autoptr (GPtrArray) refs = NULL;
  g_autoptr (GPtrArray) collections = NULL;
  g_assert_true (ul_refs_list (f.repo, NULL, UL_REFS_LIST_ALL, &refs, &error));
  g_assert_true (ul_refs_list_collections (f.repo, NULL, &collections, &error));
  g_assert_cmpuint (refs->len, ==, 1);
  g_assert_cmpstr (((UlRef *) refs->pdata[0])->refspec, ==, "comes/new");
  g_assert_cmpuint (collections->len, ==, 1);
}

static void
test_bad_ref (void)
{
  static const char *const bad[] = { "", "..", "a//b", "-x", "a b" };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_BARE);
      {
        g_autoptr (UlTransaction) transaction = fixture_begin (&f);
        g_autoptr (UlWriter) writer = ul_writer_new (transaction);
        const UlChecksum checksum = fixture_write (&f, writer, "x");
        ul_transaction_set_ref (transaction, "good", &checksum);
        ul_transaction_set_ref (transaction, bad[i], &checksum);
        g_assert_false (ul_transaction_commit (transaction, NULL, &error));
        g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
      }
      g_assert_cmpuint (total (&f), ==, 0);
      fixture_assert_no_staging (&f);
    }
}

static void
test_conflicting_ref (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, "a/b", NULL, "s");
  {
    g_autoptr (UlTransaction) transaction = fixture_begin (&f);
    ul_transaction_set_ref (transaction, "a", &c.commit);
    g_assert_false (ul_transaction_commit (transaction, NULL, &error));
    g_assert_error (error, UL_ERROR, UL_ERROR_EXISTS);
  }
  fixture_assert_no_staging (&f);
}

static void
test_second_writer (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autoptr (UlTransaction) first = fixture_begin (&f);
  g_autoptr (UlTransaction) second = fixture_begin (&f);
  g_autoptr (UlWriter) first_writer = ul_writer_new (first);
  g_autoptr (UlWriter) second_writer = ul_writer_new (second);
  const UlChecksum shared = fixture_write (&f, first_writer, "shared");
  const UlChecksum same = fixture_write (&f, second_writer, "shared");
  const UlChecksum own_1 = fixture_write (&f, first_writer, "own of the first");
  const UlChecksum own_2 = fixture_write (&f, second_writer, "own of the second");
  g_assert_true (ul_checksum_equal (&shared, &same));
  fixture_end (first);
  g_assert_true (fixture_has (&f, UL_OBJECT_FILE, &shared));
  g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &shared);
  struct stat before, after;
  g_assert_cmpint (stat (path, &before), ==, 0);
  fixture_end (second);
  /* What was published first stays: others may have linked it. */
  g_assert_cmpint (stat (path, &after), ==, 0);
  g_assert_cmpuint (before.st_ino, ==, after.st_ino);
  g_assert_true (fixture_has (&f, UL_OBJECT_FILE, &own_1));
  g_assert_true (fixture_has (&f, UL_OBJECT_FILE, &own_2));
  g_assert_cmpuint (total (&f), ==, 3);
  fixture_assert_no_staging (&f);
}

static void
test_abort_beside_another (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  UlTransaction *first = fixture_begin (&f);
  g_autoptr (UlTransaction) second = fixture_begin (&f);
  g_autoptr (UlWriter) writer = ul_writer_new (second);
  const UlChecksum checksum = fixture_write (&f, writer, "x");
  ul_transaction_free (first);
  fixture_end (second);
  g_assert_true (fixture_has (&f, UL_OBJECT_FILE, &checksum));
  fixture_assert_no_staging (&f);
}

static void
test_after_a_dead_process (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const pid_t pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      UlTransaction *transaction = ul_transaction_begin (f.repo, NULL, NULL);
      UlWriter *writer = transaction ? ul_writer_new (transaction) : NULL;
      if (writer == NULL)
        _exit (1);
      (void) fixture_write (&f, writer, "of the dead");
      kill (getpid (), SIGKILL);
    }
  int status;
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  const UlChecksum checksum = fixture_file (&f, "of the dead");
  g_assert_true (fixture_has (&f, UL_OBJECT_FILE, &checksum));
  g_assert_cmpuint (total (&f), ==, 1);
  fixture_assert_no_staging (&f);
}

static void
test_min_free_space (void)
{
  static const char *const settings[][2]
      = { { "min-free-space-size", "1000000TB" }, { "min-free-space-percent", "99" } };
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_BARE);
      fixture_reopen (&f, "core", settings[i][0], settings[i][1]);
      {
        g_autoptr (UlTransaction) transaction = fixture_begin (&f);
        g_autoptr (UlWriter) writer = ul_writer_new (transaction);
        const UlFileMeta meta = fixture_meta (&f, 0644, NULL);
        /* More than a file system has by any chance used less than 1% of; nothing is read. */
        const UlSource source = { .fd = -1, .data = (const guint8 *) "x", .size = 1 };
        UlChecksum checksum;
        if (!ul_writer_file (writer, &meta, &source, &checksum, &error))
          {
            g_assert_error (error, UL_ERROR, UL_ERROR_NO_SPACE);
            g_assert_nonnull (strstr (error->message, "min-free-space"));
            g_clear_error (&error);
            g_assert_false (ul_transaction_commit (transaction, NULL, &error));
          }
        else
          g_assert_cmpuint (i, ==, 1);
      }
      fixture_assert_no_staging (&f);
      if (error != NULL)
        g_assert_cmpuint (total (&f), ==, 0);
      else
        g_assert_cmpuint (i, ==, 1);
    }
}

static void
test_min_free_space_off (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  fixture_reopen (&f, "core", "min-free-space-percent", "0");
  const UlChecksum checksum = fixture_file (&f, "x");
  g_assert_true (fixture_has (&f, UL_OBJECT_FILE, &checksum));
}

static void
test_tombstone (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  fixture_delete (&f, UL_OBJECT_COMMIT, &c.commit);
  g_autofree char *tombstone = fixture_object (&f, UL_OBJECT_TOMBSTONE_COMMIT, &c.commit);
  fixture_put (tombstone, "", 0);
  const FixtureCommit again = fixture_commit (&f, NULL, NULL, "s");
  g_assert_true (ul_checksum_equal (&again.commit, &c.commit));
  g_assert_true (fixture_has (&f, UL_OBJECT_COMMIT, &c.commit));
  g_assert_false (fixture_has (&f, UL_OBJECT_TOMBSTONE_COMMIT, &c.commit));
}

static void
test_fsync_settings (void)
{
  static const char *const settings[][2]
      = { { "per-object-fsync", "true" }, { "fsync", "false" }, { "fsync", "true" } };
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    for (guint m = 0; m < FIXTURE_N_MODES; m += 3)
      {
        g_autoptr (GError) error = NULL;
        g_auto (Fixture) f = { 0 };
        fixture_init (&f, fixture_modes[m]);
        fixture_reopen (&f, "core", settings[i][0], settings[i][1]);
        g_autoptr (UlTransaction) transaction = ul_transaction_begin (f.repo, NULL, &error);
        g_assert_no_error (error);
        g_autoptr (UlWriter) writer = ul_writer_new (transaction);
        const UlChecksum checksum = fixture_write (&f, writer, "x");
        ul_transaction_set_ref (transaction, "main", &checksum);
        fixture_end (transaction);
        g_assert_true (fixture_has (&f, UL_OBJECT_FILE, &checksum));
      }
}

typedef struct
{
  Fixture *f;
  UlTransaction *transaction;
} Crowd;

#define CROWD_FILES 60

static gpointer
write_the_same (gpointer data)
{
  Crowd *crowd = data;
  g_autoptr (UlWriter) writer = ul_writer_new (crowd->transaction);
  for (guint i = 0; i < CROWD_FILES; i++)
    {
      g_autofree char *content = g_strdup_printf ("content %u", i);
      fixture_write (crowd->f, writer, content);
    }
  fixture_write_dirmeta (crowd->f, writer);
  return NULL;
}

static void
test_many_writers (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      g_autoptr (UlTransaction) transaction = fixture_begin (&f);
      Crowd crowd = { &f, transaction };
      GThread *threads[8];
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("writer", write_the_same, &crowd);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
      UlTransactionStats stats;
      g_assert_true (ul_transaction_commit (transaction, &stats, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (stats.content_total, ==, CROWD_FILES * G_N_ELEMENTS (threads));
      g_assert_cmpuint (stats.content_written, ==, CROWD_FILES);
      g_assert_cmpuint (stats.metadata_written, ==, 1);
      guint counts[UL_OBJECT_TYPE_LAST + 1];
      count_objects (&f, counts);
      g_assert_cmpuint (counts[UL_OBJECT_FILE], ==, CROWD_FILES);
      fixture_assert_no_staging (&f);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Transaction/commit", test_commit);
  g_test_add_func ("/Transaction/abort-leaves-nothing", test_nothing_before_commit);
  g_test_add_func ("/Transaction/empty", test_empty);
  g_test_add_func ("/Transaction/stats", test_stats);
  g_test_add_func ("/Transaction/what-refers-comes-after", test_order);
  g_test_add_func ("/Transaction/refs", test_refs);
  g_test_add_func ("/Transaction/bad-ref-publishes-nothing", test_bad_ref);
  g_test_add_func ("/Transaction/conflicting-ref", test_conflicting_ref);
  g_test_add_func ("/Transaction/second-writer-at-once", test_second_writer);
  g_test_add_func ("/Transaction/abort-beside-another", test_abort_beside_another);
  g_test_add_func ("/Transaction/after-a-dead-process", test_after_a_dead_process);
  g_test_add_func ("/Transaction/min-free-space", test_min_free_space);
  g_test_add_func ("/Transaction/min-free-space-off", test_min_free_space_off);
  g_test_add_func ("/Transaction/commit-anew-removes-its-tombstone", test_tombstone);
  g_test_add_func ("/Transaction/fsync-settings", test_fsync_settings);
  g_test_add_func ("/Transaction/many-writers-write-each-object-once", test_many_writers);
  return g_test_run ();
}
