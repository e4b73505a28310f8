// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/lockfile.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "util/fd.h"

static int
acquire (const char *path, UlLockKind kind, int timeout_secs)
{
  g_autoptr (GError) error = NULL;
  int fd = -7;
  ul_lockfile_acquire_at (AT_FDCWD, path, 0600, kind, timeout_secs, &fd, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fd, >=, -1);
  return fd;
}

/* A process that holds the lock until it's killed; returns when it has it. */
static pid_t
hold_elsewhere (const char *path, UlLockKind kind)
{
  int ready[2];
  g_assert_cmpint (pipe2 (ready, O_CLOEXEC), ==, 0);
  const pid_t pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      int fd;
      if (!ul_lockfile_acquire_at (AT_FDCWD, path, 0600, kind, 0, &fd, NULL) || fd < 0
          || write (ready[1], "", 1) != 1)
        _exit (1);
      for (;;)
        pause ();
    }
  char byte;
  close (ready[1]);
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  close (ready[0]);
  return pid;
}

static void
end (pid_t pid)
{
  int status;
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
}

static void
test_table (void)
{
  static const struct
  {
    UlLockKind held;
    UlLockKind wanted;
    gboolean granted;
  } cases[] = {
    { UL_LOCK_SHARED, UL_LOCK_SHARED, TRUE },
    { UL_LOCK_SHARED, UL_LOCK_EXCLUSIVE, FALSE },
    { UL_LOCK_EXCLUSIVE, UL_LOCK_SHARED, FALSE },
    { UL_LOCK_EXCLUSIVE, UL_LOCK_EXCLUSIVE, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const pid_t other = hold_elsewhere ("table", cases[i].held);
      ul_autofd int fd = acquire ("table", cases[i].wanted, 0);
      g_assert_cmpint (fd >= 0, ==, cases[i].granted);
      end (other);
      ul_autofd int after
          = acquire ("table", cases[i].granted ? UL_LOCK_SHARED : cases[i].wanted, 0);
      g_assert_cmpint (after, >=, 0);
    }
}

static void
test_own_descriptors (void)
{
  ul_autofd int first = acquire ("own", UL_LOCK_EXCLUSIVE, 0);
  g_assert_cmpint (first, >=, 0);
  g_assert_cmpint (acquire ("own", UL_LOCK_SHARED, 0), ==, -1);
  /* Record locks would fall with any descriptor of the file; these must not. */
  close (open ("own", O_RDONLY | O_CLOEXEC));
  g_assert_cmpint (acquire ("own", UL_LOCK_SHARED, 0), ==, -1);
  close (ul_fd_steal (&first));
  ul_autofd int second = acquire ("own", UL_LOCK_EXCLUSIVE, 0);
  g_assert_cmpint (second, >=, 0);
}

static void
test_timeout (void)
{
  ul_autofd int held = acquire ("timeout", UL_LOCK_EXCLUSIVE, 0);
  gint64 start = g_get_monotonic_time ();
  g_assert_cmpint (acquire ("timeout", UL_LOCK_SHARED, 0), ==, -1);
  g_assert_cmpint (g_get_monotonic_time () - start, <, G_USEC_PER_SEC / 2);
  start = g_get_monotonic_time ();
  g_assert_cmpint (acquire ("timeout", UL_LOCK_SHARED, 1), ==, -1);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, G_USEC_PER_SEC);
  g_assert_cmpint (held, >=, 0);
}

static gpointer
release_soon (gpointer data)
{
  g_usleep (30 * 1000);
  close (GPOINTER_TO_INT (data));
  return NULL;
}

static void
test_wait_is_served (void)
{
  static const int timeouts[] = { 20, -1 };
  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      const int held = acquire ("wait", UL_LOCK_EXCLUSIVE, 0);
      GThread *releaser = g_thread_new ("releaser", release_soon, GINT_TO_POINTER (held));
      const gint64 start = g_get_monotonic_time ();
      ul_autofd int fd = acquire ("wait", UL_LOCK_EXCLUSIVE, timeouts[i]);
      g_assert_cmpint (fd, >=, 0);
      g_assert_cmpint (g_get_monotonic_time () - start, <, 10 * G_USEC_PER_SEC);
      g_thread_join (releaser);
    }
}

static void
test_file (void)
{
  g_autoptr (GError) error = NULL;
  struct stat st;
  ul_autofd int fd = acquire ("file", UL_LOCK_EXCLUSIVE, 0);
  g_assert_cmpint (stat ("file", &st), ==, 0);
  g_assert_cmpint (st.st_mode & 0777, ==, 0600);
  g_assert_cmpint (st.st_size, ==, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, !=, 0);

  g_assert_cmpint (symlink ("file", "link"), ==, 0);
  int untouched = -7;
  g_assert_false (
      ul_lockfile_acquire_at (AT_FDCWD, "link", 0600, UL_LOCK_SHARED, 0, &untouched, &error));
  g_assert_nonnull (error);
  g_assert_cmpint (untouched, ==, -7);
  g_clear_error (&error);
  g_assert_false (
      ul_lockfile_acquire_at (AT_FDCWD, "no/lock", 0600, UL_LOCK_SHARED, 0, &untouched, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Lockfile/shared-and-exclusive-between-processes", test_table);
  g_test_add_func ("/Lockfile/belongs-to-the-descriptor", test_own_descriptors);
  g_test_add_func ("/Lockfile/timeout-passes-without-error", test_timeout);
  g_test_add_func ("/Lockfile/waiting-is-served-on-release", test_wait_is_served);
  g_test_add_func ("/Lockfile/file-is-made-and-not-followed", test_file);
  return g_test_run ();
}
