// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/pages.h"

#include <string.h>

static void
test_zeroed (void)
{
  for (gsize size = 1; size < 4 * 1024 * 1024; size *= 3)
    {
      guint8 *pages = ul_pages_alloc (size);
      for (gsize i = 0; i < size; i++)
        g_assert_cmpuint (pages[i], ==, 0);
      memset (pages, 1, size);
      ul_pages_free (pages, size);
    }
  ul_pages_free (NULL, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Pages/zeroed-at-any-size", test_zeroed);
  return g_test_run ();
}
