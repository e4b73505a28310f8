// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/file-meta.h"

#include <string.h>

/* The archive header, from its first 8 bytes on. The reserved 4 of these are not ours to check, so
 * only what follows them has to come back. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  gsize whole;
  if (size >= UL_FILE_META_PREFIX_LEN)
    (void) ul_file_meta_archive_header_size (data, &whole, NULL);

  g_autoptr (GError) error = NULL;
  g_auto (UlFileMeta) meta = { 0 };
  guint64 content_size;
  const gboolean taken
      = ul_file_meta_from_archive_header (data, size, &meta, &content_size, &error);
  fuzz_assert_outcome (taken, error);
  if (!taken)
    return 0;
  g_autoptr (GBytes) again = ul_file_meta_to_archive_header (&meta, content_size);
  gsize again_size;
  const guint8 *again_data = g_bytes_get_data (again, &again_size);
  g_assert_cmpuint (again_size, ==, size);
  g_assert_cmpmem (again_data + UL_FILE_META_PREFIX_LEN, size - UL_FILE_META_PREFIX_LEN,
                   data + UL_FILE_META_PREFIX_LEN, size - UL_FILE_META_PREFIX_LEN);
  g_autoptr (GBytes) content = ul_file_meta_to_content_header (&meta);
  g_assert_cmpuint (g_bytes_get_size (content), >, UL_FILE_META_PREFIX_LEN);
  return 0;
}
