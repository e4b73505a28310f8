// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/tar-path.h"

static void
test_normalize (void)
{
  static const struct
  {
    const char *path;
    const char *normal;
  } cases[] = {
    { "", "" },       { ".", "" },          { "/", "" },      { "./", "" },
    { "a", "a" },     { "./a/b", "a/b" },   { "/a/", "a" },   { "a//b/./c/.", "a/b/c" },
    { "..", NULL },   { "a/../b", NULL },   { "a/..", NULL }, { "\xff", NULL },
    { "...", "..." }, { "a/..b", "a/..b" }, { "//", "" },     { ".a", ".a" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *normal = NULL;
      g_autoptr (GError) error = NULL;
      g_assert_true (ul_tar_path_normalize (cases[i].path, &normal, &error)
                     == (cases[i].normal != NULL));
      g_assert_cmpstr (normal, ==, cases[i].normal);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/TarPath/normalize", test_normalize);
  return g_test_run ();
}
