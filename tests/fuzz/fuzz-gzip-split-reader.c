// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/gzip-split-private.h"
#include "core/gzip-split-reader.h"

#include "../core/split-gzip.h"

/* Two bytes say how long the content is that follows; then come the split's frames. In which pieces
 * they come doesn't matter. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 2)
    return 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) error_in_pieces = NULL;
  const uint8_t *content = data + 2;
  const size_t len = MIN (size - 2, data[0] + ((size_t) data[1] << 8));
  g_autoptr (GByteArray) split = g_byte_array_new ();
  g_byte_array_append (split, (const guint8 *) UL_GZIP_SPLIT_MAGIC, strlen (UL_GZIP_SPLIT_MAGIC));
  g_byte_array_append (split, content + len, (guint) (size - 2 - len));
  g_autoptr (GByteArray) out
      = put_together (content, len, split->data, split->len, size + 100, &error);
  g_autoptr (GByteArray) out_in_pieces
      = put_together (content, len, split->data, split->len, 5, &error_in_pieces);
  fuzz_assert_outcome (out != NULL, error);
  g_assert_true ((out != NULL) == (out_in_pieces != NULL));
  if (out != NULL)
    g_assert_cmpmem (out->data, out->len, out_in_pieces->data, out_in_pieces->len);
  return 0;
}
