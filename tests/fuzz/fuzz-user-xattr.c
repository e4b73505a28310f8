// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/file-meta.h"

/* The value of user.ostreemeta. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_auto (UlFileMeta) meta = { 0 };
  const gboolean taken = ul_file_meta_from_user_xattr (data, size, &meta, &error);
  fuzz_assert_outcome (taken, error);
  if (!taken)
    return 0;
  g_autoptr (GBytes) again = ul_file_meta_to_user_xattr (&meta);
  g_assert_cmpmem (g_bytes_get_data (again, NULL), g_bytes_get_size (again), data, size);
  return 0;
}
