// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/links.h"

static struct stat
inode (guint64 device, guint64 number)
{
  return (struct stat){ .st_dev = device, .st_ino = number };
}

static void
test_first_and_second (void)
{
  g_autoptr (UlLinkTable) table = ul_link_table_new ();
  const struct stat st = inode (1, 2);
  const UlChecksum known = { .bytes = { 42 } };
  UlChecksum got = { .bytes = { 7 } };
  g_assert_false (ul_link_table_enter (table, &st, &got));
  g_assert_cmpint (got.bytes[0], ==, 7);
  ul_link_table_finish (table, &st, &known);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (ul_link_table_enter (table, &st, &got));
      g_assert_true (ul_checksum_equal (&got, &known));
    }
}

static void
test_other_inodes (void)
{
  g_autoptr (UlLinkTable) table = ul_link_table_new ();
  const struct stat inodes[] = { inode (1, 2), inode (2, 1), inode (1, 1), inode (2, 2),
                                 inode (1, 2 + ((guint64) 1 << 32)) };
  UlChecksum got;
  for (guint i = 0; i < G_N_ELEMENTS (inodes); i++)
    g_assert_false (ul_link_table_enter (table, &inodes[i], &got));
  for (guint i = 0; i < G_N_ELEMENTS (inodes); i++)
    {
      const UlChecksum checksum = { .bytes = { (guint8) i } };
      ul_link_table_finish (table, &inodes[i], &checksum);
    }
  for (guint i = 0; i < G_N_ELEMENTS (inodes); i++)
    {
      g_assert_true (ul_link_table_enter (table, &inodes[i], &got));
      g_assert_cmpint (got.bytes[0], ==, (int) i);
    }
}

typedef struct
{
  UlLinkTable *table;
  struct stat st;
  gint failures_left; /* atomic */
  gint hashed;        /* atomic: who had to do it */
  gint entered;       /* atomic: threads that are about to enter */
} Race;

static gpointer
contend (gpointer data)
{
  Race *race = data;
  UlChecksum got = { .bytes = { 0 } };
  g_atomic_int_inc (&race->entered);
  if (ul_link_table_enter (race->table, &race->st, &got))
    {
      g_assert_cmpint (got.bytes[0], ==, 42);
      return NULL;
    }
  g_usleep (2000);
  if (g_atomic_int_add (&race->failures_left, -1) > 0)
    {
      ul_link_table_finish (race->table, &race->st, NULL);
      return NULL;
    }
  g_atomic_int_inc (&race->hashed);
  const UlChecksum checksum = { .bytes = { 42 } };
  ul_link_table_finish (race->table, &race->st, &checksum);
  return NULL;
}

static void
run_race (guint n_threads, gint failures, gint hashed)
{
  g_autoptr (UlLinkTable) table = ul_link_table_new ();
  Race race = { .table = table, .st = inode (1, 2), .failures_left = failures };
  GThread *threads[8];
  for (guint i = 0; i < n_threads; i++)
    threads[i] = g_thread_new ("link", contend, &race);
  for (guint i = 0; i < n_threads; i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (race.hashed, ==, hashed);
}

static void
test_two_threads (void)
{
  for (guint i = 0; i < 20; i++)
    run_race (2, 0, 1);
}

static void
test_eight_threads (void)
{
  for (guint i = 0; i < 10; i++)
    run_race (8, 0, 1);
}

static void
test_failure_handover (void)
{
  run_race (2, 1, 1);
  run_race (8, 3, 1);
  run_race (8, 8, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Links/second-gets-what-the-first-found", test_first_and_second);
  g_test_add_func ("/Links/inodes-are-told-apart", test_other_inodes);
  g_test_add_func ("/Links/two-threads-hash-once", test_two_threads);
  g_test_add_func ("/Links/eight-threads-hash-once", test_eight_threads);
  g_test_add_func ("/Links/failure-hands-over", test_failure_handover);
  return g_test_run ();
}
