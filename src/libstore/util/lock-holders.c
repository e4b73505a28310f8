// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/lock-holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "util/fd.h"

#define MAX_SHOWN   4
#define MAX_COMMAND 100

/* Does the descriptor hold a lock, or has its process merely opened the file? */
static gboolean
holds_lock (int proc_dfd, const char *pid, const char *fd)
{
  g_autofree char *path = g_strdup_printf ("%s/fdinfo/%s", pid, fd);
  ul_autofd int info = openat (proc_dfd, path, O_RDONLY | O_CLOEXEC);
  char text[4096];
  gsize n = 0;
  if (info < 0 || !ul_fd_read_full (info, text, sizeof text - 1, NULL, &n, NULL))
    return FALSE;
  text[n] = '\0';
  return strstr (text, "\nlock:") != NULL;
}

static gboolean
is_file (int proc_dfd, const char *path, const char *name, const struct stat *file)
{
  /* The link's text first: stat () through it may wait for a file system that doesn't answer. */
  char target[4096];
  const ssize_t n = readlinkat (proc_dfd, path, target, sizeof target - 1);
  if (n <= 0)
    return FALSE;
  target[n] = '\0';
  struct stat st;
  return g_str_has_suffix (target, name) && fstatat (proc_dfd, path, &st, 0) == 0
         && st.st_dev == file->st_dev && st.st_ino == file->st_ino;
}

static gboolean
process_holds (int proc_dfd, const char *pid, const char *name, const struct stat *file)
{
  g_autofree char *fds = g_strdup_printf ("%s/fd", pid);
  const int fd = openat (proc_dfd, fds, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    return FALSE;
  gboolean holds = FALSE;
  struct dirent *entry;
  while (!holds && (entry = readdir (dir)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("%s/%s", fds, entry->d_name);
      holds = g_ascii_isdigit (entry->d_name[0]) && is_file (proc_dfd, path, name, file)
              && holds_lock (proc_dfd, pid, entry->d_name);
    }
  closedir (dir);
  return holds;
}

/* Its arguments are whatever that process wants them to be. */
static char *
command_of (int proc_dfd, const char *pid)
{
  g_autofree char *path = g_strdup_printf ("%s/cmdline", pid);
  ul_autofd int fd = openat (proc_dfd, path, O_RDONLY | O_CLOEXEC);
  char text[MAX_COMMAND + 1];
  gsize n = 0;
  if (fd < 0 || !ul_fd_read_full (fd, text, MAX_COMMAND, NULL, &n, NULL))
    n = 0;
  while (n > 0 && text[n - 1] == '\0')
    n--;
  for (gsize i = 0; i < n; i++)
    if ((guchar) text[i] < 0x20 || text[i] == 0x7f)
      text[i] = ' ';
  return g_utf8_make_valid (text, (gssize) n);
}

static void
append_holder (GString *out, int proc_dfd, const char *pid)
{
  g_autofree char *command = command_of (proc_dfd, pid);
  g_string_append_printf (out, "%sprocess %s", out->len > 0 ? ", " : "", pid);
  if (*command != '\0')
    g_string_append_printf (out, " (%s)", command);
}

static guint
find_holders (DIR *proc, const char *name, const struct stat *file, GString *out)
{
  guint n = 0;
  struct dirent *entry;
  while ((entry = readdir (proc)) != NULL)
    if (g_ascii_isdigit (entry->d_name[0])
        && process_holds (dirfd (proc), entry->d_name, name, file) && n++ < MAX_SHOWN)
      append_holder (out, dirfd (proc), entry->d_name);
  return n;
}

char *
ul_lock_holders_describe_at (int dfd, const char *path)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *name = g_path_get_basename (path);
  struct stat file;
  DIR *proc = fstatat (dfd, path, &file, AT_SYMLINK_NOFOLLOW) == 0 ? opendir ("/proc") : NULL;
  guint n = 0;
  if (proc != NULL)
    {
      n = find_holders (proc, name, &file, out);
      closedir (proc);
    }
  if (n > MAX_SHOWN)
    g_string_append_printf (out, ", %u more", n - MAX_SHOWN);
  return n > 0 ? g_string_free (g_steal_pointer (&out), FALSE) : g_strdup ("another process");
}
