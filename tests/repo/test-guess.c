// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/guess.h"

#include "fixture.h"

/* @expected is NULL: no idea. */
static void
assert_guesses (UlGuess *guess, const char *path, const UlChecksum *expected)
{
  UlChecksum got;
  g_assert_cmpint (ul_guess_file (guess, path, &got), ==, expected != NULL);
  if (expected != NULL)
    g_assert_true (ul_checksum_equal (&got, expected));
}

/* The first tree that has the path. */
static void
test_order (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  UlChecksum other;
  UlChecksum commit;
  {
    g_autoptr (UlTransaction) transaction = fixture_begin (&f);
    g_autoptr (UlWriter) writer = ul_writer_new (transaction);
    other = fixture_write (&f, writer, "another");
    const UlChecksum meta = fixture_write_dirmeta (&f, writer);
    const UlChecksum tree = fixture_write_dirtree (writer, &other, 1, NULL, NULL);
    commit = fixture_write_commit (writer, &tree, &meta, NULL, "other");
    fixture_end (transaction);
  }
  g_autoptr (UlGuess) guess = ul_guess_new (f.repo);
  assert_guesses (guess, "file-0", NULL);
  ul_guess_add_commit (guess, &commit);
  ul_guess_add_commit (guess, &c.commit);
  assert_guesses (guess, "file-0", &other);
  assert_guesses (guess, "file-1", &c.files[1]);
  assert_guesses (guess, "sub/file-0", &c.files[2]);
  assert_guesses (guess, "file-0", &other);
  assert_guesses (guess, "sub", NULL);
  assert_guesses (guess, "sub/file-1", NULL);
  assert_guesses (guess, "", NULL);
}

/* What is damaged or gone has no idea; the next is asked. */
static void
test_damaged (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  const FixtureCommit whole = fixture_commit (&f, NULL, NULL, "s");
  const UlChecksum text = fixture_raw_object (&f, UL_OBJECT_COMMIT, "no commit", 9);
  const UlChecksum file = fixture_file (&f, "no commit either");
  const UlChecksum commits[] = { text, file, whole.commit };
  g_autoptr (UlGuess) guess = ul_guess_new (f.repo);
  for (guint i = 0; i < G_N_ELEMENTS (commits); i++)
    ul_guess_add_commit (guess, &commits[i]);
  assert_guesses (guess, "file-1", &whole.files[1]);
  fixture_delete (&f, UL_OBJECT_DIRTREE, &whole.sub_tree);
  assert_guesses (guess, "sub/file-0", NULL);
  assert_guesses (guess, "file-0", &whole.files[0]);
  g_autoptr (UlGuess) nothing = ul_guess_new (f.repo);
  ul_guess_add_commit (nothing, &whole.commit);
  fixture_delete (&f, UL_OBJECT_DIRTREE, &whole.tree);
  assert_guesses (nothing, "file-0", NULL);
}

#define THREADS 4

static gpointer
ask (gpointer guess)
{
  UlChecksum first;
  UlChecksum got;
  g_assert_true (ul_guess_file (guess, "sub/file-0", &first));
  for (guint i = 0; i < 200; i++)
    {
      g_assert_true (ul_guess_file (guess, i % 2 == 0 ? "sub/file-0" : "file-0", &got));
      g_assert_cmpint (ul_checksum_equal (&got, &first), ==, i % 2 == 0);
      g_assert_false (ul_guess_file (guess, "sub/nope", &got));
    }
  return NULL;
}

static void
test_threads (void)
{
  g_auto (Fixture) f = { 0 };
  GThread *threads[THREADS];
  fixture_init (&f, UL_REPO_MODE_BARE_USER);
  const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
  g_autoptr (UlGuess) guess = ul_guess_new (f.repo);
  ul_guess_add_commit (guess, &c.commit);
  for (guint i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("ask", ask, guess);
  for (guint i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/guess/order", test_order);
  g_test_add_func ("/guess/damaged", test_damaged);
  g_test_add_func ("/guess/threads", test_threads);
  return g_test_run ();
}
