// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/crc64.h"

#include "config.h"

#ifdef HAVE_ISAL
#include <isa-l/crc64.h>
#endif
#include <string.h>

#define POLYNOMIAL G_GUINT64_CONSTANT (0xd800000000000000)

/* Eight bytes at a time: tables[k][b] is what byte b does when k bytes come after it. */
static guint64 tables[8][256];

static void
fill_tables (void)
{
  for (guint byte = 0; byte < 256; byte++)
    {
      guint64 crc = byte;
      for (guint bit = 0; bit < 8; bit++)
        crc = (crc >> 1) ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
      tables[0][byte] = crc;
    }
  for (guint k = 1; k < 8; k++)
    for (guint byte = 0; byte < 256; byte++)
      {
        const guint64 crc = tables[k - 1][byte];
        tables[k][byte] = tables[0][crc & 0xff] ^ (crc >> 8);
      }
}

guint64
ul_crc64_update (guint64 crc, const void *data, gsize len)
{
#ifdef HAVE_ISAL
  return crc64_iso_refl (crc, data, len);
#else
  return ul_crc64_update_portable (crc, data, len);
#endif
}

guint64
ul_crc64_update_portable (guint64 crc, const void *data, gsize len)
{
  static gsize filled;
  if (g_once_init_enter (&filled))
    {
      fill_tables ();
      g_once_init_leave (&filled, 1);
    }
  const guint8 *at = data;
  crc = ~crc;
  for (; len >= 8; at += 8, len -= 8)
    {
      guint64 word;
      memcpy (&word, at, 8);
      crc ^= GUINT64_FROM_LE (word);
      guint64 next = 0;
      for (guint k = 0; k < 8; k++)
        next ^= tables[7 - k][(crc >> (8 * k)) & 0xff];
      crc = next;
    }
  for (; len > 0; at++, len--)
    crc = tables[0][(crc ^ *at) & 0xff] ^ (crc >> 8);
  return ~crc;
}
