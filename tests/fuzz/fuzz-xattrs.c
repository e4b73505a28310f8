// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/file-meta.h"

/* The content of a .file-xattrs object. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GVariant) xattrs = fuzz_variant ("a(ayay)", data, size);
  g_autoptr (GError) error = NULL;
  const gboolean taken = ul_file_meta_validate_xattrs (xattrs, &error);
  fuzz_assert_outcome (taken, error);
  if (!taken)
    return 0;
  const gsize n = g_variant_n_children (xattrs);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (xattrs, i);
      const char *name;
      g_autoptr (GVariant) value = NULL;
      g_variant_get (entry, "(^&ay@ay)", &name, &value);
      g_autoptr (GVariant) found = ul_file_meta_find_xattr (xattrs, name);
      g_assert_nonnull (found);
      g_assert_true (g_variant_equal (found, value));
    }
  /* In order it's the same names, which are valid, too. */
  g_autoptr (GVariant) sorted = ul_file_meta_sort_xattrs (xattrs);
  g_assert_true (ul_file_meta_validate_xattrs (sorted, &error));
  g_assert_true (ul_file_meta_xattrs_in_order (sorted));
  g_assert_cmpuint (g_variant_n_children (sorted), ==, n);
  g_assert_cmpuint (g_variant_get_size (sorted), ==, size);
  g_autoptr (GVariant) none = ul_file_meta_find_xattr (xattrs, "");
  g_assert_null (none);
  return 0;
}
