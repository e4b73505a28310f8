// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/hardlinks.h"

#include "util/error.h"

static const UlChecksum a_tree = { { 1, 2, 3 } };

static GArray *
links_of (const UlHardlink *links, gsize n)
{
  GArray *array = g_array_new (FALSE, FALSE, sizeof (UlHardlink));
  g_array_append_vals (array, links, (guint) n);
  return array;
}

static GVariant *
value_of (const UlChecksum *tree, const guint8 *bytes, gsize len)
{
  return g_variant_ref_sink (
      g_variant_new ("(@ay@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, tree, 32, 1),
                     g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, len, 1)));
}

/* Groups are numbered anew, those of one are gone. */
static void
test_known (void)
{
  static const UlHardlink links[]
      = { { 0, 9 }, { 1, 3 }, { 2, 7 }, { 5, 9 }, { 6, 9 }, { 200, 7 } };
  static const guint8 bytes[] = { 1, 0, 4, 0, 0, 1, 0xc5, 0x01 };
  static const UlHardlink parsed[] = { { 0, 0 }, { 2, 1 }, { 5, 0 }, { 6, 0 }, { 200, 1 } };
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) array = links_of (links, G_N_ELEMENTS (links));
  g_autoptr (GVariant) value = g_variant_ref_sink (ul_hardlinks_new (&a_tree, array));
  g_autoptr (GVariant) wanted = value_of (&a_tree, bytes, sizeof bytes);
  g_assert_cmpvariant (value, wanted);

  g_autoptr (GArray) got = NULL;
  g_assert_true (ul_hardlinks_parse (value, &a_tree, &got, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (got->data, got->len * sizeof (UlHardlink), parsed, sizeof parsed);
  g_assert_cmpuint (ul_hardlinks_find (got, 5)->group, ==, 0);
  g_assert_null (ul_hardlinks_find (got, 1));
}

static void
test_nothing (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) array = links_of (NULL, 0);
  g_autoptr (GVariant) value = g_variant_ref_sink (ul_hardlinks_new (&a_tree, array));
  g_autoptr (GArray) got = NULL;
  g_assert_true (ul_hardlinks_parse (value, &a_tree, &got, &error));
  g_assert_cmpuint (got->len, ==, 0);
  g_assert_null (ul_hardlinks_find (got, 0));
}

static void
test_another_tree (void)
{
  const UlChecksum other = { { 9 } };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = value_of (&other, (const guint8 *) "\0\0\0", 3);
  GArray *got = (GArray *) 1;
  g_assert_true (ul_hardlinks_parse (value, &a_tree, &got, &error));
  g_assert_null (got);
}

static void
test_hostile (void)
{
  static const struct
  {
    const char *what;
    const char *bytes;
    gsize len;
  } cases[] = {
    { "cut off in a group", "\0\0", 2 },
    { "cut off in a number", "\0\0\x80", 3 },
    { "count beyond the end", "\xff\xff\xff\xff\x0f\0\0", 7 },
    { "a number longer than it takes", "\0\0\x80\0", 4 },
    { "a number of more than 32 bits", "\0\0\xff\xff\xff\xff\x1f", 7 },
    { "a number without end", "\0\0\xff\xff\xff\xff\xff\xff\xff", 9 },
    { "file numbers that overflow", "\0\xff\xff\xff\xff\x0f\0", 7 },
    { "a file in two groups", "\0\0\1\0\1\0", 6 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value
          = value_of (&a_tree, (const guint8 *) cases[i].bytes, cases[i].len);
      GArray *got = NULL;
      g_test_message ("%s", cases[i].what);
      g_assert_false (ul_hardlinks_parse (value, &a_tree, &got, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
  static const char *const others[] = { "'text'", "(@ay [], @ay [])", "([byte 1], [byte 1])" };
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (others[i]));
      GArray *got = NULL;
      g_assert_false (ul_hardlinks_parse (value, &a_tree, &got, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
}

static void
test_round_trip (void)
{
  for (int round = 0; round < 200; round++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GArray) links = links_of (NULL, 0);
      guint32 file = 0;
      for (int i = g_test_rand_int_range (0, 60); i > 0; i--)
        {
          const UlHardlink link = { file, (guint32) g_test_rand_int_range (0, 12) };
          g_array_append_val (links, link);
          file += (guint32) g_test_rand_int_range (1, 300);
        }
      g_autoptr (GVariant) value = g_variant_ref_sink (ul_hardlinks_new (&a_tree, links));
      g_autoptr (GArray) got = NULL;
      g_assert_true (ul_hardlinks_parse (value, &a_tree, &got, &error));
      /* Two are in one group just as before. */
      for (guint i = 0; i < got->len; i++)
        for (guint j = 0; j < got->len; j++)
          {
            const UlHardlink *x = &g_array_index (got, UlHardlink, i);
            const UlHardlink *y = &g_array_index (got, UlHardlink, j);
            g_assert_cmpint (x->group == y->group, ==,
                             ul_hardlinks_find (links, x->file)->group
                                 == ul_hardlinks_find (links, y->file)->group);
          }
      g_autoptr (GVariant) again = g_variant_ref_sink (ul_hardlinks_new (&a_tree, got));
      g_assert_cmpvariant (again, value);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hardlinks/known", test_known);
  g_test_add_func ("/hardlinks/nothing", test_nothing);
  g_test_add_func ("/hardlinks/another-tree", test_another_tree);
  g_test_add_func ("/hardlinks/hostile", test_hostile);
  g_test_add_func ("/hardlinks/round-trip", test_round_trip);
  return g_test_run ();
}
