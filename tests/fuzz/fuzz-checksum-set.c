// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/checksum-set.h"

static void
count (const UlChecksum *checksum, gpointer value, gpointer data)
{
  GHashTable *model = data;
  g_assert_true (g_hash_table_contains (model, checksum));
  g_assert_cmpuint ((*(guint8 *) value)++, ==, 0);
}

/* Pairs of a place and a byte: checksums that differ in one byte of the one before, of which every
 * third is only looked for. A GHashTable knows what's right. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (UlChecksumSet) set = ul_checksum_set_new (1);
  g_autoptr (GHashTable) model
      = g_hash_table_new_full (ul_checksum_hash, ul_checksum_equal_func, g_free, NULL);
  UlChecksum checksum = { { 0 } };
  for (size_t i = 0; i + 1 < size; i += 2)
    {
      checksum.bytes[data[i] % UL_CHECKSUM_LEN] = data[i + 1];
      const gboolean known = g_hash_table_contains (model, &checksum);
      g_assert_cmpint (ul_checksum_set_contains (set, &checksum), ==, known);
      if (i % 3 == 2)
        continue;
      g_assert_cmpint (ul_checksum_set_add (set, &checksum), ==, !known);
      if (!known)
        g_hash_table_add (model, g_memdup2 (&checksum, sizeof checksum));
    }
  ul_checksum_set_foreach (set, count, model);
  g_assert_cmpuint (ul_checksum_set_size (set), ==, g_hash_table_size (model));
  return 0;
}
