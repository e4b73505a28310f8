// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/checksum.h"

/* The input as hex digits, and as the `ay` of a checksum. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  UlChecksum checksum;
  if (ul_checksum_from_hex (text, &checksum))
    {
      char hex[UL_CHECKSUM_HEX_LEN + 1];
      ul_checksum_to_hex (&checksum, hex);
      g_assert_cmpstr (hex, ==, text);
    }

  g_autoptr (GVariant) bytes = fuzz_variant ("ay", data, size);
  const gboolean taken = ul_checksum_from_variant (bytes, &checksum);
  g_assert_cmpint (taken, ==, size == UL_CHECKSUM_LEN);
  if (taken)
    fuzz_assert_same (ul_checksum_to_variant (&checksum), data, size);
  return 0;
}
