// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/archive.h"

#include <string.h>

static void
test_load (void)
{
  g_autoptr (GError) error = NULL;
  const UlArchive *lib = NULL;
  const UlArchive *again = NULL;
  g_assert_true (ul_archive_load (&lib, &error));
  g_assert_no_error (error);
  g_assert_true (ul_archive_load (&again, &error));
  g_assert_true (lib == again);

  struct archive_entry *entry = lib->archive_entry_new ();
  lib->archive_entry_set_pathname (entry, "a/b");
  g_assert_cmpstr (lib->archive_entry_pathname (entry), ==, "a/b");
  lib->archive_entry_free (entry);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/archive/load", test_load);
  return g_test_run ();
}
