// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/checksum-set.h"

/* A checksum as good as random, the same for the same number. */
static UlChecksum
numbered (guint64 number)
{
  UlChecksum checksum;
  ul_checksum_of_data (&number, sizeof number, &checksum);
  return checksum;
}

static void
test_add (void)
{
  g_autoptr (UlChecksumSet) set = ul_checksum_set_new (0);
  const UlChecksum a = numbered (1);
  const UlChecksum b = numbered (2);
  g_assert_false (ul_checksum_set_contains (set, &a));
  g_assert_true (ul_checksum_set_add (set, &a));
  g_assert_false (ul_checksum_set_add (set, &a));
  g_assert_true (ul_checksum_set_contains (set, &a));
  g_assert_false (ul_checksum_set_contains (set, &b));
  g_assert_cmpuint (ul_checksum_set_size (set), ==, 1);
}

/* Free slots are zeros, so this one is told apart. */
static void
test_zeros (void)
{
  g_autoptr (UlChecksumSet) set = ul_checksum_set_new (0);
  const UlChecksum zeros = { { 0 } };
  const UlChecksum other = numbered (1);
  g_assert_true (ul_checksum_set_add (set, &other));
  g_assert_false (ul_checksum_set_contains (set, &zeros));
  g_assert_true (ul_checksum_set_add (set, &zeros));
  g_assert_false (ul_checksum_set_add (set, &zeros));
  g_assert_true (ul_checksum_set_contains (set, &zeros));
  g_assert_cmpuint (ul_checksum_set_size (set), ==, 2);
}

/* At most 40 bytes each, at every size on the way. */
static void
test_many (void)
{
  const guint64 n = 400000;
  g_autoptr (UlChecksumSet) set = ul_checksum_set_new (0);
  for (guint64 i = 0; i < n; i++)
    {
      const UlChecksum checksum = numbered (i);
      g_assert_true (ul_checksum_set_add (set, &checksum));
      if (i >= 100000 && i % 10000 == 0)
        g_assert_cmpuint (ul_checksum_set_memory (set), <=, i * 40);
    }
  for (guint64 i = 0; i < 2 * n; i++)
    {
      const UlChecksum checksum = numbered (i);
      g_assert_cmpint (ul_checksum_set_contains (set, &checksum), ==, i < n);
    }
  g_assert_cmpuint (ul_checksum_set_size (set), ==, n);
}

/* What a hostile dirtree can name: checksums that differ in few bits, wherever these are. */
static void
test_chosen (void)
{
  const guint n = 50000;
  for (guint offset = 0; offset <= UL_CHECKSUM_LEN - 4; offset += 7)
    {
      g_autoptr (UlChecksumSet) set = ul_checksum_set_new (0);
      for (guint pass = 0; pass < 2; pass++)
        for (guint32 i = 0; i < n; i++)
          {
            UlChecksum checksum = { { 0 } };
            memcpy (checksum.bytes + offset, &i, sizeof i);
            g_assert_cmpint (ul_checksum_set_add (set, &checksum), ==, pass == 0);
          }
      g_assert_cmpuint (ul_checksum_set_size (set), ==, n);
      g_assert_cmpuint (ul_checksum_set_memory (set), <=, 50 * n);
    }
}

static void
count_up (const UlChecksum *checksum, gpointer value, gpointer data)
{
  guint32 count;
  memcpy (&count, value, sizeof count);
  count++;
  memcpy (value, &count, sizeof count);
}

static void
sum_up (const UlChecksum *checksum, gpointer value, gpointer data)
{
  guint32 count;
  memcpy (&count, value, sizeof count);
  *(guint64 *) data += count;
}

static void
test_values (void)
{
  g_autoptr (UlChecksumSet) set = ul_checksum_set_new (sizeof (guint32));
  const UlChecksum zeros = { { 0 } };
  const UlChecksum absent = numbered (1000000);
  ul_checksum_set_add (set, &zeros);
  for (guint64 i = 0; i < 20000; i++)
    {
      const UlChecksum checksum = numbered (i);
      ul_checksum_set_add (set, &checksum);
      for (guint k = 0; k < i % 3; k++)
        g_assert_true (ul_checksum_set_update (set, &checksum, count_up, NULL));
    }
  g_assert_true (ul_checksum_set_update (set, &zeros, count_up, NULL));
  g_assert_false (ul_checksum_set_update (set, &absent, count_up, NULL));
  guint64 sum = 0;
  ul_checksum_set_foreach (set, sum_up, &sum);
  g_assert_cmpuint (sum, ==, 1 + 6666 * 3 + 1);
  g_assert_cmpuint (ul_checksum_set_size (set), ==, 20001);
}

static void
test_get_and_put (void)
{
  g_autoptr (UlChecksumSet) set = ul_checksum_set_new (sizeof (guint32));
  guint32 value = 7;
  for (guint64 i = 0; i < 3; i++)
    {
      const UlChecksum checksum = i == 0 ? (UlChecksum){ { 0 } } : numbered (i);
      const guint32 values[] = { (guint32) i + 100, G_MAXUINT32 };
      g_assert_false (ul_checksum_set_get (set, &checksum, &value));
      g_assert_cmpuint (value, ==, 7);
      for (gsize k = 0; k < G_N_ELEMENTS (values); k++)
        {
          guint32 got = 0;
          ul_checksum_set_put (set, &checksum, &values[k]);
          g_assert_true (ul_checksum_set_get (set, &checksum, &got));
          g_assert_cmpuint (got, ==, values[k]);
        }
    }
  g_assert_cmpuint (ul_checksum_set_size (set), ==, 3);
}

typedef struct
{
  UlChecksumSet *set;
  guint64 added;
} Adder;

static gpointer
add_same (gpointer data)
{
  Adder *adder = data;
  for (guint64 i = 0; i < 30000; i++)
    {
      const UlChecksum checksum = numbered (i);
      adder->added += ul_checksum_set_add (adder->set, &checksum) ? 1 : 0;
    }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (UlChecksumSet) set = ul_checksum_set_new (0);
  Adder adders[4];
  GThread *threads[G_N_ELEMENTS (adders)];
  guint64 added = 0;
  for (guint i = 0; i < G_N_ELEMENTS (adders); i++)
    {
      adders[i] = (Adder){ .set = set };
      threads[i] = g_thread_new ("adder", add_same, &adders[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (adders); i++)
    {
      g_thread_join (threads[i]);
      added += adders[i].added;
    }
  g_assert_cmpuint (added, ==, 30000);
  g_assert_cmpuint (ul_checksum_set_size (set), ==, 30000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ChecksumSet/is-new-once", test_add);
  g_test_add_func ("/ChecksumSet/zeros-are-a-checksum", test_zeros);
  g_test_add_func ("/ChecksumSet/many-in-40-bytes-each", test_many);
  g_test_add_func ("/ChecksumSet/chosen-to-collide", test_chosen);
  g_test_add_func ("/ChecksumSet/values", test_values);
  g_test_add_func ("/ChecksumSet/get-and-put", test_get_and_put);
  g_test_add_func ("/ChecksumSet/one-thread-adds-each", test_threads);
  return g_test_run ();
}
