// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/sizes.h"

#include <string.h>

#include "util/error.h"

static gboolean
collect (const UlSize *size, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_array_append_vals (data, size, 1);
  return TRUE;
}

static GArray *
parse (GVariant *value, GError **error)
{
  g_autoptr (GArray) sizes = g_array_new (FALSE, FALSE, sizeof (UlSize));
  return ul_sizes_foreach (value, collect, sizes, error) ? g_steal_pointer (&sizes) : NULL;
}

/* Bytes and numbers of a commit that ostree 2022.7 wrote, but for the checksums. */
static void
test_bytes (void)
{
  UlSize sizes[] = {
    { .checksum.bytes = { 2 }, .stored = 214, .unpacked = 214, .type = UL_OBJECT_DIRTREE },
    { .checksum.bytes = { 1 }, .stored = 148, .unpacked = 100000, .type = UL_OBJECT_FILE },
  };
  g_autoptr (GVariant) value = g_variant_ref_sink (ul_sizes_new (sizes, G_N_ELEMENTS (sizes)));
  const guint8 first[] = { 0x94, 0x01, 0xa0, 0x8d, 0x06, 0x01 };
  const guint8 second[] = { 0xd6, 0x01, 0xd6, 0x01, 0x02 };
  g_assert_cmpuint (g_variant_n_children (value), ==, 2);
  g_autoptr (GVariant) one = g_variant_get_child_value (value, 0);
  g_autoptr (GVariant) two = g_variant_get_child_value (value, 1);
  gsize len;
  const guint8 *bytes = g_variant_get_fixed_array (one, &len, 1);
  g_assert_cmpmem (bytes + UL_CHECKSUM_LEN, len - UL_CHECKSUM_LEN, first, sizeof first);
  bytes = g_variant_get_fixed_array (two, &len, 1);
  g_assert_cmpmem (bytes + UL_CHECKSUM_LEN, len - UL_CHECKSUM_LEN, second, sizeof second);
}

static void
test_back_and_forth (void)
{
  static const guint64 values[] = { 0, 1, 127, 128, 16383, 16384, G_MAXUINT32, G_MAXUINT64 };
  UlSize sizes[G_N_ELEMENTS (values)];
  memset (sizes, 0, sizeof sizes);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      sizes[i].checksum.bytes[0] = (guint8) i;
      sizes[i].stored = values[i];
      sizes[i].unpacked = values[G_N_ELEMENTS (values) - 1 - i];
      sizes[i].type = UL_OBJECT_FILE + i % 3;
    }
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = g_variant_ref_sink (ul_sizes_new (sizes, G_N_ELEMENTS (values)));
  g_autoptr (GArray) got = parse (value, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (got->len, ==, G_N_ELEMENTS (values));
  for (guint i = 0; i < got->len; i++)
    {
      const UlSize *size = &g_array_index (got, UlSize, i);
      g_assert_true (ul_checksum_equal (&size->checksum, &sizes[i].checksum));
      g_assert_cmpuint (size->stored, ==, sizes[i].stored);
      g_assert_cmpuint (size->unpacked, ==, sizes[i].unpacked);
      g_assert_cmpint (size->type, ==, sizes[i].type);
    }
}

static GVariant *
one_of (const guint8 *tail, gsize len)
{
  guint8 bytes[64] = { 0 };
  memcpy (bytes + UL_CHECKSUM_LEN, tail, len);
  GVariant *element
      = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, UL_CHECKSUM_LEN + len, 1);
  return g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("ay"), &element, 1));
}

static void
test_without_type (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = one_of ((const guint8[]){ 5, 6 }, 2);
  g_autoptr (GArray) got = parse (value, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_array_index (got, UlSize, 0).type, ==, UL_OBJECT_FILE);
}

static void
test_corrupt (void)
{
  static const struct
  {
    guint8 bytes[16];
    gsize len;
  } cases[] = {
    { { 0 }, 0 },
    { { 1 }, 1 },
    { { 0x80, 0x80 }, 2 },
    { { 1, 0x80 }, 2 },
    { { 1, 1, 0 }, 3 },
    { { 1, 1, 4 }, 3 },
    { { 1, 1, 1, 1 }, 4 },
    { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 1, 1 }, 12 },
    { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0, 1, 1 }, 13 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = one_of (cases[i].bytes, cases[i].len);
      g_assert_null (parse (value, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) text = g_variant_ref_sink (g_variant_new_string ("x"));
  g_assert_null (parse (text, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sizes/bytes", test_bytes);
  g_test_add_func ("/sizes/back-and-forth", test_back_and_forth);
  g_test_add_func ("/sizes/without-type", test_without_type);
  g_test_add_func ("/sizes/corrupt", test_corrupt);
  return g_test_run ();
}
