// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/crc64.h"

#include <string.h>

static void
test_known (void)
{
  /* The check value of the catalogue. */
  g_assert_cmphex (ul_crc64_update (0, "123456789", 9), ==,
                   G_GUINT64_CONSTANT (0xb90956c775a41001));
  g_assert_cmphex (ul_crc64_update (0, "", 0), ==, 0);
}

static void
test_in_parts (void)
{
  guint8 bytes[100];
  for (guint i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8) (i * 37 + 11);
  const guint64 whole = ul_crc64_update (0, bytes, sizeof bytes);
  for (gsize at = 0; at <= sizeof bytes; at++)
    g_assert_cmphex (
        ul_crc64_update (ul_crc64_update (0, bytes, at), bytes + at, sizeof bytes - at), ==, whole);
}

/* However it's done here, and whatever the alignment. */
static void
test_portable (void)
{
  guint8 bytes[3000];
  for (guint i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8) (i * i * 31 + i);
  for (gsize at = 0; at < 20; at++)
    for (gsize len = 0; len < sizeof bytes - at; len += 1 + len / 3)
      g_assert_cmphex (ul_crc64_update (at, bytes + at, len), ==,
                       ul_crc64_update_portable (at, bytes + at, len));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Crc64/known-values", test_known);
  g_test_add_func ("/Crc64/in-parts", test_in_parts);
  g_test_add_func ("/Crc64/portable", test_portable);
  return g_test_run ();
}
