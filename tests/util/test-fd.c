// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "util/error.h"

/* Each test has a directory of its own. */
typedef struct
{
  char *path;
  int dfd;
} Dir;

static void
dir_init (Dir *d)
{
  d->path = g_strdup ("fd-XXXXXX");
  g_assert_nonnull (g_mkdtemp (d->path));
  d->dfd = open (d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (d->dfd, >=, 0);
}

static void
dir_clear (Dir *d)
{
  g_autoptr (GError) error = NULL;
  close (d->dfd);
  ul_fd_remove_tree_at (AT_FDCWD, d->path, &error);
  g_assert_no_error (error);
  g_free (d->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Dir, dir_clear)

static void
put (const Dir *d, const char *path, const void *data, gsize len)
{
  g_autoptr (GError) error = NULL;
  ul_fd_replace_file_at (d->dfd, path, data, len, 0644, FALSE, &error);
  g_assert_no_error (error);
}

static void
make_dir (const Dir *d, const char *path)
{
  g_assert_cmpint (mkdirat (d->dfd, path, 0755), ==, 0);
}

static void
make_link (const Dir *d, const char *target, const char *path)
{
  g_assert_cmpint (symlinkat (target, d->dfd, path), ==, 0);
}

static gboolean
exists (const Dir *d, const char *path)
{
  struct stat st;
  return fstatat (d->dfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static guint
count_entries (const Dir *d)
{
  g_autoptr (GDir) dir = g_dir_open (d->path, 0, NULL);
  guint n = 0;
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
test_beneath (void)
{
  g_auto (Dir) d;
  dir_init (&d);
  make_dir (&d, "in");
  put (&d, "in/file", "x", 1);
  put (&d, "outside", "x", 1);
  make_link (&d, "file", "in/good");
  make_link (&d, "../outside", "in/up");
  make_link (&d, "/etc/passwd", "in/absolute");
  make_link (&d, "/proc/self/cwd", "in/magic");
  make_link (&d, "..", "in/parent");
  ul_autofd int in = openat (d.dfd, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  static const char *const fine[] = { "file", "good", ".", "./file" };
  for (guint i = 0; i < G_N_ELEMENTS (fine); i++)
    {
      ul_autofd int fd = ul_fd_open_beneath (in, fine[i], O_RDONLY, 0);
      g_assert_cmpint (fd, >=, 0);
      g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, !=, 0);
    }
  static const char *const escapes[]
      = { "..", "../outside", "up", "absolute", "magic", "parent/outside", "/etc/passwd" };
  for (guint i = 0; i < G_N_ELEMENTS (escapes); i++)
    {
      errno = 0;
      g_assert_cmpint (ul_fd_open_beneath (in, escapes[i], O_RDONLY, 0), ==, -1);
      g_assert_true (errno == EXDEV || errno == ELOOP);
    }
  g_assert_cmpint (ul_fd_open_beneath (in, "up", O_WRONLY | O_CREAT | O_TRUNC, 0644), ==, -1);
}

static void
test_open_dir (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Dir) d;
  dir_init (&d);
  make_dir (&d, "dir");
  make_link (&d, "dir", "link");
  put (&d, "file", "", 0);
  ul_autofd int fd = -1;
  ul_autofd int followed = -1;
  g_assert_true (ul_fd_open_dir_at (d.dfd, "dir", FALSE, &fd, &error));
  g_assert_true (ul_fd_open_dir_at (d.dfd, "link", TRUE, &followed, &error));
  g_assert_no_error (error);

  int untouched = -7;
  static const char *const refused[] = { "link", "file", "missing" };
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (GError) cause = NULL;
      g_assert_false (ul_fd_open_dir_at (d.dfd, refused[i], FALSE, &untouched, &cause));
      g_assert_nonnull (strstr (cause->message, refused[i]));
      g_assert_cmpint (untouched, ==, -7);
    }
}

static void
test_make_dirs (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Dir) d;
  dir_init (&d);
  struct stat st;
  for (guint twice = 0; twice < 2; twice++)
    {
      g_assert_true (ul_fd_make_dirs_at (d.dfd, "a/b/c", 0700, &error));
      g_assert_no_error (error);
    }
  g_assert_cmpint (fstatat (d.dfd, "a/b/c", &st, 0), ==, 0);
  g_assert_cmpint (st.st_mode & 0777, ==, 0700);
  g_assert_true (ul_fd_make_dirs_at (d.dfd, "t/r/a/i/l/", 0755, &error));
  g_assert_true (exists (&d, "t/r/a/i/l"));
  make_link (&d, "a", "link");
  g_assert_true (ul_fd_make_dirs_at (d.dfd, "link", 0755, &error));
  g_assert_true (ul_fd_make_dirs_at (d.dfd, "link/d", 0755, &error));
  g_assert_true (exists (&d, "a/d"));
  g_assert_no_error (error);
}

static void
test_make_dirs_in_the_way (void)
{
  g_auto (Dir) d;
  dir_init (&d);
  put (&d, "file", "", 0);
  make_link (&d, "nowhere", "dangling");
  static const char *const paths[] = { "file", "file/a", "file/a/b", "dangling", "dangling/a", "" };
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (ul_fd_make_dirs_at (d.dfd, paths[i], 0755, &error));
      g_assert_nonnull (error);
    }
  g_assert_cmpuint (count_entries (&d), ==, 2);
}

static gpointer
drain_slowly (gpointer data)
{
  const int fd = GPOINTER_TO_INT (data);
  gsize total = 0;
  char buffer[777];
  ssize_t n;
  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    total += (gsize) n;
  return GSIZE_TO_POINTER (total);
}

static void
test_write_all (void)
{
  g_autoptr (GError) error = NULL;
  int pipe_fds[2];
  g_assert_cmpint (pipe2 (pipe_fds, O_CLOEXEC), ==, 0);
  GThread *reader = g_thread_new ("reader", drain_slowly, GINT_TO_POINTER (pipe_fds[0]));
  const gsize len = 1000 * 1000 + 1;
  g_autofree char *data = g_malloc0 (len);
  g_assert_true (ul_fd_write_all (pipe_fds[1], data, len, "pipe", &error));
  g_assert_true (ul_fd_write_all (pipe_fds[1], NULL, 0, "pipe", &error));
  g_assert_no_error (error);
  close (pipe_fds[1]);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (reader)), ==, len);
  close (pipe_fds[0]);
}

static void
test_write_all_full (void)
{
  g_autoptr (GError) error = NULL;
  ul_autofd int fd = open ("/dev/full", O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    {
      g_test_skip ("no /dev/full");
      return;
    }
  g_assert_false (ul_fd_write_all (fd, "x", 1, "object", &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_NO_SPACE);
  g_assert_true (g_str_has_prefix (error->message, "write object: "));
}

typedef struct
{
  pthread_t reader;
  int fd;
} Feeder;

static void
on_signal (int number)
{
}

/* Piece by piece, with a signal before each. */
static gpointer
feed_slowly (gpointer data)
{
  const Feeder *feeder = data;
  for (guint i = 0; i < 5; i++)
    {
      g_usleep (20 * 1000);
      pthread_kill (feeder->reader, SIGUSR1);
      g_usleep (20 * 1000);
      g_assert_cmpint (write (feeder->fd, "abc", 3), ==, 3);
    }
  close (feeder->fd);
  return NULL;
}

/* A pipe fed by @out_thread, and a handler without SA_RESTART. */
static int
open_slow_pipe (Feeder *feeder, GThread **out_thread)
{
  const struct sigaction action = { .sa_handler = on_signal };
  int pipe_fds[2];
  g_assert_cmpint (sigaction (SIGUSR1, &action, NULL), ==, 0);
  g_assert_cmpint (pipe2 (pipe_fds, O_CLOEXEC), ==, 0);
  *feeder = (Feeder){ .reader = pthread_self (), .fd = pipe_fds[1] };
  *out_thread = g_thread_new ("feeder", feed_slowly, feeder);
  return pipe_fds[0];
}

static void
test_read (void)
{
  g_autoptr (GError) error = NULL;
  Feeder feeder;
  GThread *thread;
  ul_autofd int fd = open_slow_pipe (&feeder, &thread);
  char buffer[100];
  gsize total = 0;
  gsize n;
  do
    {
      g_assert_true (ul_fd_read (fd, buffer + total, sizeof buffer - total, "pipe", &n, &error));
      g_assert_no_error (error);
      total += n;
      /* What is there, not what was asked for. */
      g_assert_cmpuint (n, <, 15);
    }
  while (n > 0);
  g_assert_cmpmem (buffer, total, "abcabcabcabcabc", 15);
  g_thread_join (thread);
}

static void
test_read_full (void)
{
  g_autoptr (GError) error = NULL;
  Feeder feeder;
  GThread *thread;
  ul_autofd int fd = open_slow_pipe (&feeder, &thread);
  char buffer[100];
  gsize n;
  g_assert_true (ul_fd_read_full (fd, buffer, 10, "pipe", &n, &error));
  g_assert_cmpmem (buffer, n, "abcabcabca", 10);
  g_assert_true (ul_fd_read_full (fd, buffer, 0, "pipe", &n, &error));
  g_assert_cmpuint (n, ==, 0);
  g_assert_true (ul_fd_read_full (fd, buffer, sizeof buffer, "pipe", &n, &error));
  g_assert_cmpmem (buffer, n, "bcabc", 5);
  g_assert_true (ul_fd_read_full (fd, buffer, sizeof buffer, "pipe", &n, &error));
  g_assert_cmpuint (n, ==, 0);
  g_assert_no_error (error);
  g_thread_join (thread);
}

static void
test_read_at (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Dir) d;
  dir_init (&d);
  put (&d, "file", "0123456789", 10);
  ul_autofd int fd = openat (d.dfd, "file", O_RDONLY | O_CLOEXEC);
  char buffer[100];
  gsize n;
  g_assert_true (ul_fd_read (fd, buffer, 2, NULL, &n, &error));
  g_assert_true (ul_fd_read_at (fd, buffer, 3, 4, NULL, &n, &error));
  g_assert_cmpmem (buffer, n, "456", 3);
  g_assert_true (ul_fd_read_at (fd, buffer, sizeof buffer, 8, NULL, &n, &error));
  g_assert_cmpmem (buffer, n, "89", 2);
  g_assert_true (ul_fd_read_at (fd, buffer, sizeof buffer, 10, NULL, &n, &error));
  g_assert_cmpuint (n, ==, 0);
  g_assert_true (ul_fd_read (fd, buffer, 2, NULL, &n, &error));
  g_assert_cmpmem (buffer, n, "23", 2);
  g_assert_no_error (error);
}

static void
test_read_fails (void)
{
  g_auto (Dir) d;
  dir_init (&d);
  for (guint i = 0; i < 3; i++)
    for (guint named = 0; named < 2; named++)
      {
        g_autoptr (GError) error = NULL;
        const char *what = named ? "object" : NULL;
        char buffer[10];
        gsize n = 42;
        g_assert_false (i == 0   ? ul_fd_read (d.dfd, buffer, 10, what, &n, &error)
                        : i == 1 ? ul_fd_read_at (d.dfd, buffer, 10, 0, what, &n, &error)
                                 : ul_fd_read_full (d.dfd, buffer, 10, what, &n, &error));
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
        g_assert_true (g_str_has_prefix (error->message, named ? "read object: " : "read: "));
        g_assert_cmpuint (n, ==, 42);
      }
}

static void
test_read_file (void)
{
  g_auto (Dir) d;
  dir_init (&d);
  static const gsize sizes[] = { 0, 1, 4096, 300000 };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = NULL;
      g_autofree char *data = g_malloc (sizes[i] + 1);
      memset (data, 'a' + (int) i, sizes[i]);
      put (&d, "file", data, sizes[i]);
      g_assert_true (ul_fd_read_file_at (d.dfd, "file", sizes[i], FALSE, &bytes, &error));
      g_assert_no_error (error);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), data, sizes[i]);
    }
}

static void
test_read_file_limit (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Dir) d;
  dir_init (&d);
  put (&d, "file", "0123456789", 10);
  GBytes *untouched = (GBytes *) &d;
  g_assert_false (ul_fd_read_file_at (d.dfd, "file", 9, TRUE, &untouched, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
  g_assert_true (untouched == (GBytes *) &d);

  /* A size that no memory could hold is refused before any is asked for. */
  g_clear_error (&error);
  ul_autofd int fd = openat (d.dfd, "file", O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (ftruncate (fd, (off_t) 1 << 42), ==, 0);
  g_assert_false (ul_fd_read_file_at (d.dfd, "file", 1 << 20, FALSE, &untouched, &error));
  g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
}

static void
test_read_file_missing (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Dir) d;
  dir_init (&d);
  GBytes *bytes = (GBytes *) &d;
  g_assert_true (ul_fd_read_file_at (d.dfd, "missing", 10, TRUE, &bytes, &error));
  g_assert_no_error (error);
  g_assert_null (bytes);
  g_assert_false (ul_fd_read_file_at (d.dfd, "missing", 10, FALSE, &bytes, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_read_file_special (void)
{
  g_auto (Dir) d;
  dir_init (&d);
  make_dir (&d, "dir");
  g_assert_cmpint (mkfifoat (d.dfd, "fifo", 0644), ==, 0);
  static const char *const names[] = { "dir", "fifo" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = NULL;
      g_assert_false (ul_fd_read_file_at (d.dfd, names[i], 100, TRUE, &bytes, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
}

static void
test_replace_file (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Dir) d;
  dir_init (&d);
  put (&d, "file", "old", 3);
  ul_autofd int reader = openat (d.dfd, "file", O_RDONLY | O_CLOEXEC);
  g_assert_true (ul_fd_replace_file_at (d.dfd, "file", "newer", 5, 0600, TRUE, &error));
  g_assert_no_error (error);
  char old[8];
  g_assert_cmpint (read (reader, old, sizeof old), ==, 3);
  g_autoptr (GBytes) bytes = NULL;
  g_assert_true (ul_fd_read_file_at (d.dfd, "file", 100, FALSE, &bytes, &error));
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "newer", 5);
  struct stat st;
  g_assert_cmpint (fstatat (d.dfd, "file", &st, 0), ==, 0);
  g_assert_cmpint (st.st_mode & 0777, ==, 0600);
  g_assert_cmpuint (count_entries (&d), ==, 1);
}

static void
test_replace_file_fails (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Dir) d;
  dir_init (&d);
  make_dir (&d, "dir");
  g_assert_false (ul_fd_replace_file_at (d.dfd, "dir", "x", 1, 0644, FALSE, &error));
  g_assert_nonnull (error);
  g_assert_cmpuint (count_entries (&d), ==, 1);
  g_clear_error (&error);
  g_assert_false (ul_fd_replace_file_at (d.dfd, "no/file", "x", 1, 0644, FALSE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
assert_copied (const Dir *d, const char *name, gsize skip, const guint8 *data, gsize len)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  ul_fd_read_file_at (d->dfd, name, skip + len, FALSE, &bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpmem ((const guint8 *) g_bytes_get_data (bytes, NULL) + skip,
                   g_bytes_get_size (bytes) - skip, data, len);
}

static void
test_copy (void)
{
  g_auto (Dir) d;
  dir_init (&d);
  static const gsize sizes[] = { 0, 1, 4096, (1 << 20) + 3 };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree guint8 *data = g_malloc (sizes[i] + 1);
      for (gsize k = 0; k < sizes[i]; k++)
        data[k] = (guint8) (k * 7 + k / 256);
      put (&d, "from", data, sizes[i]);
      put (&d, "to", "", 0);
      ul_autofd int from = openat (d.dfd, "from", O_RDONLY | O_CLOEXEC);
      ul_autofd int to = openat (d.dfd, "to", O_WRONLY | O_CLOEXEC);
      g_assert_true (ul_fd_copy (from, to, sizes[i], &error));
      g_assert_no_error (error);
      assert_copied (&d, "to", 0, data, sizes[i]);
    }
}

static void
test_copy_offsets (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Dir) d;
  dir_init (&d);
  put (&d, "from", "0123456789", 10);
  put (&d, "to", "abc", 3);
  ul_autofd int from = openat (d.dfd, "from", O_RDONLY | O_CLOEXEC);
  ul_autofd int to = openat (d.dfd, "to", O_WRONLY | O_CLOEXEC);
  /* Wherever somebody else has read to, the copy is from the start, and no more than is asked. */
  g_assert_cmpint (lseek (from, 5, SEEK_SET), ==, 5);
  g_assert_cmpint (lseek (to, 3, SEEK_SET), ==, 3);
  g_assert_true (ul_fd_copy (from, to, 8, &error));
  g_assert_no_error (error);
  assert_copied (&d, "to", 0, (const guint8 *) "abc01234567", 11);
}

static void
test_copy_to_pipe (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Dir) d;
  dir_init (&d);
  const gsize len = 700001;
  g_autofree char *data = g_malloc0 (len);
  put (&d, "from", data, len);
  ul_autofd int from = openat (d.dfd, "from", O_RDONLY | O_CLOEXEC);
  int pipe_fds[2];
  g_assert_cmpint (pipe2 (pipe_fds, O_CLOEXEC), ==, 0);
  GThread *reader = g_thread_new ("reader", drain_slowly, GINT_TO_POINTER (pipe_fds[0]));
  g_assert_cmpint (lseek (from, 9, SEEK_SET), ==, 9);
  g_assert_true (ul_fd_copy (from, pipe_fds[1], len, &error));
  g_assert_no_error (error);
  close (pipe_fds[1]);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (reader)), ==, len);
  close (pipe_fds[0]);
}

static void
test_copy_short_source (void)
{
  g_auto (Dir) d;
  dir_init (&d);
  put (&d, "from", "0123456789", 10);
  put (&d, "to", "", 0);
  ul_autofd int from = openat (d.dfd, "from", O_RDONLY | O_CLOEXEC);
  ul_autofd int to = openat (d.dfd, "to", O_WRONLY | O_CLOEXEC);
  int pipe_fds[2];
  g_assert_cmpint (pipe2 (pipe_fds, O_CLOEXEC), ==, 0);
  const int targets[] = { to, pipe_fds[1] };
  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (ul_fd_copy (from, targets[i], 11, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_CORRUPT);
    }
  close (pipe_fds[0]);
  close (pipe_fds[1]);
}

static void
test_remove_tree (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Dir) d;
  dir_init (&d);
  make_dir (&d, "outside");
  put (&d, "outside/kept", "x", 1);
  make_dir (&d, "tree");
  make_dir (&d, "tree/sub");
  put (&d, "tree/sub/file", "x", 1);
  g_assert_cmpint (mkfifoat (d.dfd, "tree/fifo", 0644), ==, 0);
  make_link (&d, "../outside", "tree/link");
  make_link (&d, "../../outside", "tree/sub/link");
  make_link (&d, "outside", "itself");
  g_assert_true (ul_fd_remove_tree_at (d.dfd, "tree", &error));
  g_assert_true (ul_fd_remove_tree_at (d.dfd, "itself", &error));
  g_assert_true (ul_fd_remove_tree_at (d.dfd, "missing", &error));
  g_assert_no_error (error);
  g_assert_false (exists (&d, "tree"));
  g_assert_false (exists (&d, "itself"));
  g_assert_true (exists (&d, "outside/kept"));
}

static void
test_remove_tree_failure (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Dir) d;
  dir_init (&d);
  put (&d, "file", "x", 1);
  g_assert_false (ul_fd_remove_tree_at (d.dfd, "file/below", &error));
  g_assert_nonnull (strstr (error->message, "file/below"));
  g_assert_true (exists (&d, "file"));
}

static void
test_remove_tree_message (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Dir) d;
  dir_init (&d);
  g_assert_true (ul_fd_make_dirs_at (d.dfd, "a/b/c/d/e", 0755, &error));
  struct rlimit before;
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  ul_autofd int highest = dup (d.dfd);
  const struct rlimit few = { .rlim_cur = (rlim_t) highest + 3, .rlim_max = before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &few), ==, 0);
  const gboolean ok = ul_fd_remove_tree_at (d.dfd, "a", &error);
  setrlimit (RLIMIT_NOFILE, &before);
  g_assert_false (ok);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_true (g_str_has_prefix (error->message, "remove a: open directory "));
}

/* As deep as the usual limit of descriptors lets a commit go. */
static void
test_remove_tree_deep (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Dir) d;
  dir_init (&d);
  ul_autofd int at = dup (d.dfd);
  for (guint i = 0; i < 400; i++)
    {
      g_assert_cmpint (mkdirat (at, "d", 0755), ==, 0);
      const int below = openat (at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      g_assert_cmpint (below, >=, 0);
      close (at);
      at = below;
    }
  struct rlimit before;
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  const struct rlimit few = { .rlim_cur = 500, .rlim_max = before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &few), ==, 0);
  const gboolean ok = ul_fd_remove_tree_at (d.dfd, "d", &error);
  setrlimit (RLIMIT_NOFILE, &before);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_false (exists (&d, "d"));
}

static void
test_sync_dir (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (Dir) d;
  dir_init (&d);
  make_dir (&d, "dir");
  g_assert_true (ul_fd_sync_dir_at (d.dfd, "dir", &error));
  g_assert_no_error (error);
  g_assert_false (ul_fd_sync_dir_at (d.dfd, "missing", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static int
open_path (const Dir *d, const char *name)
{
  const int fd = openat (d->dfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

/* What the descriptor is gets the mode, whatever its name leads to by now. */
static void
test_set_mode (void)
{
  g_auto (Dir) d;
  g_autoptr (GError) error = NULL;
  struct stat st;
  dir_init (&d);
  g_assert_cmpint (mkdirat (d.dfd, "dir", 0), ==, 0);
  g_assert_cmpint (mkdirat (d.dfd, "other", 0700), ==, 0);
  ul_autofd int fd = open_path (&d, "dir");
  g_assert_cmpint (renameat (d.dfd, "dir", d.dfd, "away"), ==, 0);
  g_assert_cmpint (symlinkat ("other", d.dfd, "dir"), ==, 0);
  ul_fd_set_mode (fd, 07751, "dir", &error);
  g_assert_no_error (error);
  g_assert_cmpint (fstatat (d.dfd, "away", &st, 0), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0751);
  g_assert_cmpint (fstatat (d.dfd, "other", &st, 0), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0700);
}

static void
test_set_mode_refused (void)
{
  g_auto (Dir) d;
  g_autoptr (GError) link_error = NULL;
  g_autoptr (GError) fifo_error = NULL;
  dir_init (&d);
  g_assert_cmpint (symlinkat ("target", d.dfd, "link"), ==, 0);
  g_assert_cmpint (mkfifoat (d.dfd, "fifo", 0600), ==, 0);
  ul_autofd int link = open_path (&d, "link");
  ul_autofd int fifo = open_path (&d, "fifo");
  g_assert_false (ul_fd_set_mode (link, 0644, "link", &link_error));
  g_assert_error (link_error, UL_ERROR, UL_ERROR_INVALID);
  g_assert_cmpstr (link_error->message, ==,
                   "set mode of link: neither a regular file nor a directory");
  g_assert_false (ul_fd_set_mode (fifo, 0644, "fifo", &fifo_error));
  g_assert_error (fifo_error, UL_ERROR, UL_ERROR_INVALID);
}

static void
test_proc_path (void)
{
  g_auto (Dir) d;
  dir_init (&d);
  g_autofree char *longest = g_strnfill (255, 'n');
  put (&d, "short", "", 0);
  g_assert_cmpint (renameat (d.dfd, "short", d.dfd, longest), ==, 0);
  char path[UL_PROC_PATH_MAX];
  ul_fd_proc_path (path, d.dfd, longest);
  struct stat st;
  g_assert_cmpint (stat (path, &st), ==, 0);
  ul_fd_proc_path (path, G_MININT, longest);
  g_assert_true (g_str_has_suffix (path, longest));
}

static void
test_auto_close (void)
{
  int number;
  {
    ul_autofd int fd = open (".", O_RDONLY | O_CLOEXEC);
    number = fd;
  }
  g_assert_cmpint (fcntl (number, F_GETFD), ==, -1);
  int kept;
  {
    ul_autofd int fd = open (".", O_RDONLY | O_CLOEXEC);
    kept = ul_fd_steal (&fd);
  }
  g_assert_cmpint (fcntl (kept, F_GETFD), >=, 0);
  close (kept);
}

static void
test_clear (void)
{
  int fd = open (".", O_RDONLY | O_CLOEXEC);
  const int number = fd;
  ul_fd_clear (&fd);
  g_assert_cmpint (fd, ==, -1);
  g_assert_cmpint (fcntl (number, F_GETFD), ==, -1);
  ul_fd_clear (&fd);
  g_assert_cmpint (fd, ==, -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/Fd/beneath-never-escapes", test_beneath);
  g_test_add_func ("/Fd/open-dir-refuses-symlinks", test_open_dir);
  g_test_add_func ("/Fd/make-dirs-with-parents", test_make_dirs);
  g_test_add_func ("/Fd/make-dirs-with-something-in-the-way", test_make_dirs_in_the_way);
  g_test_add_func ("/Fd/write-all-after-short-writes", test_write_all);
  g_test_add_func ("/Fd/write-to-full-disk-is-no-space", test_write_all_full);
  g_test_add_func ("/Fd/read-once-whatever-signals-come", test_read);
  g_test_add_func ("/Fd/read-full-after-short-reads", test_read_full);
  g_test_add_func ("/Fd/read-at-leaves-the-offset", test_read_at);
  g_test_add_func ("/Fd/read-failure", test_read_fails);
  g_test_add_func ("/Fd/read-file", test_read_file);
  g_test_add_func ("/Fd/read-file-above-the-limit", test_read_file_limit);
  g_test_add_func ("/Fd/read-missing-file", test_read_file_missing);
  g_test_add_func ("/Fd/read-special-file-does-not-hang", test_read_file_special);
  g_test_add_func ("/Fd/replace-file-is-atomic", test_replace_file);
  g_test_add_func ("/Fd/failed-replace-leaves-nothing", test_replace_file_fails);
  g_test_add_func ("/Fd/copy", test_copy);
  g_test_add_func ("/Fd/copy-from-the-start-to-the-offset", test_copy_offsets);
  g_test_add_func ("/Fd/copy-where-the-kernel-cannot", test_copy_to_pipe);
  g_test_add_func ("/Fd/copy-of-short-source-fails", test_copy_short_source);
  g_test_add_func ("/Fd/remove-tree-does-not-follow-symlinks", test_remove_tree);
  g_test_add_func ("/Fd/remove-tree-failure-names-the-path", test_remove_tree_failure);
  g_test_add_func ("/Fd/remove-tree-failure-says-it-once", test_remove_tree_message);
  g_test_add_func ("/Fd/remove-deep-tree-with-few-descriptors", test_remove_tree_deep);
  g_test_add_func ("/Fd/set-mode-of-what-is-open", test_set_mode);
  g_test_add_func ("/Fd/set-mode-of-others-is-refused", test_set_mode_refused);
  g_test_add_func ("/Fd/sync-dir", test_sync_dir);
  g_test_add_func ("/Fd/proc-path-fits-the-longest-name", test_proc_path);
  g_test_add_func ("/Fd/descriptor-closes-itself", test_auto_close);
  g_test_add_func ("/Fd/clear-closes-once", test_clear);
  return g_test_run ();
}
