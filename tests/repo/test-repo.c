// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/repo.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "util/error.h"
#include "util/fd.h"

static UlRepo *
create (const char *path, UlRepoMode mode)
{
  g_autoptr (GError) error = NULL;
  UlRepo *repo = ul_repo_create_at (AT_FDCWD, path, mode, NULL, &error);
  g_assert_no_error (error);
  return repo;
}

static void
assert_open_fails (const char *path, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (ul_repo_open_at (AT_FDCWD, path, &error));
  g_assert_nonnull (error);
  g_assert_null (strchr (error->message, '\n'));
  if (strstr (error->message, message) == NULL)
    g_error ("'%s' lacks '%s'", error->message, message);
}

static void
test_create_and_open (void)
{
  static const struct
  {
    UlRepoMode mode;
    const char *name;
    const char *stored;
  } cases[] = {
    { UL_REPO_MODE_BARE, "bare", "bare" },
    { UL_REPO_MODE_BARE_USER, "bare-user", "bare-user" },
    { UL_REPO_MODE_BARE_USER_ONLY, "bare-user-only", "bare-user-only" },
    { UL_REPO_MODE_ARCHIVE, "archive", "archive-z2" },
    { UL_REPO_MODE_BARE_SPLIT_XATTRS, "bare-split-xattrs", "bare-split-xattrs" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      UlRepoMode mode;
      g_autofree char *path = g_strdup_printf ("create/%s/below", cases[i].name);
      g_autoptr (UlRepo) made = create (path, cases[i].mode);
      g_autoptr (UlRepo) again = create (path, cases[i].mode);
      g_autoptr (UlRepo) opened = ul_repo_open_at (AT_FDCWD, path, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (ul_repo_path (opened), ==, path);
      g_assert_true (ul_repo_mode_from_string (cases[i].name, &mode, &error));
      g_assert_cmpint (mode, ==, cases[i].mode);
      g_autofree char *stored
          = g_key_file_get_string (ul_repo_config (opened), "core", "mode", NULL);
      g_assert_cmpstr (stored, ==, cases[i].stored);
      g_autofree char *names = fixture_names (path);
      g_assert_cmpstr (names, ==, "config extensions objects refs state tmp");
      g_assert_true (ul_repo_is_repo_at (AT_FDCWD, path));
    }
}

static void
test_other_mode (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlRepo) repo = create ("other-mode", UL_REPO_MODE_BARE);
  g_assert_null (ul_repo_create_at (AT_FDCWD, "other-mode", UL_REPO_MODE_ARCHIVE, NULL, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_EXISTS);
  assert_open_fails ("other-mode/objects", "config");
}

static void
test_half_made (void)
{
  /* As init leaves it when killed before config is written. */
  g_assert_cmpint (g_mkdir_with_parents ("half/objects", 0755), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents ("half/refs/heads", 0755), ==, 0);
  g_assert_false (ul_repo_is_repo_at (AT_FDCWD, "half"));
  assert_open_fails ("half", "config");
  g_autoptr (UlRepo) repo = create ("half", UL_REPO_MODE_BARE_USER);
  g_assert_true (ul_repo_is_repo_at (AT_FDCWD, "half"));
}

static void
test_create_fails (void)
{
  g_autoptr (GError) error = NULL;
  fixture_put ("file", "", 0);
  g_assert_null (ul_repo_create_at (AT_FDCWD, "file", UL_REPO_MODE_BARE, NULL, &error));
  g_assert_nonnull (strstr (error->message, "file"));
  g_clear_error (&error);
  g_assert_null (ul_repo_create_at (AT_FDCWD, "file/repo", UL_REPO_MODE_BARE, NULL, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_null (ul_repo_create_at (AT_FDCWD, "bad-id", UL_REPO_MODE_BARE, "bad", &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
  g_assert_false (g_file_test ("bad-id", G_FILE_TEST_EXISTS));
}

static void
test_collection_id (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlRepo) repo
      = ul_repo_create_at (AT_FDCWD, "id", UL_REPO_MODE_BARE, "org.example.Os", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (ul_repo_collection_id (repo), ==, "org.example.Os");
  g_autoptr (UlRepo) without = create ("without-id", UL_REPO_MODE_BARE);
  g_assert_null (ul_repo_collection_id (without));
}

static void
test_open_refuses (void)
{
  static const struct
  {
    const char *config;
    const char *message;
  } cases[] = {
    { "[core]\nrepo_version=2\nmode=bare\n", "version '2'" },
    { "[core]\nrepo_version=1\nmode=bare-new\n", "bare-new" },
    { "[core]\nrepo_version=1\nmode=bare\nfsync=x\n", "fsync" },
    { "", "version" },
    { "no key file\n", "config" },
    { "[core", "config" },
    { "\xff\xfe", "config" },
  };
  g_autoptr (UlRepo) repo = create ("refuses", UL_REPO_MODE_BARE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      fixture_put ("refuses/config", cases[i].config, strlen (cases[i].config));
      assert_open_fails ("refuses", cases[i].message);
    }
  fixture_truncate ("refuses/config", (off_t) 1 << 40);
  assert_open_fails ("refuses", "config");
  g_assert_cmpint (unlink ("refuses/config"), ==, 0);
  assert_open_fails ("refuses", "config");
  assert_open_fails ("missing", "missing");
}

static void
test_objects_symlink (void)
{
  g_autoptr (UlRepo) repo = create ("planted", UL_REPO_MODE_BARE);
  g_assert_cmpint (mkdir ("elsewhere", 0755), ==, 0);
  g_assert_cmpint (rmdir ("planted/objects"), ==, 0);
  g_assert_cmpint (symlink ("../elsewhere", "planted/objects"), ==, 0);
  assert_open_fails ("planted", "objects");
}

static void
test_tmp_is_made (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlRepo) repo = create ("no-tmp", UL_REPO_MODE_BARE);
  ul_fd_remove_tree_at (AT_FDCWD, "no-tmp/tmp", &error);
  g_assert_no_error (error);
  g_autoptr (UlRepo) opened = ul_repo_open_at (AT_FDCWD, "no-tmp", &error);
  g_assert_no_error (error);
  g_assert_cmpint (ul_repo_tmp_dfd (opened), >=, 0);
  g_assert_true (g_file_test ("no-tmp/tmp/cache", G_FILE_TEST_IS_DIR));
}

static GKeyFile *
copy_config (UlRepo *repo)
{
  GKeyFile *copy = g_key_file_new ();
  gsize len;
  g_autofree char *data = g_key_file_to_data (ul_repo_config (repo), &len, NULL);
  g_assert_true (g_key_file_load_from_data (copy, data, len, G_KEY_FILE_NONE, NULL));
  return copy;
}

static void
test_write_config (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UlRepo) repo = create ("write", UL_REPO_MODE_BARE);
  g_autoptr (GKeyFile) config = copy_config (repo);
  g_assert_true (ul_repo_fsync_enabled (repo));
  g_key_file_set_string (config, "core", "fsync", "false");
  g_key_file_set_string (config, "remote \"r\"", "url", "file:///nowhere");
  g_assert_true (ul_repo_write_config (repo, config, &error));
  g_assert_no_error (error);
  g_assert_false (ul_repo_fsync_enabled (repo));
  g_autoptr (UlRepo) opened = ul_repo_open_at (AT_FDCWD, "write", &error);
  g_assert_no_error (error);
  g_assert_false (ul_repo_fsync_enabled (opened));
  g_assert_true (g_key_file_has_key (ul_repo_config (opened), "remote \"r\"", "url", NULL));
}

static void
test_write_bad_config (void)
{
  static const char *const bad[][2]
      = { { "mode", "bare-new" }, { "repo_version", "2" }, { "fsync", "x" } };
  g_autoptr (UlRepo) repo = create ("write-bad", UL_REPO_MODE_BARE);
  g_autofree char *before = fixture_get ("write-bad/config", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GKeyFile) config = copy_config (repo);
      g_key_file_set_string (config, "core", bad[i][0], bad[i][1]);
      g_assert_false (ul_repo_write_config (repo, config, &error));
      g_assert_nonnull (error);
      g_autofree char *after = fixture_get ("write-bad/config", NULL);
      g_assert_cmpstr (after, ==, before);
      g_assert_true (ul_repo_fsync_enabled (repo));
      g_autofree char *names = fixture_names ("write-bad");
      g_assert_cmpstr (names, ==, "config extensions objects refs state tmp");
    }
}

static void
test_capabilities (void)
{
  static const struct
  {
    UlRepoMode mode;
    int stored, user;
    gboolean compressed, canonical;
  } cases[] = {
    { UL_REPO_MODE_BARE, UL_LINKS_REGULAR | UL_LINKS_SYMLINKS, UL_LINKS_NONE, FALSE, FALSE },
    { UL_REPO_MODE_BARE_USER, UL_LINKS_NONE, UL_LINKS_REGULAR, FALSE, FALSE },
    { UL_REPO_MODE_BARE_USER_ONLY, UL_LINKS_NONE, UL_LINKS_REGULAR | UL_LINKS_SYMLINKS, FALSE,
      TRUE },
    { UL_REPO_MODE_ARCHIVE, UL_LINKS_NONE, UL_LINKS_NONE, TRUE, FALSE },
    { UL_REPO_MODE_BARE_SPLIT_XATTRS, UL_LINKS_NONE, UL_LINKS_NONE, FALSE, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, cases[i].mode);
      g_assert_cmpint ((int) ul_repo_linkable (f.repo, UL_OWNERSHIP_STORED), ==, cases[i].stored);
      g_assert_cmpint ((int) ul_repo_linkable (f.repo, UL_OWNERSHIP_USER), ==, cases[i].user);
      g_assert_cmpint (ul_repo_is_compressed (f.repo), ==, cases[i].compressed);
      g_assert_cmpint (ul_repo_wants_canonical (f.repo), ==, cases[i].canonical);
      struct stat st;
      g_assert_cmpint (fstat (ul_repo_objects_dfd (f.repo), &st), ==, 0);
      g_assert_cmpuint (ul_repo_device (f.repo), ==, st.st_dev);
    }
}

static void
test_min_free_space (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_assert_cmpuint (ul_repo_min_free_space (f.repo, 1000), ==, 30);
  fixture_reopen (&f, "core", "min-free-space-percent", "10");
  g_assert_cmpuint (ul_repo_min_free_space (f.repo, 1000), ==, 100);
  g_assert_cmpuint (ul_repo_min_free_space (f.repo, G_MAXUINT64), <=, G_MAXUINT64 / 10 + 1);
  fixture_reopen (&f, "core", "min-free-space-size", "5MB");
  g_assert_cmpuint (ul_repo_min_free_space (f.repo, 1000), ==, 5 << 20);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Repo/create-and-open", test_create_and_open);
  g_test_add_func ("/Repo/exists-with-another-mode", test_other_mode);
  g_test_add_func ("/Repo/half-made-one-is-completed", test_half_made);
  g_test_add_func ("/Repo/create-where-it-cannot-be", test_create_fails);
  g_test_add_func ("/Repo/collection-id", test_collection_id);
  g_test_add_func ("/Repo/open-refuses-bad-configuration", test_open_refuses);
  g_test_add_func ("/Repo/objects-may-not-be-a-symlink", test_objects_symlink);
  g_test_add_func ("/Repo/tmp-is-made-when-missing", test_tmp_is_made);
  g_test_add_func ("/Repo/write-config-takes-effect", test_write_config);
  g_test_add_func ("/Repo/write-bad-config-changes-nothing", test_write_bad_config);
  g_test_add_func ("/Repo/capabilities-of-each-mode", test_capabilities);
  g_test_add_func ("/Repo/min-free-space", test_min_free_space);
  return g_test_run ();
}
