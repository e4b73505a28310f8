// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/staging.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#include "fixture.h"
#include "util/error.h"
#include "util/fd.h"

static void
create (Fixture *f, UlStaging *out)
{
  g_autoptr (GError) error = NULL;
  ul_staging_create (f->repo, out, &error);
  g_assert_no_error (error);
  g_assert_cmpint (out->dfd, >=, 0);
  g_assert_cmpint (out->lock_fd, >=, 0);
}

static char *
tmp_path (Fixture *f, const char *name)
{
  return g_build_filename (f->path, "tmp", name, NULL);
}

static void
assert_tmp (Fixture *f, const char *expected)
{
  g_autofree char *tmp = tmp_path (f, NULL);
  g_autofree char *names = fixture_names (tmp);
  g_assert_cmpstr (names, ==, expected);
}

static void
test_name (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  UlStaging staging;
  create (&f, &staging);
  g_autofree char *boot_id = fixture_get ("/proc/sys/kernel/random/boot_id", NULL);
  g_autofree char *prefix = g_strdup_printf ("staging-%s-", g_strstrip (boot_id));
  g_assert_true (g_str_has_prefix (staging.name, prefix));
  g_assert_cmpuint (strlen (staging.name), ==, strlen (prefix) + 6);
  g_autofree char *expected = g_strdup_printf ("cache %s %s-lock", staging.name, staging.name);
  assert_tmp (&f, expected);
  g_assert_true (ul_staging_remove (f.repo, &staging, &error));
  g_assert_no_error (error);
  assert_tmp (&f, "cache");
}

static void
test_living_is_left_alone (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  UlStaging first, second;
  create (&f, &first);
  g_assert_cmpint (mkdirat (first.dfd, "kept", 0755), ==, 0);
  create (&f, &second);
  g_assert_cmpstr (first.name, !=, second.name);
  struct stat st;
  g_assert_cmpint (fstatat (first.dfd, "kept", &st, 0), ==, 0);
  g_assert_true (ul_staging_remove (f.repo, &second, &error));
  g_assert_true (ul_staging_remove (f.repo, &first, &error));
  assert_tmp (&f, "cache");
}

/* A process that dies with a staging directory and things in it. */
static void
die_with_staging (Fixture *f)
{
  const pid_t pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      UlStaging staging;
      if (!ul_staging_create (f->repo, &staging, NULL) || mkdirat (staging.dfd, "new-ab", 0755) != 0
          || mkdirat (staging.dfd, "new-ab/deep", 0755) != 0
          || symlinkat ("/etc", staging.dfd, "new-ab/link") != 0)
        _exit (1);
      kill (getpid (), SIGKILL);
    }
  int status;
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
}

static void
test_dead_is_reclaimed (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  die_with_staging (&f);
  g_autofree char *tmp = tmp_path (&f, NULL);
  g_autofree char *left = fixture_names (tmp);
  g_assert_nonnull (strstr (left, "staging-"));
  UlStaging staging;
  create (&f, &staging);
  g_autofree char *expected = g_strdup_printf ("cache %s %s-lock", staging.name, staging.name);
  assert_tmp (&f, expected);
  g_assert_true (ul_staging_remove (f.repo, &staging, &error));
}

static void
make_old (const char *path, time_t seconds)
{
  const time_t then = time (NULL) - seconds;
  g_assert_cmpint (utime (path, &(struct utimbuf){ then, then }), ==, 0);
}

/* What a kill between two steps, or another boot, leaves. */
static void
test_pieces_are_reclaimed (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autofree char *without_lock = tmp_path (&f, "staging-0000-aaaaaa");
  g_autofree char *lock_alone = tmp_path (&f, "staging-0000-bbbbbb-lock");
  g_autofree char *both = tmp_path (&f, "staging-0000-cccccc");
  g_autofree char *both_lock = tmp_path (&f, "staging-0000-cccccc-lock");
  g_assert_cmpint (mkdir (without_lock, 0755), ==, 0);
  g_assert_cmpint (mkdir (both, 0755), ==, 0);
  fixture_put (lock_alone, "", 0);
  fixture_put (both_lock, "", 0);
  make_old (without_lock, 120);
  UlStaging staging;
  create (&f, &staging);
  g_assert_true (ul_staging_remove (f.repo, &staging, &error));
  assert_tmp (&f, "cache");
}

/* OSTree makes the directory first and its lock a moment later. */
static void
test_being_made_stays (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autofree char *young = tmp_path (&f, "staging-0000-aaaaaa");
  g_assert_cmpint (mkdir (young, 0755), ==, 0);
  UlStaging staging;
  create (&f, &staging);
  g_assert_true (ul_staging_remove (f.repo, &staging, &error));
  assert_tmp (&f, "cache staging-0000-aaaaaa");
}

static void
test_strangers_stay (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  static const char *const names[] = { "fetch-cache", "other", "staging-file", "ref-new" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = tmp_path (&f, names[i]);
      fixture_put (path, "", 0);
    }
  UlStaging staging;
  create (&f, &staging);
  g_assert_true (ul_staging_remove (f.repo, &staging, &error));
  assert_tmp (&f, "cache fetch-cache other ref-new staging-file");
}

/* A ref or a cached file that a process was writing that died: gone after a day. */
static void
test_old_files (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autofree char *old = tmp_path (&f, "ref-0123456789abcdef");
  g_autofree char *younger = tmp_path (&f, "ref-fedcba9876543210");
  g_autofree char *dir = tmp_path (&f, "dir");
  fixture_put (old, "", 0);
  fixture_put (younger, "", 0);
  g_assert_cmpint (mkdir (dir, 0755), ==, 0);
  make_old (old, 25 * 60 * 60);
  make_old (younger, 23 * 60 * 60);
  make_old (dir, 25 * 60 * 60);
  UlStaging staging;
  create (&f, &staging);
  g_assert_true (ul_staging_remove (f.repo, &staging, &error));
  assert_tmp (&f, "cache dir ref-fedcba9876543210");
}

/* A symlink called like a staging directory isn't one, and isn't followed. */
static void
test_planted_symlink (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autofree char *outside = g_build_filename (f.dir, "outside", NULL);
  g_autofree char *precious = g_build_filename (outside, "precious", NULL);
  g_assert_cmpint (mkdir (outside, 0755), ==, 0);
  fixture_put (precious, "", 0);
  g_autofree char *link = tmp_path (&f, "staging-0000-aaaaaa");
  g_assert_cmpint (symlink ("../../outside", link), ==, 0);
  UlStaging staging;
  create (&f, &staging);
  g_assert_true (ul_staging_remove (f.repo, &staging, &error));
  g_assert_true (g_file_test (precious, G_FILE_TEST_EXISTS));
}

static gpointer
create_and_remove (gpointer data)
{
  Fixture *f = data;
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (GError) error = NULL;
      UlStaging staging;
      create (f, &staging);
      struct stat st;
      g_assert_cmpint (mkdirat (staging.dfd, "x", 0755), ==, 0);
      g_assert_cmpint (fstatat (staging.dfd, "x", &st, 0), ==, 0);
      ul_staging_remove (f->repo, &staging, &error);
      g_assert_no_error (error);
    }
  return NULL;
}

/* Each create looks for dead ones, and must not take one that is just being made for one. */
static void
test_race (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  GThread *threads[6];
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("staging", create_and_remove, &f);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  assert_tmp (&f, "cache");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Staging/named-for-the-boot", test_name);
  g_test_add_func ("/Staging/living-one-is-left-alone", test_living_is_left_alone);
  g_test_add_func ("/Staging/dead-one-is-reclaimed", test_dead_is_reclaimed);
  g_test_add_func ("/Staging/pieces-are-reclaimed", test_pieces_are_reclaimed);
  g_test_add_func ("/Staging/strangers-stay", test_strangers_stay);
  g_test_add_func ("/Staging/one-being-made-stays", test_being_made_stays);
  g_test_add_func ("/Staging/old-files-go", test_old_files);
  g_test_add_func ("/Staging/planted-symlink-is-not-followed", test_planted_symlink);
  g_test_add_func ("/Staging/many-at-once", test_race);
  return g_test_run ();
}
