// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/object.h"

#include <string.h>

/* "aa/bbbb....type" */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *path = g_strndup ((const char *) data, size);
  char *slash = strchr (path, '/');
  if (slash == NULL)
    return 0;
  g_autofree char *dir = g_strndup (path, (gsize) (slash - path));
  UlChecksum checksum;
  UlObjectType type;
  gboolean compressed;
  if (!ul_object_parse_loose (dir, slash + 1, &checksum, &type, &compressed))
    return 0;
  char again[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (&checksum, type, compressed, again);
  g_assert_cmpstr (again, ==, path);
  return 0;
}
