// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "../core/split-gzip.h"

/* Two bytes say how long the content is that follows; then comes the split. In which pieces they
 * come doesn't matter. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 2)
    return 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) error_in_pieces = NULL;
  const uint8_t *content = data + 2;
  const size_t len = MIN (size - 2, data[0] + ((size_t) data[1] << 8));
  const uint8_t *split = content + len;
  const size_t split_len = size - 2 - len;
  g_autoptr (GByteArray) out = put_together (content, len, split, split_len, size, &error);
  g_autoptr (GByteArray) out_in_pieces
      = put_together (content, len, split, split_len, 5, &error_in_pieces);
  fuzz_assert_outcome (out != NULL, error);
  g_assert_true ((out != NULL) == (out_in_pieces != NULL));
  if (out != NULL)
    g_assert_cmpmem (out->data, out->len, out_in_pieces->data, out_in_pieces->len);
  return 0;
}
