// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include <string.h>

#include "core/varint.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const guint8 *at = data;
  guint64 value;
  if (!ul_varint_get (&at, data + size, &value))
    return 0;
  const gsize taken = (gsize) (at - data);
  g_assert (taken >= 1 && taken <= size && taken <= UL_VARINT_MAX);
  /* Put together again it's the same, or shorter if it was longer than it takes. */
  guint8 again[UL_VARINT_MAX];
  const gsize len = (gsize) (ul_varint_put (again, value) - again);
  const gboolean padded = taken > 1 && data[taken - 1] == 0;
  g_assert (padded ? len < taken : len == taken && memcmp (again, data, taken) == 0);
  return 0;
}
