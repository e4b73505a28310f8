// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "image/embed.h"

/* What a store has is compared with one made as a directory in tests/root/image-embed.sh. */

static void
test_line (void)
{
  static const char *const one[] = { "/a", NULL };
  static const char *const odd[] = { "/a\"b", "/c\\d", NULL };
  g_autofree char *of_one = ul_embed_conf_line (one);
  g_autofree char *of_odd = ul_embed_conf_line (odd);
  g_assert_cmpstr (of_one, ==, "additionalimagestores = [\"/a\"]");
  g_assert_cmpstr (of_odd, ==, "additionalimagestores = [\"/a\\\"b\", \"/c\\\\d\"]");
}

static void
test_names (void)
{
  static const char *const paths[] = { "/a", "/b", NULL };
  static const struct
  {
    const char *text;
    gboolean names;
  } cases[] = {
    { "additionalimagestores = [\"/a\", \"/b\"]", TRUE },
    { "additionalimagestores = [\n  '/a', # one\n  \"/b\"\n]", TRUE },
    { "x = [\"/a\"]\n# \"/b\"", FALSE },
    { "x = [\"/a\", \"/b/c\", \"/x/b\"]", FALSE },
    { "#x = [\"/a\", \"/b\"]", FALSE },
    { "", FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (ul_embed_conf_names (cases[i].text, paths), ==, cases[i].names);
  const char *const odd[] = { "/a\"b", NULL };
  g_autofree char *line = ul_embed_conf_line (odd);
  g_assert_true (ul_embed_conf_names (line, odd));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/embed/line", test_line);
  g_test_add_func ("/embed/names", test_names);
  return g_test_run ();
}
