// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/devino.h"

#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "util/error.h"

static UlDevino *
scan (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  UlDevino *devino = NULL;
  ul_devino_scan (f->repo, &devino, &error);
  g_assert_no_error (error);
  return devino;
}

static gboolean
knows (Fixture *f, const UlDevino *devino, UlObjectType type, const UlChecksum *checksum)
{
  g_autofree char *path = fixture_object (f, type, checksum);
  struct stat st;
  UlChecksum got;
  g_assert_cmpint (lstat (path, &st), ==, 0);
  if (!ul_devino_lookup (devino, st.st_dev, st.st_ino, &got))
    return FALSE;
  g_assert_true (ul_checksum_equal (&got, checksum));
  return TRUE;
}

static void
test_scan (void)
{
  for (guint m = 0; m < FIXTURE_N_MODES; m++)
    {
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, fixture_modes[m]);
      const FixtureCommit c = fixture_commit (&f, NULL, NULL, "s");
      const UlChecksum link = fixture_link (&f, "target");
      g_autoptr (UlDevino) devino = scan (&f);
      /* A compressed object is no file that could be in a checkout. */
      const gboolean expected = !ul_repo_is_compressed (f.repo);
      for (guint i = 0; i < G_N_ELEMENTS (c.files); i++)
        g_assert_cmpint (knows (&f, devino, UL_OBJECT_FILE, &c.files[i]), ==, expected);
      g_assert_cmpint (knows (&f, devino, UL_OBJECT_FILE, &link), ==, expected);
      g_assert_false (knows (&f, devino, UL_OBJECT_DIRTREE, &c.tree));
      g_assert_false (knows (&f, devino, UL_OBJECT_COMMIT, &c.commit));
    }
}

static void
test_hardlink (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  const UlChecksum checksum = fixture_file (&f, "content");
  g_autofree char *path = fixture_object (&f, UL_OBJECT_FILE, &checksum);
  g_assert_cmpint (link (path, "linked"), ==, 0);
  g_autoptr (UlDevino) devino = scan (&f);
  struct stat st;
  UlChecksum got;
  g_assert_cmpint (stat ("linked", &st), ==, 0);
  g_assert_true (ul_devino_lookup (devino, st.st_dev, st.st_ino, &got));
  g_assert_true (ul_checksum_equal (&got, &checksum));
  g_assert_false (ul_devino_lookup (devino, st.st_dev + 1, st.st_ino, &got));
  g_assert_cmpint (stat (".", &st), ==, 0);
  g_assert_false (ul_devino_lookup (devino, st.st_dev, st.st_ino, &got));
}

static void
test_empty (void)
{
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autoptr (UlDevino) devino = scan (&f);
  UlChecksum got;
  g_assert_false (ul_devino_lookup (devino, ul_repo_device (f.repo), 1, &got));
}

static void
test_not_a_directory (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_BARE);
  g_autofree char *path = g_build_filename (f.path, "objects/ab", NULL);
  fixture_put (path, "", 0);
  UlDevino *devino = NULL;
  g_assert_false (ul_devino_scan (f.repo, &devino, &error));
  g_assert_nonnull (error);
  g_assert_null (devino);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Devino/content-objects-of-each-mode", test_scan);
  g_test_add_func ("/Devino/finds-a-hardlink", test_hardlink);
  g_test_add_func ("/Devino/empty-repository", test_empty);
  g_test_add_func ("/Devino/file-in-place-of-a-directory", test_not_a_directory);
  return g_test_run ();
}
