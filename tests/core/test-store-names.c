// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/store-names.h"

/* Of a store that podman 4.3.1 wrote. */
#define BASE  "89839c0665711a15339c660bfb6e8b009ad05a79dbf940584f16c1b8cac59ef9"
#define DIFF  "8e28e5134375343919f7dc56fefd08f1995c2b223c1b32db259b915bd0f63d9b"
#define CHILD "2d251e9996c67fd2241221957d0778855e5446b307382ebd4a07c0c3c7ac921c"

static void
test_layer_id (void)
{
  UlChecksum diff;
  UlChecksum id;
  g_assert_true (ul_checksum_from_hex (DIFF, &diff));
  ul_store_layer_id (NULL, &diff, &id);
  g_assert_true (ul_checksum_equal (&id, &diff));
  ul_store_layer_id (BASE, &diff, &id);
  g_autofree char *hex = ul_checksum_dup_hex (&id);
  g_assert_cmpstr (hex, ==, CHILD);
}

static void
test_is_id (void)
{
  g_assert_true (ul_store_is_id (BASE));
  g_assert_false (ul_store_is_id (""));
  g_assert_false (ul_store_is_id (BASE "0"));
  g_assert_false (ul_store_is_id (".."));
}

/* The first 130 bits of the sum, as `base32` has them. */
static void
test_link (void)
{
  char link[UL_STORE_LINK_LEN + 1];
  ul_store_link_id (BASE, link);
  g_assert_cmpstr (link, ==, "KMLWUV3XL2FU7QDUNY6IH7DVKN");
}

static void
test_is_link (void)
{
  static const char *const refused[]
      = { "", ".", "..", ".x", "a/b", "a:b", "a,b", "a\n", "\303\244" };
  g_autofree char *longest = g_strnfill (128, 'A');
  g_autofree char *longer = g_strnfill (129, 'A');
  g_assert_true (ul_store_is_link ("ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
  g_assert_true (ul_store_is_link ("a"));
  g_assert_true (ul_store_is_link (longest));
  g_assert_false (ul_store_is_link (longer));
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    g_assert_false (ul_store_is_link (refused[i]));
}

static void
test_lower (void)
{
  g_autofree char *first = ul_store_lower ("A", NULL);
  g_autofree char *second = ul_store_lower ("B", first);
  g_assert_cmpstr (first, ==, "l/A");
  g_assert_cmpstr (second, ==, "l/B:l/A");
}

/* Names of files in stores that podman wrote. */
static void
test_big_data (void)
{
  g_autofree char *longest = g_strnfill (UL_STORE_MAX_BIG_DATA_KEY, 'A');
  g_autofree char *too_long = g_strnfill (UL_STORE_MAX_BIG_DATA_KEY + 1, 'a');
  const char *const refused[] = { "", ".", "..", too_long, "???" };
  g_autofree char *plain = ul_store_big_data_name ("manifest");
  g_autofree char *config = ul_store_big_data_name (
      "sha256:8abfcda41aa8fd71a4282bb44f82e7b8ad877dfd835caeec847e788bd6343822");
  g_autofree char *whole = ul_store_big_data_name (longest);
  g_assert_cmpstr (plain, ==, "manifest");
  g_assert_cmpstr (config, ==,
                   "=c2hhMjU2OjhhYmZjZGE0MWFhOGZkNzFhNDI4MmJiNDRmODJlN2I4YWQ4NzdkZmQ4MzVjYWVlYzg0N2"
                   "U3ODhiZDYzNDM4MjI=");
  g_assert_cmpuint (strlen (whole), ==, 253);
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    g_assert_null (ul_store_big_data_name (refused[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store-names/layer-id", test_layer_id);
  g_test_add_func ("/store-names/is-id", test_is_id);
  g_test_add_func ("/store-names/link", test_link);
  g_test_add_func ("/store-names/is-link", test_is_link);
  g_test_add_func ("/store-names/lower", test_lower);
  g_test_add_func ("/store-names/big-data", test_big_data);
  return g_test_run ();
}
