// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/dirtree.h"
#include "util/error.h"

static const guint jobs_to_try[] = { 1, 2, 8 };

static const char *const small_tree[] = {
  "f a 644 content of a",     "f b 755 content of b", "f empty 600", "l link a", "d dir 750",
  "f dir/c 640 content of c", "d dir/sub 700",        NULL,
};

static const char small_dump[] = ". d 755 0 \n"
                                 "./a f 644 %u content of a\n"
                                 "./b f 755 %u content of b\n"
                                 "./dir d 750 0 \n"
                                 "./dir/c f 640 %u content of c\n"
                                 "./dir/sub d 700 0 \n"
                                 "./empty f 600 1 \n"
                                 "./link l 777 %u a\n";

/* -- links and copies -- */

static void
assert_small (Fixture *f, const char *target, guint links)
{
  g_autofree char *got = fixture_dump (f, target);
  g_autofree char *want = g_strdup_printf (small_dump, links, links, links, links);
  g_assert_cmpstr (got, ==, want);
}

static void
test_hardlinks (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  const UlCheckoutOptions options = { .link = UL_CHECKOUT_LINK_REQUIRE };
  UlCheckoutStats stats;
  fixture_checkout (&f, &commit, &options, "out", &stats);
  assert_small (&f, "out", 2);
  g_assert_cmpint (stats.linked, ==, 4);
  g_assert_cmpint (stats.copied, ==, 1); /* the empty one */
  g_assert_cmpint (stats.directories, ==, 2);
  g_assert_cmpint (stats.bytes, ==, 0);
}

static void
test_own_symlinks (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  const UlCheckoutOptions options = { .link = UL_CHECKOUT_LINK_REQUIRE, .own_symlinks = TRUE };
  UlCheckoutStats stats;
  fixture_checkout (&f, &commit, &options, "out", &stats);
  g_autofree char *got = fixture_dump (&f, "out");
  g_assert_nonnull (strstr (got, "./link l 777 1 a\n"));
  g_assert_nonnull (strstr (got, "./a f 644 2 content of a\n"));
  g_assert_cmpint (stats.linked, ==, 3);
  g_assert_cmpint (stats.copied, ==, 2);
}

static void
test_copies (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  const UlCheckoutOptions options = { .link = UL_CHECKOUT_LINK_NEVER };
  UlCheckoutStats stats;
  fixture_checkout (&f, &commit, &options, "out", &stats);
  assert_small (&f, "out", 1);
  g_assert_cmpint (stats.linked, ==, 0);
  g_assert_cmpint (stats.copied, ==, 5);
  g_assert_cmpint (stats.bytes, ==, 3 * (gint64) strlen ("content of a"));
}

static int
fail_link (const char *path, gpointer data)
{
  return GPOINTER_TO_INT (data);
}

static void
test_falls_back_to_copies (gconstpointer code)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  const UlCheckoutOptions options = {
    .hooks = { .link_errno = fail_link, .data = (gpointer) code },
  };
  UlCheckoutStats stats;
  fixture_checkout (&f, &commit, &options, "out", &stats);
  assert_small (&f, "out", 1);
  g_assert_cmpint (stats.linked, ==, 0);
  g_assert_cmpint (stats.copied, ==, 5);
}

static int
fail_second_link (const char *path, gpointer data)
{
  return g_str_equal (path, "/b") ? EMLINK : 0;
}

static void
test_copies_only_what_cannot_be_linked (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  const UlCheckoutOptions options = { .hooks = { .link_errno = fail_second_link } };
  UlCheckoutStats stats;
  fixture_checkout (&f, &commit, &options, "out", &stats);
  g_autofree char *dump = fixture_dump (&f, "out");
  g_assert_nonnull (strstr (dump, "./a f 644 2 content of a\n"));
  g_assert_nonnull (strstr (dump, "./b f 755 1 content of b\n"));
  g_assert_cmpint (stats.linked, ==, 3);
  g_assert_cmpint (stats.copied, ==, 2);
}

static void
test_required_links_do_not_fall_back (gconstpointer code)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  const UlCheckoutOptions options = {
    .link = UL_CHECKOUT_LINK_REQUIRE,
    .hooks = { .link_errno = fail_link, .data = (gpointer) code },
  };
  g_autoptr (GError) error = NULL;
  g_assert_false (ul_checkout_at (f.repo, &commit, &options, f.dfd, "out", NULL, &error));
  g_assert_nonnull (strstr (error->message, "checkout /a: hardlink "));
  g_assert_nonnull (strstr (error->message, g_strerror (GPOINTER_TO_INT (code))));
  g_assert_false (fixture_exists (&f, "out/a"));
}

static void
test_other_link_errors_are_errors (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  const UlCheckoutOptions options = {
    .hooks = { .link_errno = fail_link, .data = GINT_TO_POINTER (EIO) },
  };
  g_autoptr (GError) error = NULL;
  g_assert_false (ul_checkout_at (f.repo, &commit, &options, f.dfd, "out", NULL, &error));
  g_assert_nonnull (strstr (error->message, g_strerror (EIO)));
}

static void
test_without_tmpfile (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  UlCheckoutOptions options = { .hooks = { .no_tmpfile = TRUE } };
  fixture_checkout (&f, &commit, &options, "out", NULL);
  assert_small (&f, "out", 1);

  /* And over what exists; the dump would show a temporary name. */
  fixture_write (&f, "out/a", "something else");
  options.unite = UL_CHECKOUT_UNION_FILES;
  fixture_checkout (&f, &commit, &options, "out", NULL);
  assert_small (&f, "out", 1);
}

static void
test_modes_that_cannot_link (void)
{
  static const struct
  {
    UlRepoMode mode;
    UlOwnership ownership;
  } cases[] = {
    { UL_REPO_MODE_BARE, UL_OWNERSHIP_USER },
    { UL_REPO_MODE_BARE_USER, UL_OWNERSHIP_STORED },
    { UL_REPO_MODE_ARCHIVE, UL_OWNERSHIP_STORED },
    { UL_REPO_MODE_ARCHIVE, UL_OWNERSHIP_USER },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) f;
      fixture_init (&f, cases[i].mode);
      const UlChecksum commit = fixture_commit (&f, small_tree);
      const UlCheckoutOptions options = {
        .link = UL_CHECKOUT_LINK_REQUIRE,
        .ownership = cases[i].ownership,
      };
      g_autoptr (GError) error = NULL;
      g_assert_false (ul_checkout_at (f.repo, &commit, &options, f.dfd, "out", NULL, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_UNSUPPORTED);
      g_assert_nonnull (strstr (error->message, ul_repo_mode_name (f.repo)));
      g_assert_false (fixture_exists (&f, "out"));
    }
}

static void
test_user_mode_drops_set_id (void)
{
  static const char *const lines[] = { "f suid 4755 x", "f sgid 2711 x", "d dir 2770", NULL };
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, lines);
  const UlCheckoutOptions options = { .ownership = UL_OWNERSHIP_USER };
  fixture_checkout (&f, &commit, &options, "out", NULL);
  g_autofree char *dump = fixture_dump (&f, "out");
  g_assert_cmpstr (dump, ==, ". d 755 0 \n./dir d 2770 0 \n./sgid f 711 1 x\n./suid f 755 1 x\n");
}

/* -- the target -- */

static void
test_target_exists (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  g_assert_cmpint (mkdirat (f.dfd, "out", 0755), ==, 0);
  g_autoptr (GError) error = NULL;
  g_assert_false (ul_checkout_at (f.repo, &commit, NULL, f.dfd, "out", NULL, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_EXISTS);
  g_assert_cmpstr (error->message, ==, "checkout to out: File exists");
  g_clear_error (&error);
  g_assert_false (ul_checkout_at (f.repo, &commit, NULL, f.dfd, "no/such/out", NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_subpath (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  UlCheckoutOptions options = { .subpath = "/dir" };
  fixture_checkout (&f, &commit, &options, "dir", NULL);
  g_autofree char *dir = fixture_dump (&f, "dir");
  g_assert_cmpstr (dir, ==, ". d 750 0 \n./c f 640 2 content of c\n./sub d 700 0 \n");

  options.subpath = "dir/c";
  fixture_checkout (&f, &commit, &options, "file", NULL);
  g_autofree char *file = fixture_dump (&f, "file");
  g_assert_cmpstr (file, ==, ". d 700 0 \n./c f 640 3 content of c\n");
  /* Into a directory that exists, but not onto a file that does. */
  options.subpath = "/a";
  fixture_checkout (&f, &commit, &options, "file", NULL);
  g_autoptr (GError) error = NULL;
  g_assert_false (ul_checkout_at (f.repo, &commit, &options, f.dfd, "file", NULL, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_EXISTS);
  g_clear_error (&error);

  options.subpath = "/nowhere";
  g_assert_false (ul_checkout_at (f.repo, &commit, &options, f.dfd, "none", NULL, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
  g_assert_false (fixture_exists (&f, "none"));
  options.subpath_noent_ok = TRUE;
  fixture_checkout (&f, &commit, &options, "none", NULL);
  g_assert_false (fixture_exists (&f, "none"));
}

/* A path is gone through once: going back part by part takes hours for one of this length. */
static void
test_long_subpath (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  g_autoptr (GString) path = g_string_new ("/dir");
  /* ASan looks at all of a string in every function that takes one. */
  const char *sanitizer = g_getenv ("UNDERLAY_TEST_SANITIZER");
  for (int i = 0; i < (sanitizer != NULL ? 2000 : 200000); i++)
    g_string_append (path, "/no");
  const UlCheckoutOptions options = { .subpath = path->str };
  g_autoptr (GError) error = NULL;
  const gint64 started = g_get_monotonic_time ();
  g_assert_false (ul_checkout_at (f.repo, &commit, &options, f.dfd, "none", NULL, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "No such file or directory"));
  g_assert_cmpint (g_get_monotonic_time () - started, <, 10 * G_USEC_PER_SEC);
}

static void
test_skip (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  g_autoptr (GHashTable) skip = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_add (skip, (gpointer) "/a");
  g_hash_table_add (skip, (gpointer) "/dir/sub/");
  g_hash_table_add (skip, (gpointer) "/dir"); /* a directory needs its slash */
  g_hash_table_add (skip, (gpointer) "/b/");  /* and a file none */
  const UlCheckoutOptions options = { .skip = skip };
  fixture_checkout (&f, &commit, &options, "out", NULL);
  g_autofree char *dump = fixture_dump (&f, "out");
  g_assert_cmpstr (dump, ==,
                   ". d 755 0 \n./b f 755 2 content of b\n./dir d 750 0 \n"
                   "./dir/c f 640 2 content of c\n./empty f 600 1 \n./link l 777 2 a\n");

  g_hash_table_add (skip, (gpointer) "/");
  fixture_checkout (&f, &commit, &options, "nothing", NULL);
  g_assert_false (fixture_exists (&f, "nothing"));
}

/* -- the number of workers -- */

static UlChecksum
commit_wide (Fixture *f)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  for (int d = 0; d < 40; d++)
    {
      g_ptr_array_add (lines, g_strdup_printf ("d dir%02d 755", d));
      for (int i = 0; i < 50; i++)
        g_ptr_array_add (lines, g_strdup_printf ("f dir%02d/file%02d 644 %d", d, i, i % 7));
    }
  g_ptr_array_add (lines, NULL);
  return fixture_commit (f, (const char *const *) lines->pdata);
}

static void
test_result_is_the_same_for_any_jobs (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlChecksum commit = commit_wide (&f);
  g_autofree char *first = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (jobs_to_try); i++)
    {
      const UlCheckoutOptions options = { .jobs = jobs_to_try[i] };
      fixture_checkout (&f, &commit, &options, "out", NULL);
      g_autofree char *dump = fixture_dump (&f, "out");
      if (first == NULL)
        first = g_steal_pointer (&dump);
      else
        g_assert_cmpstr (dump, ==, first);
      g_assert_cmpint (renameat (f.dfd, "out", f.dfd,
                                 i == 0   ? "out.0"
                                 : i == 1 ? "out.1"
                                          : "out.2"),
                       ==, 0);
    }
}

/* Several things in the way: the error is always about the first in path order. */
static void
test_error_is_the_same_for_any_jobs (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = commit_wide (&f);
  for (gsize i = 0; i < G_N_ELEMENTS (jobs_to_try); i++)
    for (int round = 0; round < 10; round++)
      {
        g_autofree char *target = g_strdup_printf ("out.%u.%d", jobs_to_try[i], round);
        g_assert_cmpint (mkdirat (f.dfd, target, 0755), ==, 0);
        static const char *const in_the_way[]
            = { "dir30/file05", "dir12/file40", "dir12/file41", "dir13" };
        for (gsize k = 0; k < G_N_ELEMENTS (in_the_way); k++)
          {
            g_autofree char *path = g_build_filename (target, in_the_way[k], NULL);
            g_autofree char *parent = g_path_get_dirname (path);
            (void) mkdirat (f.dfd, parent, 0755);
            if (k < 3)
              g_assert_cmpint (mkdirat (f.dfd, path, 0755), ==, 0);
            else
              fixture_write (&f, path, "");
          }
        const UlCheckoutOptions options
            = { .unite = UL_CHECKOUT_UNION_FILES, .jobs = jobs_to_try[i] };
        g_autoptr (GError) error = NULL;
        g_assert_false (ul_checkout_at (f.repo, &commit, &options, f.dfd, target, NULL, &error));
        g_assert_error (error, UL_ERROR, UL_ERROR_EXISTS);
        g_assert_cmpstr (error->message, ==,
                         "checkout /dir12/file40: a directory is in the way of a file");
      }
}

/* A chain of directories deeper than the process may have descriptors, and many directories at
 * once. */
static void
test_few_descriptors (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) path = g_string_new ("d");
  for (int i = 0; i < 300; i++)
    {
      g_ptr_array_add (lines, g_strdup_printf ("d %s 755", path->str));
      g_ptr_array_add (lines, g_strdup_printf ("f %s/f 644 %d", path->str, i));
      g_string_append (path, "/d");
    }
  for (int i = 0; i < 300; i++)
    {
      g_ptr_array_add (lines, g_strdup_printf ("d w%d 755", i));
      g_ptr_array_add (lines, g_strdup_printf ("f w%d/f 644 %d", i, i));
    }
  g_ptr_array_add (lines, NULL);
  const UlChecksum commit = fixture_commit (&f, (const char *const *) lines->pdata);

  struct rlimit old;
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old), ==, 0);
  const struct rlimit few = { .rlim_cur = 64, .rlim_max = old.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &few), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (jobs_to_try); i++)
    {
      g_autofree char *target = g_strdup_printf ("out.%u", jobs_to_try[i]);
      const UlCheckoutOptions options = { .jobs = jobs_to_try[i] };
      UlCheckoutStats stats;
      fixture_checkout (&f, &commit, &options, target, &stats);
      g_assert_cmpint (stats.directories, ==, 600);
      g_assert_cmpint (stats.linked, ==, 600);
    }
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old), ==, 0);
}

/* -- hostile input -- */

static void
assert_refuses_names (Fixture *f, const char *const *files, gsize n_files, const char *dir)
{
  const UlChecksum content = fixture_file (f, 0644, "hostile");
  const UlChecksum meta = fixture_dirmeta (f);
  g_autofree UlDirtreeFile *entries = g_new0 (UlDirtreeFile, n_files + 1);
  for (gsize i = 0; i < n_files; i++)
    entries[i] = (UlDirtreeFile){ .name = files[i], .checksum = content };
  const UlDirtreeDir subdir = { .name = dir, .tree = content, .meta = meta };
  const UlChecksum commit
      = fixture_commit_raw (f, ul_dirtree_new (entries, n_files, &subdir, dir != NULL ? 1 : 0));
  g_autoptr (GError) error = NULL;
  g_assert_false (ul_checkout_at (f->repo, &commit, NULL, f->dfd, "inner/out", NULL, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_null (strchr (error->message, '\n'));
  g_assert_false (fixture_exists (f, "inner/evil"));
  g_assert_false (fixture_exists (f, "evil"));
  g_assert_cmpint (unlinkat (f->dfd, "inner/out", AT_REMOVEDIR), ==, 0);
}

static void
test_hostile_names (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_assert_cmpint (mkdirat (f.dfd, "inner", 0755), ==, 0);
  static const char *const bad[] = { "..", ".", "", "../evil", "a/b", "/evil" };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      assert_refuses_names (&f, &bad[i], 1, NULL);
      assert_refuses_names (&f, NULL, 0, bad[i]);
    }
  assert_refuses_names (&f, (const char *const[]){ "a", "a" }, 2, NULL);
  assert_refuses_names (&f, (const char *const[]){ "b", "a" }, 2, NULL);
  assert_refuses_names (&f, (const char *const[]){ "a" }, 1, "a");
}

static void
test_missing_object (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum content = fixture_file (&f, 0644, "gone");
  const UlDirtreeFile file = { .name = "file", .checksum = content };
  const UlChecksum commit = fixture_commit_raw (&f, ul_dirtree_new (&file, 1, NULL, 0));
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (&content, UL_OBJECT_FILE, FALSE, path);
  g_assert_cmpint (unlinkat (ul_repo_objects_dfd (f.repo), path, 0), ==, 0);
  for (int link = UL_CHECKOUT_LINK_PREFER; link <= UL_CHECKOUT_LINK_NEVER; link++)
    {
      const UlCheckoutOptions options = { .link = link, .unite = UL_CHECKOUT_UNION_FILES };
      g_autoptr (GError) error = NULL;
      g_assert_false (ul_checkout_at (f.repo, &commit, &options, f.dfd, "out", NULL, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_NOT_FOUND);
      g_autofree char *name = ul_checksum_dup_hex (&content);
      g_assert_nonnull (strstr (error->message, name));
      g_assert_nonnull (strstr (error->message, "/file"));
    }
}

static void
test_planted_symlinks (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  for (int unite = UL_CHECKOUT_UNION_FILES; unite <= UL_CHECKOUT_UNION_IDENTICAL; unite++)
    {
      g_autofree char *target = g_strdup_printf ("out%d", unite);
      g_autofree char *outside = g_strdup_printf ("outside%d", unite);
      g_assert_cmpint (mkdirat (f.dfd, target, 0755), ==, 0);
      g_assert_cmpint (mkdirat (f.dfd, outside, 0755), ==, 0);
      g_autofree char *planted = g_build_filename (target, "dir", NULL);
      g_autofree char *to = g_build_filename ("..", outside, NULL);
      g_assert_cmpint (symlinkat (to, f.dfd, planted), ==, 0);
      const UlCheckoutOptions options = {
        .unite = unite,
        .link
        = unite == UL_CHECKOUT_UNION_IDENTICAL ? UL_CHECKOUT_LINK_REQUIRE : UL_CHECKOUT_LINK_PREFER,
      };
      g_autoptr (GError) error = NULL;
      g_assert_false (ul_checkout_at (f.repo, &commit, &options, f.dfd, target, NULL, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_EXISTS);
      g_assert_cmpstr (error->message, ==, "checkout /dir: a symlink is in the way of a directory");
      /* Nothing was put there. */
      g_assert_cmpint (unlinkat (f.dfd, outside, AT_REMOVEDIR), ==, 0);
    }
}

/* A file over a symlink replaces the symlink, not what it points to. */
static void
test_symlink_in_place_of_a_file (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  fixture_write (&f, "victim", "victim");
  g_assert_cmpint (mkdirat (f.dfd, "out", 0755), ==, 0);
  g_assert_cmpint (fchmodat (f.dfd, "out", 0755, 0), ==, 0);
  g_assert_cmpint (symlinkat ("../victim", f.dfd, "out/a"), ==, 0);
  g_assert_cmpint (symlinkat ("../victim", f.dfd, "out/empty"), ==, 0);
  const UlCheckoutOptions options = { .unite = UL_CHECKOUT_UNION_FILES };
  fixture_checkout (&f, &commit, &options, "out", NULL);
  assert_small (&f, "out", 1);
  g_autofree char *victim = fixture_read (&f, "victim");
  g_assert_cmpstr (victim, ==, "victim");
}

/* Replacing a hardlink of an object must not write into the object. */
static void
test_objects_stay_untouched (void)
{
  static const char *const other_tree[]
      = { "f a 600 other content", "f empty 644 not any more", NULL };
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  const UlChecksum other = fixture_commit (&f, other_tree);
  fixture_checkout (&f, &commit, NULL, "out", NULL);
  for (int link = UL_CHECKOUT_LINK_PREFER; link <= UL_CHECKOUT_LINK_NEVER; link++)
    {
      const UlCheckoutOptions options = { .unite = UL_CHECKOUT_UNION_FILES, .link = link };
      fixture_checkout (&f, &other, &options, "out", NULL);
      fixture_checkout (&f, &commit, &options, "out", NULL);
    }
  fixture_checkout (&f, &commit, NULL, "again", NULL);
  assert_small (&f, "again", 2);
}

/* -- options -- */

static void
test_identical_needs_links (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  const UlCheckoutOptions options = { .unite = UL_CHECKOUT_UNION_IDENTICAL };
  g_autoptr (GError) error = NULL;
  g_assert_false (ul_checkout_at (f.repo, &commit, &options, f.dfd, "out", NULL, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
}

static void
test_progress (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlChecksum commit = commit_wide (&f);
  UlProgress progress = { 0 };
  const UlCheckoutOptions options = { .progress = &progress };
  UlCheckoutStats stats;
  fixture_checkout (&f, &commit, &options, "out", &stats);
  g_assert_cmpint (progress.total, ==, 2000);
  g_assert_cmpint (progress.done, ==, 2000);
  g_assert_cmpint (progress.bytes, ==, stats.bytes);
}

/* -- the cache of uncompressed objects -- */

static const UlCheckoutOptions user_mode = { .ownership = UL_OWNERSHIP_USER };

static void
test_cache_is_linked_from (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  UlCheckoutStats stats;
  fixture_checkout (&f, &commit, &user_mode, "one", &stats);
  g_assert_cmpint (stats.copied, ==, 5);
  fixture_checkout (&f, &commit, &user_mode, "two", &stats);
  g_assert_cmpint (stats.linked, ==, 3); /* neither the symlink nor the empty file is cached */
  g_assert_cmpint (stats.bytes, ==, 0);
  g_autofree char *dump = fixture_dump (&f, "two");
  g_assert_nonnull (strstr (dump, "./a f 644 3 content of a\n")); /* cache, one, two */
  g_assert_nonnull (strstr (dump, "./link l 777 1 a\n"));
  /* Nothing is left behind. */
  g_autofree char *tmp = fixture_dump (&f, "repo/tmp");
  g_assert_null (strstr (tmp, "uncompressed"));
}

static void
test_cache_is_not_used (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  const UlCheckoutOptions others[] = {
    { .ownership = UL_OWNERSHIP_STORED },
    { .ownership = UL_OWNERSHIP_USER, .cache = UL_CHECKOUT_CACHE_DISABLED },
    { .ownership = UL_OWNERSHIP_USER, .link = UL_CHECKOUT_LINK_NEVER },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *target = g_strdup_printf ("out%zu", i);
      fixture_checkout (&f, &commit, &others[i], target, NULL);
      assert_small (&f, target, 1);
      g_assert_false (fixture_exists (&f, "repo/uncompressed-objects-cache"));
    }
  GKeyFile *config = ul_repo_config (f.repo);
  g_autofree char *text = g_key_file_to_data (config, NULL, NULL);
  g_autoptr (GKeyFile) changed = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  g_key_file_load_from_data (changed, text, (gsize) -1, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  g_key_file_set_boolean (changed, "core", "enable-uncompressed-cache", FALSE);
  ul_repo_write_config (f.repo, changed, &error);
  g_assert_no_error (error);
  fixture_checkout (&f, &commit, &user_mode, "out", NULL);
  assert_small (&f, "out", 1);
  g_assert_false (fixture_exists (&f, "repo/uncompressed-objects-cache"));
}

/* What isn't synced can be empty after a power cut, and others would link it from the cache. */
static void
test_cache_gets_nothing_unsynced (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  const UlCheckoutOptions unsynced
      = { .ownership = UL_OWNERSHIP_USER, .sync = UL_CHECKOUT_SYNC_NEVER };
  UlCheckoutStats stats;
  fixture_checkout (&f, &commit, &unsynced, "one", NULL);
  fixture_checkout (&f, &commit, &unsynced, "two", &stats);
  g_assert_cmpint (stats.linked, ==, 0);
  g_autofree char *tmp = fixture_dump (&f, "repo/tmp");
  g_assert_null (strstr (tmp, "uncompressed"));
  fixture_checkout (&f, &commit, &user_mode, "three", NULL);
  fixture_checkout (&f, &commit, &unsynced, "four", &stats);
  g_assert_cmpint (stats.linked, ==, 3); /* what stands there is safe to use */
}

/* One inode for all names of an object, whoever copies it first. */
static void
test_cache_shares_for_any_jobs (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (jobs_to_try); i++)
    {
      g_auto (Fixture) f;
      fixture_init (&f, UL_REPO_MODE_ARCHIVE);
      const UlChecksum commit = commit_wide (&f);
      UlCheckoutOptions options = user_mode;
      options.jobs = jobs_to_try[i];
      fixture_checkout (&f, &commit, &options, "out", NULL);
      struct stat st;
      g_assert_cmpint (fstatat (f.dfd, "out/dir00/file00", &st, 0), ==, 0);
      /* 8 of the 50 files of each of 40 directories hold "0"; and the cache. */
      g_assert_cmpint (st.st_nlink, ==, 8 * 40 + 1);
    }
}

static int
fail_links_of_a (const char *path, gpointer data)
{
  return g_str_has_suffix (path, "/a") ? EMLINK : 0;
}

static void
test_cache_with_too_many_links (void)
{
  g_auto (Fixture) f;
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  const UlChecksum commit = fixture_commit (&f, small_tree);
  UlCheckoutOptions options = user_mode;
  options.hooks.link_errno = fail_links_of_a;
  fixture_checkout (&f, &commit, &options, "one", NULL);
  fixture_checkout (&f, &commit, &options, "two", NULL);
  g_autofree char *content = fixture_read (&f, "two/a");
  g_assert_cmpstr (content, ==, "content of a");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Modes are set, not asked for. */
  umask (077);
  g_test_add_func ("/Checkout/hardlinks", test_hardlinks);
  g_test_add_func ("/Checkout/own-symlinks", test_own_symlinks);
  g_test_add_func ("/Checkout/copies", test_copies);
  static const struct
  {
    const char *name;
    int code;
  } codes[] = { { "EMLINK", EMLINK }, { "EXDEV", EXDEV }, { "EPERM", EPERM } };
  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      g_autofree char *falls_back = g_strconcat ("/Checkout/falls-back/", codes[i].name, NULL);
      g_autofree char *required = g_strconcat ("/Checkout/required/", codes[i].name, NULL);
      g_test_add_data_func (falls_back, GINT_TO_POINTER (codes[i].code), test_falls_back_to_copies);
      g_test_add_data_func (required, GINT_TO_POINTER (codes[i].code),
                            test_required_links_do_not_fall_back);
    }
  g_test_add_func ("/Checkout/copies-only-what-cannot-be-linked",
                   test_copies_only_what_cannot_be_linked);
  g_test_add_func ("/Checkout/other-link-errors-are-errors", test_other_link_errors_are_errors);
  g_test_add_func ("/Checkout/without-tmpfile", test_without_tmpfile);
  g_test_add_func ("/Checkout/modes-that-cannot-link", test_modes_that_cannot_link);
  g_test_add_func ("/Checkout/user-mode-drops-set-id", test_user_mode_drops_set_id);
  g_test_add_func ("/Checkout/target-exists", test_target_exists);
  g_test_add_func ("/Checkout/subpath", test_subpath);
  g_test_add_func ("/Checkout/subpath-of-any-length", test_long_subpath);
  g_test_add_func ("/Checkout/skip", test_skip);
  g_test_add_func ("/Checkout/jobs/result", test_result_is_the_same_for_any_jobs);
  g_test_add_func ("/Checkout/jobs/error", test_error_is_the_same_for_any_jobs);
  g_test_add_func ("/Checkout/few-descriptors", test_few_descriptors);
  g_test_add_func ("/Checkout/hostile/names", test_hostile_names);
  g_test_add_func ("/Checkout/hostile/missing-object", test_missing_object);
  g_test_add_func ("/Checkout/hostile/planted-symlinks", test_planted_symlinks);
  g_test_add_func ("/Checkout/hostile/symlink-in-place-of-a-file", test_symlink_in_place_of_a_file);
  g_test_add_func ("/Checkout/objects-stay-untouched", test_objects_stay_untouched);
  g_test_add_func ("/Checkout/identical-needs-links", test_identical_needs_links);
  g_test_add_func ("/Checkout/progress", test_progress);
  g_test_add_func ("/Checkout/cache/is-linked-from", test_cache_is_linked_from);
  g_test_add_func ("/Checkout/cache/is-not-used", test_cache_is_not_used);
  g_test_add_func ("/Checkout/cache/gets-nothing-unsynced", test_cache_gets_nothing_unsynced);
  g_test_add_func ("/Checkout/cache/shares-for-any-jobs", test_cache_shares_for_any_jobs);
  g_test_add_func ("/Checkout/cache/too-many-links", test_cache_with_too_many_links);
  return g_test_run ();
}
