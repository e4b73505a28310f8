// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/bootable.h"

#include <string.h>

#include "../repo/fixture.h"
#include "util/error.h"

/* A tree with these files; every component becomes a directory. */
static UlTree *
make_tree (Fixture *f, const char *const *paths)
{
  UlTree *root = ul_tree_new ();
  for (; *paths != NULL; paths++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (GStrv) parts = g_strsplit (*paths, "/", -1);
      UlTree *at = root;
      guint i = 0;
      ul_tree_open (at, f->repo, &error);
      for (; parts[i + 1] != NULL; i++)
        {
          ul_tree_ensure_dir (at, parts[i], &at, &error);
          g_assert_no_error (error);
          ul_tree_open (at, f->repo, &error);
          g_assert_no_error (error);
        }
      if (*parts[i] != '\0')
        ul_tree_add_file (at, parts[i], &error);
      g_assert_no_error (error);
    }
  return root;
}

static void
test_found (void)
{
  static const char *const paths[] = { "usr/lib/modules/6.1.0-1/vmlinuz",
                                       "usr/lib/modules/6.1.0-1/modules.dep",
                                       "usr/lib/modules/5.0-leftover/modules.dep",
                                       "usr/lib/modules/file",
                                       "vmlinuz",
                                       NULL };
  g_autoptr (GError) error = NULL;
  g_auto (Fixture) f = { 0 };
  fixture_init (&f, UL_REPO_MODE_ARCHIVE);
  g_autoptr (UlTree) root = make_tree (&f, paths);
  g_autofree char *version = NULL;
  g_assert_true (ul_bootable_find_kernel (root, f.repo, &version, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (version, ==, "6.1.0-1");
}

static void
test_refused (void)
{
  static const struct
  {
    const char *paths[4];
    int code;
    const char *message;
  } cases[] = {
    { { NULL }, UL_ERROR_NOT_FOUND, "/usr" },
    { { "usr/lib/x", NULL }, UL_ERROR_NOT_FOUND, "/usr/lib/modules" },
    { { "usr/lib/modules", NULL }, UL_ERROR_NOT_FOUND, "/usr/lib/modules" },
    { { "usr/lib/modules/", NULL }, UL_ERROR_NOT_FOUND, "No kernel" },
    { { "usr/lib/modules/vmlinuz", NULL }, UL_ERROR_NOT_FOUND, "No kernel" },
    { { "usr/lib/modules/1/vmlinuz/x", NULL }, UL_ERROR_NOT_FOUND, "No kernel" },
    { { "usr/lib/modules/1/vmlinuz", "usr/lib/modules/2/vmlinuz", NULL },
      UL_ERROR_INVALID,
      "Multiple kernels" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (Fixture) f = { 0 };
      fixture_init (&f, UL_REPO_MODE_ARCHIVE);
      g_autoptr (UlTree) root = make_tree (&f, cases[i].paths);
      char *version = NULL;
      g_assert_false (ul_bootable_find_kernel (root, f.repo, &version, &error));
      g_assert_error (error, UL_ERROR, cases[i].code);
      g_assert_nonnull (strstr (error->message, cases[i].message));
      g_assert_null (version);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Bootable/one-kernel", test_found);
  g_test_add_func ("/Bootable/none-or-several", test_refused);
  return g_test_run ();
}
