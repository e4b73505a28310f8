// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/lockfile.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "util/fd.h"
#include "util/lock-holders.h"

static int
acquire (const char *path, UlLockKind kind, int timeout_secs)
{
  g_autoptr (GError) error = NULL;
  int fd = -7;
  const UlLockWait wait = { .timeout_secs = timeout_secs };
  ul_lockfile_acquire_at (AT_FDCWD, path, 0600, kind, &wait, &fd, &error);
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
      if (!ul_lockfile_acquire_at (AT_FDCWD, path, 0600, kind, NULL, &fd, NULL) || fd < 0
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
      ul_lockfile_acquire_at (AT_FDCWD, "link", 0600, UL_LOCK_SHARED, NULL, &untouched, &error));
  g_assert_nonnull (error);
  g_assert_cmpint (untouched, ==, -7);
  g_clear_error (&error);
  g_assert_false (
      ul_lockfile_acquire_at (AT_FDCWD, "no/lock", 0600, UL_LOCK_SHARED, NULL, &untouched, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
count (gpointer data)
{
  (*(guint *) data)++;
}

static void
test_told_once (void)
{
  ul_autofd int held = acquire ("told", UL_LOCK_EXCLUSIVE, 0);
  guint told = 0;
  UlLockWait wait = { .timeout_secs = 2, .waiting = count, .data = &told };
  int fd = -7;
  g_assert_true (ul_lockfile_acquire_at (AT_FDCWD, "told", 0600, UL_LOCK_SHARED, &wait, &fd, NULL));
  g_assert_cmpint (fd, ==, -1);
  g_assert_cmpuint (told, ==, 1);
  wait.timeout_secs = 0;
  g_assert_true (ul_lockfile_acquire_at (AT_FDCWD, "told", 0600, UL_LOCK_SHARED, &wait, &fd, NULL));
  g_assert_cmpuint (told, ==, 1);
  g_assert_cmpint (held, >=, 0);
}

static gboolean
names (const char *holders, pid_t pid)
{
  g_autofree char *process = g_strdup_printf ("process %d (", (int) pid);
  return strstr (holders, process) != NULL;
}

static void
test_holders (void)
{
  /* Open without a lock is not holding it. */
  ul_autofd int looking = open ("holders", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  g_assert_cmpint (looking, >=, 0);
  g_autofree char *nobody = ul_lock_holders_describe_at (AT_FDCWD, "holders");
  g_assert_cmpstr (nobody, ==, "another process");

  const pid_t first = hold_elsewhere ("holders", UL_LOCK_SHARED);
  const pid_t second = hold_elsewhere ("holders", UL_LOCK_SHARED);
  g_autofree char *two = ul_lock_holders_describe_at (AT_FDCWD, "holders");
  g_assert_true (names (two, first));
  g_assert_true (names (two, second));
  g_assert_false (names (two, getpid ()));
  g_assert_nonnull (strstr (two, "test-lockfile"));
  end (first);
  g_autofree char *one = ul_lock_holders_describe_at (AT_FDCWD, "holders");
  g_assert_false (names (one, first));
  g_assert_true (names (one, second));
  end (second);
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
  g_test_add_func ("/Lockfile/who-waits-is-told-once", test_told_once);
  g_test_add_func ("/LockHolders/processes-that-hold-it", test_holders);
  return g_test_run ();
}
