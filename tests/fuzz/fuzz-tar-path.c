// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include <string.h>

#include "core/dirtree.h"
#include "core/tar-path.h"

/* What comes out is names of a tree with a slash between, and the same when it goes in again. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_strndup ((const char *) data, size);
  g_autofree char *normal = NULL;
  g_autofree char *again = NULL;
  const gboolean ok = ul_tar_path_normalize (path, &normal, &error);
  fuzz_assert_outcome (ok, error);
  if (!ok)
    return 0;
  g_assert_cmpuint (strlen (normal), <=, strlen (path));
  g_assert_true (ul_tar_path_normalize (normal, &again, NULL));
  g_assert_cmpstr (again, ==, normal);
  g_auto (GStrv) names = g_strsplit (normal, "/", -1);
  for (char **name = names; *name != NULL; name++)
    g_assert_true (ul_name_validate (*name, NULL));
  return 0;
}
