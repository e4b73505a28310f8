// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

static int
lock_write (const char *path)
{
  g_autoptr (GError) error = NULL;
  int fd = -1;
  ul_store_lock_write (AT_FDCWD, path, 0644, NULL, &fd, &error);
  g_assert_no_error (error);
  return fd;
}

static void
read_token (const char *path, guint8 token[UL_STORE_TOKEN_SIZE])
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  ul_fd_read_file_at (AT_FDCWD, path, 1000, FALSE, &bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (bytes), ==, UL_STORE_TOKEN_SIZE);
  memcpy (token, g_bytes_get_data (bytes, NULL), UL_STORE_TOKEN_SIZE);
}

/* A POSIX lock, as the library takes it, in another process. 0, or the errno. */
static int
lock_as_library (const char *path, short type)
{
  const pid_t pid = fork ();
  if (pid == 0)
    {
      const struct flock lock = { .l_type = type, .l_whence = SEEK_SET };
      const int fd = open (path, O_RDWR | O_CLOEXEC);
      _exit (fcntl (fd, F_SETLK, &lock) == 0 ? 0 : errno);
    }
  int status;
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return WEXITSTATUS (status);
}

static void
test_token (void)
{
  g_autoptr (GError) error = NULL;
  guint8 first[UL_STORE_TOKEN_SIZE];
  guint8 second[UL_STORE_TOKEN_SIZE];
  struct stat before;
  struct stat after;
  const mode_t mask = umask (077);
  ul_autofd int fd = lock_write ("a.lock");
  umask (mask);
  read_token ("a.lock", first);
  g_assert_cmpint (stat ("a.lock", &before), ==, 0);
  g_assert_cmpuint (before.st_mode & 07777, ==, 0644);
  const gint64 now = g_get_real_time ();
  g_assert_true (ul_store_lock_touch (fd, "a.lock", &error));
  read_token ("a.lock", second);
  g_assert_cmpint (stat ("a.lock", &after), ==, 0);
  g_assert_cmpuint (before.st_ino, ==, after.st_ino);
  guint64 time;
  guint64 counters[2];
  guint32 pid;
  memcpy (&time, second, 8);
  memcpy (&counters[0], first + 8, 8);
  memcpy (&counters[1], second + 8, 8);
  memcpy (&pid, second + 16, 4);
  g_assert_cmpuint (GUINT64_FROM_LE (time) / 1000, >=, (guint64) now);
  g_assert_cmpuint (GUINT64_FROM_LE (time) / 1000, <=, (guint64) g_get_real_time ());
  g_assert_cmpuint (GUINT64_FROM_LE (counters[1]), ==, GUINT64_FROM_LE (counters[0]) + 1);
  g_assert_cmpuint (GUINT32_FROM_LE (pid), ==, (guint32) getpid ());
  g_assert_cmpint (memcmp (first + 20, second + 20, 44), !=, 0);
}

/* What has a token keeps it, and its mode. */
static void
test_again (void)
{
  guint8 first[UL_STORE_TOKEN_SIZE];
  guint8 second[UL_STORE_TOKEN_SIZE];
  struct stat st;
  close (lock_write ("again.lock"));
  read_token ("again.lock", first);
  g_assert_cmpint (chmod ("again.lock", 0600), ==, 0);
  close (lock_write ("again.lock"));
  read_token ("again.lock", second);
  g_assert_cmpmem (first, sizeof first, second, sizeof second);
  g_assert_cmpint (stat ("again.lock", &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0600);
}

static void
test_library (void)
{
  g_autoptr (GError) error = NULL;
  int fd = lock_write ("lib.lock");
  g_assert_cmpint (lock_as_library ("lib.lock", F_RDLCK), ==, EAGAIN);
  ul_fd_clear (&fd);
  g_assert_cmpint (lock_as_library ("lib.lock", F_WRLCK), ==, 0);
  g_assert_true (ul_store_lock_read (AT_FDCWD, "lib.lock", NULL, &fd, &error));
  g_assert_cmpint (lock_as_library ("lib.lock", F_RDLCK), ==, 0);
  g_assert_cmpint (lock_as_library ("lib.lock", F_WRLCK), ==, EAGAIN);
  ul_fd_clear (&fd);
}

static void
test_held (void)
{
  g_autoptr (GError) error = NULL;
  const UlLockWait once = { .timeout_secs = 0 };
  int other = -1;
  ul_autofd int fd = lock_write ("held.lock");
  g_autofree char *begin = g_strdup_printf ("lock held.lock: held by process %d", getpid ());
  g_assert_false (ul_store_lock_write (AT_FDCWD, "held.lock", 0644, &once, &other, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_LOCKED);
  g_assert_true (g_str_has_prefix (error->message, begin));
  g_assert_cmpint (other, ==, -1);
}

static void
test_missing (void)
{
  g_autoptr (GError) error = NULL;
  int fd = 7;
  g_assert_true (ul_store_lock_read (AT_FDCWD, "none.lock", NULL, &fd, &error));
  g_assert_cmpint (fd, ==, -1);
  g_assert_cmpint (access ("none.lock", F_OK), !=, 0);
}

static void
test_not_a_file (void)
{
  g_autoptr (GError) fifo = NULL;
  g_autoptr (GError) link = NULL;
  int fd = -1;
  g_assert_cmpint (mkfifo ("fifo.lock", 0644), ==, 0);
  g_assert_cmpint (symlink ("elsewhere", "link.lock"), ==, 0);
  g_assert_false (ul_store_lock_read (AT_FDCWD, "fifo.lock", NULL, &fd, &fifo));
  g_assert_error (fifo, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_false (ul_store_lock_write (AT_FDCWD, "link.lock", 0644, NULL, &fd, &link));
  g_assert_nonnull (link);
  g_assert_cmpint (access ("elsewhere", F_OK), !=, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store-lock/token", test_token);
  g_test_add_func ("/store-lock/again", test_again);
  g_test_add_func ("/store-lock/excludes-the-library", test_library);
  g_test_add_func ("/store-lock/held", test_held);
  g_test_add_func ("/store-lock/missing", test_missing);
  g_test_add_func ("/store-lock/not-a-file", test_not_a_file);
  return g_test_run ();
}
