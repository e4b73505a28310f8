// SPDX-License-Identifier: LGPL-2.1-or-later

/* What a pull reads, writes and remembers. */

#include <string.h>

#include "../repo/fixture.h"
#include "core/dirtree.h"
#include "repo/refs.h"
#include "transfer/pull-local.h"
#include "util/error.h"

#define N_FILES 200

typedef struct
{
  guint begins;
} Steps;

static void
on_step (const char *step, gpointer data)
{
  Steps *steps = data;
  if (strcmp (step, "begin") == 0)
    steps->begins++;
}

static UlPullLocalResult
pull (Fixture *to, Fixture *from, const UlPullLocalOptions *options)
{
  g_autoptr (GError) error = NULL;
  UlPullLocalResult result;
  UlPullLocalOptions quick = *options;
  quick.transaction.no_fsync = TRUE;
  ul_pull_local (to->repo, from->repo, &quick, &result, &error);
  g_assert_no_error (error);
  return result;
}

static GError *
pull_fails (Fixture *to, Fixture *from, const UlPullLocalOptions *options)
{
  GError *error = NULL;
  UlPullLocalResult result;
  UlPullLocalOptions quick = *options;
  quick.transaction.no_fsync = TRUE;
  g_assert_false (ul_pull_local (to->repo, from->repo, &quick, &result, &error));
  g_assert_null (strchr (error->message, '\n'));
  return error;
}

/* A commit of N_FILES files that differ from those of another @seed, under "main". */
static UlChecksum
commit_many (Fixture *f, guint seed)
{
  g_autoptr (UlTransaction) transaction = fixture_begin (f);
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  g_autoptr (GError) error = NULL;
  UlDirtreeFile files[N_FILES];
  char names[N_FILES][8];
  for (guint i = 0; i < N_FILES; i++)
    {
      g_autofree char *content = g_strdup_printf ("%u %u", seed, i);
      g_snprintf (names[i], sizeof names[i], "%03u", i);
      files[i]
          = (UlDirtreeFile){ .name = names[i], .checksum = fixture_write (f, writer, content) };
    }
  const UlChecksum meta = fixture_write_dirmeta (f, writer);
  g_autoptr (GVariant) dirtree = g_variant_ref_sink (ul_dirtree_new (files, N_FILES, NULL, 0));
  UlChecksum tree;
  ul_writer_metadata (writer, UL_OBJECT_DIRTREE, dirtree, &tree, &error);
  g_assert_no_error (error);
  const UlChecksum commit = fixture_write_commit (writer, &tree, &meta, NULL, "many");
  ul_transaction_set_ref (transaction, "main", &commit);
  fixture_end (transaction);
  return commit;
}

static gboolean
is_partial (Fixture *f, const UlChecksum *commit)
{
  g_autoptr (GError) error = NULL;
  gboolean partial;
  ul_objects_commit_is_partial (f->repo, commit, &partial, &error);
  g_assert_no_error (error);
  return partial;
}

static void
test_whole (void)
{
  for (guint a = 0; a < FIXTURE_N_MODES; a++)
    {
      g_auto (Fixture) from = { 0 };
      g_auto (Fixture) to = { 0 };
      fixture_init (&from, fixture_modes[a]);
      fixture_init (&to, fixture_modes[(a + 1) % FIXTURE_N_MODES]);
      const FixtureCommit commit = fixture_commit (&from, "main", NULL, "one");
      const UlPullLocalOptions options = { .jobs = a };
      UlPullLocalResult result = pull (&to, &from, &options);
      g_assert_cmpuint (result.metadata, ==, 4);
      for (guint i = 0; i < G_N_ELEMENTS (commit.files); i++)
        g_assert_true (fixture_has (&to, UL_OBJECT_FILE, &commit.files[i]));
      g_assert_true (fixture_has (&to, UL_OBJECT_COMMIT, &commit.commit));
      g_assert_false (is_partial (&to, &commit.commit));
      fixture_assert_no_staging (&to);
      result = pull (&to, &from, &options);
      g_assert_cmpuint (result.metadata + result.content, ==, 0);
    }
}

/* What isn't here any more is only missed in a commit that is marked partial. */
static void
test_known (void)
{
  const UlPullLocalOptions options = { 0 };
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) from = { 0 };
  g_auto (Fixture) to = { 0 };
  fixture_init (&from, UL_REPO_MODE_BARE);
  fixture_init (&to, UL_REPO_MODE_BARE);
  const FixtureCommit one = fixture_commit (&from, "main", NULL, "one");
  pull (&to, &from, &options);
  fixture_delete (&to, UL_OBJECT_FILE, &one.files[2]);
  UlPullLocalResult result = pull (&to, &from, &options);
  g_assert_cmpuint (result.content, ==, 0);

  /* A new commit of the same tree: nothing of it is looked at. */
  {
    g_autoptr (UlTransaction) transaction = fixture_begin (&from);
    g_autoptr (UlWriter) writer = ul_writer_new (transaction);
    const UlChecksum two = fixture_write_commit (writer, &one.tree, &one.meta, &one.commit, "two");
    ul_transaction_set_ref (transaction, "main", &two);
    fixture_end (transaction);
  }
  result = pull (&to, &from, &options);
  g_assert_cmpuint (result.metadata, ==, 1);
  g_assert_cmpuint (result.content, ==, 0);

  ul_objects_mark_commit_partial (to.repo, &one.commit, &error);
  g_assert_no_error (error);
  g_autofree char *hex = ul_checksum_dup_hex (&one.commit);
  const char *const by_checksum[] = { hex, NULL };
  const UlPullLocalOptions again = { .refs = by_checksum };
  result = pull (&to, &from, &again);
  g_assert_cmpuint (result.content, ==, 1);
  g_assert_true (fixture_has (&to, UL_OBJECT_FILE, &one.files[2]));
  g_assert_false (is_partial (&to, &one.commit));
}

/* A dirtree that is here without what is below it doesn't hide that. */
static void
test_dirtree_alone (void)
{
  const UlPullLocalOptions options = { 0 };
  g_auto (Fixture) from = { 0 };
  g_auto (Fixture) to = { 0 };
  fixture_init (&from, UL_REPO_MODE_BARE);
  fixture_init (&to, UL_REPO_MODE_BARE);
  const FixtureCommit one = fixture_commit (&from, "main", NULL, "one");
  const UlChecksum trees[] = { one.tree, one.sub_tree };
  for (guint i = 0; i < G_N_ELEMENTS (trees); i++)
    {
      gsize len;
      g_autofree char *path = fixture_object (&from, UL_OBJECT_DIRTREE, &trees[i]);
      g_autofree char *data = fixture_get (path, &len);
      fixture_raw_object (&to, UL_OBJECT_DIRTREE, data, len);
    }
  const UlPullLocalResult result = pull (&to, &from, &options);
  g_assert_cmpuint (result.metadata, ==, 2);
  g_assert_cmpuint (result.content, ==, 3);
}

static void
test_batches (void)
{
  for (guint jobs = 1; jobs <= 3; jobs++)
    {
      Steps steps = { 0 };
      const UlPullLocalOptions options = {
        .batch_objects = 64,
        .jobs = jobs,
        .transaction = { .hook = on_step, .hook_data = &steps },
      };
      g_auto (Fixture) from = { 0 };
      g_auto (Fixture) to = { 0 };
      fixture_init (&from, UL_REPO_MODE_ARCHIVE);
      fixture_init (&to, UL_REPO_MODE_BARE_USER);
      const UlChecksum commit = commit_many (&from, jobs);
      const UlPullLocalResult result = pull (&to, &from, &options);
      g_assert_cmpuint (result.content, ==, N_FILES);
      g_assert_cmpuint (result.metadata, ==, 3);
      g_assert_cmpuint (steps.begins, ==, 4);
      g_assert_true (fixture_has (&to, UL_OBJECT_COMMIT, &commit));
      g_assert_false (is_partial (&to, &commit));
    }
}

/* The last object is missing: what was published before stays, and isn't fetched again. */
static void
test_resume (void)
{
  for (guint jobs = 1; jobs <= 3; jobs++)
    {
      const UlPullLocalOptions options = { .batch_objects = 64, .jobs = jobs };
      g_auto (Fixture) from = { 0 };
      g_auto (Fixture) to = { 0 };
      fixture_init (&from, UL_REPO_MODE_ARCHIVE);
      fixture_init (&to, UL_REPO_MODE_BARE_USER);
      const UlChecksum commit = commit_many (&from, jobs);
      g_autofree char *content = g_strdup_printf ("%u %u", jobs, N_FILES - 1);
      const UlChecksum missing = fixture_file (&from, content);
      fixture_delete (&from, UL_OBJECT_FILE, &missing);

      g_autoptr (GError) error = pull_fails (&to, &from, &options);
      g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
      g_assert_false (fixture_has (&to, UL_OBJECT_COMMIT, &commit));
      g_assert_true (is_partial (&to, &commit));
      gboolean found;
      UlChecksum ref;
      g_assert_true (ul_refs_read (to.repo, "main", &found, &ref, NULL));
      g_assert_false (found);
      fixture_assert_no_staging (&to);

      const UlChecksum back = fixture_file (&from, content);
      g_assert_true (ul_checksum_equal (&back, &missing));
      const UlPullLocalResult result = pull (&to, &from, &options);
      g_assert_cmpuint (result.content, >, 0);
      g_assert_cmpuint (result.content, <, N_FILES / 2);
      g_assert_true (fixture_has (&to, UL_OBJECT_COMMIT, &commit));
      g_assert_false (is_partial (&to, &commit));
    }
}

/* The same error whatever the number of workers: of the first object in the order of the walk. */
static void
test_first_error (void)
{
  g_autofree char *said = NULL;
  for (guint jobs = 1; jobs <= 4; jobs++)
    {
      g_auto (Fixture) from = { 0 };
      g_auto (Fixture) to = { 0 };
      fixture_init (&from, UL_REPO_MODE_ARCHIVE);
      fixture_init (&to, UL_REPO_MODE_BARE_USER);
      commit_many (&from, 1);
      for (guint i = 20; i < N_FILES; i += 20)
        {
          g_autofree char *content = g_strdup_printf ("1 %u", i);
          const UlChecksum missing = fixture_file (&from, content);
          fixture_delete (&from, UL_OBJECT_FILE, &missing);
        }
      const UlPullLocalOptions options = { .jobs = jobs };
      g_autoptr (GError) error = pull_fails (&to, &from, &options);
      if (said == NULL)
        said = g_strdup (error->message);
      g_assert_cmpstr (error->message, ==, said);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/PullLocal/whole", test_whole);
  g_test_add_func ("/PullLocal/known", test_known);
  g_test_add_func ("/PullLocal/dirtree-alone", test_dirtree_alone);
  g_test_add_func ("/PullLocal/batches", test_batches);
  g_test_add_func ("/PullLocal/resume", test_resume);
  g_test_add_func ("/PullLocal/first-error", test_first_error);
  return g_test_run ();
}
