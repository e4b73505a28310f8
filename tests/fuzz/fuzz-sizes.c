// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/sizes.h"

static gboolean
collect (const UlSize *size, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_array_append_vals (data, size, 1);
  return TRUE;
}

/* What was taken and put together again says the same. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GVariant) value = fuzz_variant ("aay", data, size);
  g_autoptr (GArray) sizes = g_array_new (FALSE, FALSE, sizeof (UlSize));
  g_autoptr (GArray) again = g_array_new (FALSE, FALSE, sizeof (UlSize));
  g_autoptr (GError) error = NULL;
  const gboolean taken = ul_sizes_foreach (value, collect, sizes, &error);
  fuzz_assert_outcome (taken, error);
  if (!taken)
    return 0;
  g_autoptr (GVariant) made
      = g_variant_ref_sink (ul_sizes_new ((UlSize *) sizes->data, sizes->len));
  g_assert_true (ul_sizes_foreach (made, collect, again, NULL));
  g_assert_cmpuint (again->len, ==, sizes->len);
  for (guint i = 0; i < sizes->len; i++)
    {
      const UlSize *a = &g_array_index (sizes, UlSize, i);
      const UlSize *b = &g_array_index (again, UlSize, i);
      g_assert_true (ul_checksum_equal (&a->checksum, &b->checksum) && a->stored == b->stored
                     && a->unpacked == b->unpacked && a->type == b->type);
    }
  return 0;
}
