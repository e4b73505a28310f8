// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/config.h"

#include <string.h>

#include "util/error.h"

static gboolean
parse (const char *text, UlRepoSettings *out, GError **error)
{
  g_autoptr (GKeyFile) config = g_key_file_new ();
  g_autoptr (GError) load_error = NULL;
  g_key_file_load_from_data (config, text, strlen (text), G_KEY_FILE_NONE, &load_error);
  g_assert_no_error (load_error);
  return ul_repo_settings_parse (config, out, error);
}

static void
parse_core (const char *line, UlRepoSettings *out)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf ("[core]\nrepo_version=1\nmode=bare\n%s\n", line);
  parse (text, out, &error);
  g_assert_no_error (error);
}

static void
test_defaults (void)
{
  g_auto (UlRepoSettings) s = { 0 };
  parse_core ("", &s);
  g_assert_cmpint (s.mode, ==, UL_REPO_MODE_BARE);
  g_assert_null (s.collection_id);
  g_assert_false (s.no_fsync);
  g_assert_false (s.per_object_fsync);
  g_assert_false (s.no_locking);
  g_assert_cmpint (s.lock_timeout_secs, ==, 30);
  g_assert_cmpint (s.zlib_level, ==, 6);
  g_assert_cmpuint (s.min_free_space_percent, ==, 3);
  g_assert_cmpuint (s.min_free_space_size, ==, 0);
}

static void
test_values (void)
{
  g_auto (UlRepoSettings) s = { 0 };
  parse_core ("fsync=false\nper-object-fsync=true\nlocking=false\nlock-timeout-secs=-1\n"
              "collection-id=org.example.Os\nmin-free-space-percent=0\nunknown=x\n"
              "[archive]\nzlib-level=9\n[remote \"r\"]\nurl=file:///nowhere\n",
              &s);
  g_assert_true (s.no_fsync);
  g_assert_true (s.per_object_fsync);
  g_assert_true (s.no_locking);
  g_assert_cmpint (s.lock_timeout_secs, ==, -1);
  g_assert_cmpstr (s.collection_id, ==, "org.example.Os");
  g_assert_cmpuint (s.min_free_space_percent, ==, 0);
  g_assert_cmpint (s.zlib_level, ==, 9);
}

static void
test_modes (void)
{
  static const struct
  {
    const char *name;
    UlRepoMode mode;
  } cases[] = {
    { "bare", UL_REPO_MODE_BARE },
    { "bare-user", UL_REPO_MODE_BARE_USER },
    { "bare-user-only", UL_REPO_MODE_BARE_USER_ONLY },
    { "archive", UL_REPO_MODE_ARCHIVE },
    { "archive-z2", UL_REPO_MODE_ARCHIVE },
    { "bare-split-xattrs", UL_REPO_MODE_BARE_SPLIT_XATTRS },
    { " bare-user ", UL_REPO_MODE_BARE_USER },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (UlRepoSettings) s = { 0 };
      g_autofree char *text = g_strdup_printf ("[core]\nrepo_version=1\nmode=%s\n", cases[i].name);
      g_assert_true (parse (text, &s, &error));
      g_assert_no_error (error);
      g_assert_cmpint (s.mode, ==, cases[i].mode);
    }
}

static void
test_unsupported (void)
{
  static const char *const texts[] = {
    "",
    "[core]\n",
    "[core]\nmode=bare\n",
    "[core]\nrepo_version=\nmode=bare\n",
    "[core]\nrepo_version=0\nmode=bare\n",
    "[core]\nrepo_version=2\nmode=bare\n",
    "[core]\nrepo_version=1.0\nmode=bare\n",
    "[core]\nrepo_version=10\nmode=bare\n",
    "[core]\nrepo_version=1\nmode=\n",
    "[core]\nrepo_version=1\nmode=Bare\n",
    "[core]\nrepo_version=1\nmode=bare-zstd\n",
    "[other]\nrepo_version=1\nmode=bare\n",
  };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      UlRepoSettings untouched = { .zlib_level = 42 };
      g_assert_false (parse (texts[i], &untouched, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_UNSUPPORTED);
      g_assert_cmpint (untouched.zlib_level, ==, 42);
    }
}

static void
test_invalid_values (void)
{
  static const char *const lines[] = {
    "fsync=maybe",
    "fsync=",
    "fsync=2",
    "locking=perhaps",
    "per-object-fsync=-",
    "lock-timeout-secs=-2",
    "lock-timeout-secs=x",
    "lock-timeout-secs=",
    "lock-timeout-secs=99999999999",
    "lock-timeout-secs=1s",
    "min-free-space-percent=-1",
    "min-free-space-percent=100",
    "min-free-space-percent=3%",
    "min-free-space-percent=1.5",
    "min-free-space-size=",
    "min-free-space-size=MB",
    "min-free-space-size=5",
    "min-free-space-size=5KB",
    "min-free-space-size=5mb",
    "min-free-space-size=5 MB",
    "min-free-space-size=-5MB",
    "min-free-space-size=+5MB",
    "min-free-space-size=5MBx",
    "min-free-space-size=0x5MB",
    "min-free-space-size=99999999999999999999MB",
    "min-free-space-size=16777216TB",
    "min-free-space-size=18446744073709551615TB",
    "collection-id=",
    "collection-id=a",
    "collection-id=../x.y",
    "[archive]\nzlib-level=10",
    "[archive]\nzlib-level=-1",
    "[archive]\nzlib-level=best",
  };
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text = g_strdup_printf ("[core]\nrepo_version=1\nmode=bare\n%s\n", lines[i]);
      UlRepoSettings untouched = { .zlib_level = 42 };
      if (parse (text, &untouched, &error))
        g_error ("'%s' was taken", lines[i]);
      g_assert_nonnull (error);
      g_assert_null (strchr (error->message, '\n'));
      g_assert_cmpint (untouched.zlib_level, ==, 42);
    }
}

static void
test_sizes (void)
{
  static const struct
  {
    const char *text;
    guint64 bytes;
  } cases[] = {
    { "1MB", 1 << 20 },           { "500MB", (guint64) 500 << 20 },           { "1GB", 1 << 30 },
    { "2TB", (guint64) 2 << 40 }, { "16777215TB", (guint64) 16777215 << 40 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (UlRepoSettings) s = { 0 };
      g_autofree char *line = g_strdup_printf ("min-free-space-size=%s", cases[i].text);
      parse_core (line, &s);
      g_assert_cmpuint (s.min_free_space_size, ==, cases[i].bytes);
      /* The size stands instead of the default percentage. */
      g_assert_cmpuint (s.min_free_space_percent, ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Config/defaults", test_defaults);
  g_test_add_func ("/Config/values", test_values);
  g_test_add_func ("/Config/modes", test_modes);
  g_test_add_func ("/Config/unknown-versions-and-modes", test_unsupported);
  g_test_add_func ("/Config/invalid-values", test_invalid_values);
  g_test_add_func ("/Config/sizes", test_sizes);
  return g_test_run ();
}
