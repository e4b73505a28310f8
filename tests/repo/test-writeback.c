// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/writeback.h"

#include <fcntl.h>

#include "util/fd.h"

#define MIB (1024 * 1024)

static void
test_nothing_to_write (void)
{
  g_autoptr (GError) error = NULL;
  UlWriteback *writeback = ul_writeback_new (-1);
  ul_writeback_add (writeback, 0);
  ul_writeback_add (writeback, MIB);
  g_assert_true (ul_writeback_finish (writeback, &error));
  g_assert_no_error (error);
  ul_writeback_free (writeback);
}

static gpointer
add_much (gpointer writeback)
{
  for (guint i = 0; i < 500; i++)
    ul_writeback_add (writeback, MIB);
  return NULL;
}

static void
test_from_many_threads (void)
{
  g_autoptr (GError) error = NULL;
  ul_autofd int dfd = open (g_get_tmp_dir (), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  UlWriteback *writeback = ul_writeback_new (dfd);
  GThread *threads[4];
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("add", add_much, writeback);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_true (ul_writeback_finish (writeback, &error));
  g_assert_no_error (error);
  ul_writeback_free (writeback);
}

/* The kernel reports an error of write-back once; it must not get lost here. */
static void
test_failure_is_kept (void)
{
  g_autoptr (GError) error = NULL;
  UlWriteback *writeback = ul_writeback_new (-1);
  ul_writeback_add (writeback, 64 * MIB);
  ul_writeback_add (writeback, 64 * MIB);
  g_assert_false (ul_writeback_finish (writeback, &error));
  g_assert_nonnull (error);
  g_assert_true (g_str_has_prefix (error->message, "syncfs: "));
  ul_writeback_free (writeback);
}

static void
test_free_while_writing (void)
{
  ul_autofd int dfd = open (g_get_tmp_dir (), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  UlWriteback *writeback = ul_writeback_new (dfd);
  ul_writeback_add (writeback, 64 * MIB);
  ul_writeback_free (writeback);
  ul_writeback_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Writeback/nothing-to-write", test_nothing_to_write);
  g_test_add_func ("/Writeback/from-many-threads", test_from_many_threads);
  g_test_add_func ("/Writeback/failure-is-kept", test_failure_is_kept);
  g_test_add_func ("/Writeback/free-while-writing", test_free_while_writing);
  return g_test_run ();
}
