// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/gzip-split.h"

#include "../core/split-gzip.h"
#include "../util/gzips.h"

/* Whatever can be unpacked can be put together again, bit for bit, in whatever pieces it comes; and
 * zlib has the same content of it, that of the first member. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) content = g_byte_array_new ();
  g_autoptr (GByteArray) split = g_byte_array_new ();
  g_autoptr (GByteArray) content_in_pieces = g_byte_array_new ();
  g_autoptr (GByteArray) split_in_pieces = g_byte_array_new ();
  g_autoptr (GByteArray) theirs = gzip_judge (data, size);
  const gboolean ok = take_apart (data, size, size + 1, content, split, &error);
  fuzz_assert_outcome (ok, error);
  g_assert_true (take_apart (data, size, 3, content_in_pieces, split_in_pieces, NULL) == ok);
  if (!ok)
    return 0;
  g_assert_cmpmem (split->data, split->len, split_in_pieces->data, split_in_pieces->len);
  g_assert_nonnull (theirs);
  g_assert_cmpuint (theirs->len, <=, content->len);
  g_assert_cmpmem (content->data, theirs->len, theirs->data, theirs->len);
  g_autoptr (GByteArray) back
      = put_together (content->data, content->len, split->data, split->len, 1000, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (back->data, back->len, data, size);
  return 0;
}
