// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/checksum.h"

#define EMPTY_HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC_HEX   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void
assert_hex (const UlChecksum *checksum, const char *expected)
{
  g_autofree char *hex = ul_checksum_dup_hex (checksum);
  g_assert_cmpstr (hex, ==, expected);
}

static void
test_known (void)
{
  UlChecksum checksum;
  ul_checksum_of_data ("", 0, &checksum);
  assert_hex (&checksum, EMPTY_HEX);
  ul_checksum_of_data ("abc", 3, &checksum);
  assert_hex (&checksum, ABC_HEX);
}

static void
test_pieces (void)
{
  g_autofree guint8 *data = g_malloc0 (100000);
  UlChecksum whole;
  ul_checksum_of_data (data, 100000, &whole);
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  static const gsize pieces[] = { 1, 63, 64, 65, 4097 };
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      UlChecksum checksum;
      ul_hasher_start (hasher);
      for (gsize done = 0; done < 100000; done += pieces[i])
        ul_hasher_update (hasher, data + done, MIN (pieces[i], 100000 - done));
      ul_hasher_update (hasher, data, 0);
      ul_hasher_finish (hasher, &checksum);
      g_assert_true (ul_checksum_equal (&checksum, &whole));
    }
}

static void
test_restart (void)
{
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  UlChecksum checksum;
  ul_hasher_start (hasher);
  ul_hasher_update (hasher, "dropped", 7);
  ul_hasher_start (hasher);
  ul_hasher_update (hasher, "abc", 3);
  ul_hasher_finish (hasher, &checksum);
  assert_hex (&checksum, ABC_HEX);
  ul_hasher_start (hasher);
  ul_hasher_finish (hasher, &checksum);
  assert_hex (&checksum, EMPTY_HEX);
}

static void
test_hex_round_trip (void)
{
  UlChecksum checksum;
  for (guint i = 0; i < UL_CHECKSUM_LEN; i++)
    checksum.bytes[i] = (guint8) (i * 8 + i % 8);
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  UlChecksum parsed;
  ul_checksum_to_hex (&checksum, hex);
  g_assert_true (ul_checksum_from_hex (hex, &parsed));
  g_assert_true (ul_checksum_equal (&checksum, &parsed));
}

static void
test_hex_refused (void)
{
  UlChecksum untouched = { .bytes = { 42 } };
  UlChecksum before = untouched;
  static const char *const bad[] = {
    "",
    "0",
    "abc",
    "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
    EMPTY_HEX "0",
    EMPTY_HEX " ",
    EMPTY_HEX "\n",
    " " ABC_HEX,
    "g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85\xff",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85:",
    "/3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "`3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      /* In memory of its exact size, so that a sanitizer sees a step too far. */
      g_autofree char *hex = g_strdup (bad[i]);
      g_assert_false (ul_checksum_from_hex (hex, &untouched));
      g_assert_true (ul_checksum_equal (&untouched, &before));
    }
}

static void
test_hex_cut (void)
{
  UlChecksum checksum;
  for (gsize len = 0; len < UL_CHECKSUM_HEX_LEN; len++)
    {
      g_autofree char *hex = g_strndup (ABC_HEX, len);
      g_assert_false (ul_checksum_from_hex (hex, &checksum));
    }
}

static void
test_variant (void)
{
  UlChecksum checksum, parsed;
  ul_checksum_of_data ("abc", 3, &checksum);
  g_autoptr (GVariant) v = g_variant_ref_sink (ul_checksum_to_variant (&checksum));
  g_assert_true (g_variant_is_of_type (v, G_VARIANT_TYPE_BYTESTRING));
  g_assert_true (ul_checksum_from_variant (v, &parsed));
  g_assert_true (ul_checksum_equal (&checksum, &parsed));

  static const gsize lens[] = { 0, 1, 31, 33, 64 };
  for (guint i = 0; i < G_N_ELEMENTS (lens); i++)
    {
      guint8 bytes[64] = { 0 };
      g_autoptr (GVariant) bad
          = g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, lens[i], 1));
      g_assert_false (ul_checksum_from_variant (bad, &parsed));
      g_assert_true (ul_checksum_equal (&checksum, &parsed));
    }
  g_autoptr (GVariant) text = g_variant_ref_sink (g_variant_new_string (ABC_HEX));
  g_assert_false (ul_checksum_from_variant (text, &parsed));
}

static void
test_as_key (void)
{
  g_autoptr (GHashTable) set
      = g_hash_table_new_full (ul_checksum_hash, ul_checksum_equal_func, g_free, NULL);
  for (guint i = 0; i < 1000; i++)
    {
      UlChecksum checksum;
      ul_checksum_of_data (&i, sizeof i, &checksum);
      g_assert_true (g_hash_table_add (set, g_memdup2 (&checksum, sizeof checksum)));
      g_assert_false (g_hash_table_add (set, g_memdup2 (&checksum, sizeof checksum)));
    }
  g_assert_cmpuint (g_hash_table_size (set), ==, 1000);
  /* Alike in the bytes that are the hash, unlike in the last. */
  UlChecksum a = { .bytes = { 1 } }, b = { .bytes = { 1 } };
  b.bytes[UL_CHECKSUM_LEN - 1] = 1;
  g_assert_cmpuint (ul_checksum_hash (&a), ==, ul_checksum_hash (&b));
  g_assert_false (ul_checksum_equal_func (&a, &b));
}

static gpointer
hash_often (gpointer data)
{
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  for (guint i = 0; i < 2000; i++)
    {
      UlChecksum checksum;
      ul_hasher_start (hasher);
      ul_hasher_update (hasher, "abc", 3);
      ul_hasher_finish (hasher, &checksum);
      assert_hex (&checksum, ABC_HEX);
    }
  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[8];
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("hasher", hash_often, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
test_order (void)
{
  const UlChecksum low = { .bytes = { 0x7f, 0xff } };
  const UlChecksum high = { .bytes = { 0x80 } };
  g_assert_cmpint (ul_checksum_compare_func (&low, &high), <, 0);
  g_assert_cmpint (ul_checksum_compare_func (&high, &low), >, 0);
  g_assert_cmpint (ul_checksum_compare_func (&low, &low), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* First: the implementation is fetched by whoever comes first. */
  g_test_add_func ("/Checksum/hashers-in-many-threads", test_threads);
  g_test_add_func ("/Checksum/known-values", test_known);
  g_test_add_func ("/Checksum/in-pieces-of-any-size", test_pieces);
  g_test_add_func ("/Checksum/start-drops-what-was", test_restart);
  g_test_add_func ("/Checksum/hex-round-trip", test_hex_round_trip);
  g_test_add_func ("/Checksum/hex-of-another-form-is-refused", test_hex_refused);
  g_test_add_func ("/Checksum/hex-cut-short-is-refused", test_hex_cut);
  g_test_add_func ("/Checksum/variant-of-another-length-is-refused", test_variant);
  g_test_add_func ("/Checksum/hash-table-key", test_as_key);
  g_test_add_func ("/Checksum/order", test_order);
  return g_test_run ();
}
