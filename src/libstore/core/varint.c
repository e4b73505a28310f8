// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/varint.h"

guint8 *
ul_varint_put (guint8 *at, guint64 value)
{
  for (; value >= 0x80; value >>= 7)
    *at++ = (guint8) (value | 0x80);
  *at++ = (guint8) value;
  return at;
}

gboolean
ul_varint_get (const guint8 **at, const guint8 *end, guint64 *out)
{
  guint64 value = 0;
  for (guint shift = 0; *at < end && shift < 64; shift += 7)
    {
      const guint64 byte = *(*at)++;
      if (shift == 63 && (byte & 0x7e) != 0)
        return FALSE;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80)
        {
          *out = value;
          return TRUE;
        }
    }
  return FALSE;
}
