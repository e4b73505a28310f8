// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/crc64.h"

/* A bit at a time, as the definition has it. */
static guint64
by_definition (const uint8_t *data, size_t size)
{
  guint64 crc = G_MAXUINT64;
  for (size_t i = 0; i < size; i++)
    {
      crc ^= data[i];
      for (guint bit = 0; bit < 8; bit++)
        crc = (crc >> 1) ^ ((crc & 1) != 0 ? G_GUINT64_CONSTANT (0xd800000000000000) : 0);
    }
  return ~crc;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const size_t middle = size / 3;
  const guint64 first = ul_crc64_update (0, data, middle);
  g_assert_cmphex (ul_crc64_update (first, data + middle, size - middle), ==,
                   by_definition (data, size));
  return 0;
}
