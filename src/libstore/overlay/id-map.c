// SPDX-License-Identifier: LGPL-2.1-or-later
#include "overlay/id-map.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>

#include "util/error.h"
#include "util/fd.h"

UlIdMap *
ul_id_map_new (void)
{
  UlIdMap *map = g_new (UlIdMap, 1);
  map->uids = g_array_new (FALSE, FALSE, sizeof (UlIdRange));
  map->gids = g_array_new (FALSE, FALSE, sizeof (UlIdRange));
  return map;
}

void
ul_id_map_free (UlIdMap *map)
{
  g_array_unref (map->uids);
  g_array_unref (map->gids);
  g_free (map);
}

gboolean
ul_id_ranges_map (const GArray *ranges, guint32 inside, guint32 *out_outside)
{
  for (guint i = 0; i < ranges->len; i++)
    {
      const UlIdRange *range = &g_array_index (ranges, UlIdRange, i);
      if (inside < range->inside || inside - range->inside >= range->count)
        continue;
      *out_outside = range->outside + (inside - range->inside);
      return TRUE;
    }
  return FALSE;
}

char *
ul_id_ranges_format (const GArray *ranges)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < ranges->len; i++)
    {
      const UlIdRange *range = &g_array_index (ranges, UlIdRange, i);
      g_string_append_printf (text, "%u %u %u\n", range->inside, range->outside, range->count);
    }
  return g_string_free (text, FALSE);
}

/* Until @release is closed. The namespace lives as long as somebody is in it or has it open.
 * Nothing is called that a child of a process with threads may not. */
static void
live_in_userns (int ready, int release)
{
  char byte = 0;
  const int code = unshare (CLONE_NEWUSER) == 0 ? 0 : errno;
  if (write (ready, &code, sizeof code) == sizeof code && code == 0)
    while (read (release, &byte, 1) < 0 && errno == EINTR)
      ;
  _exit (0);
}

/* One write, as the kernel has it. */
static gboolean
write_map (pid_t pid, const char *file, const GArray *ranges, GError **error)
{
  g_autofree char *text = ul_id_ranges_format (ranges);
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", (int) pid, file);
  ul_autofd int fd = open (path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return ul_fd_throw_proc (error, path);
  if (write (fd, text, strlen (text)) != (gssize) strlen (text))
    return ul_throw_errno (error, "write %s of a user namespace", file);
  return TRUE;
}

static gboolean
map_and_open (pid_t pid, const UlIdMap *map, int *out_fd, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/ns/user", (int) pid);
  if (!write_map (pid, "uid_map", map->uids, error)
      || !write_map (pid, "gid_map", map->gids, error))
    return FALSE;
  ul_autofd int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return ul_throw_errno (error, "open a user namespace");
  *out_fd = ul_fd_steal (&fd);
  return TRUE;
}

static gboolean
make_userns (int pipes[2][2], const UlIdMap *map, pid_t *out_pid, int *out_fd, GError **error)
{
  int code = ECHILD;
  const pid_t pid = fork ();
  if (pid == 0)
    {
      close (pipes[1][1]);
      live_in_userns (pipes[0][1], pipes[1][0]);
    }
  if (pid < 0)
    return ul_throw_errno (error, "fork");
  *out_pid = pid;
  /* So that a child that dies is an end of file. */
  ul_fd_clear (&pipes[0][1]);
  gsize n;
  if (!ul_fd_read_full (pipes[0][0], &code, sizeof code, "pipe", &n, error))
    return FALSE;
  /* Of the limit: a full disk is another matter. */
  if (code == ENOSPC)
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "make a user namespace: user.max_user_namespaces allows no more");
  errno = code;
  if (code != 0)
    return ul_throw_errno (error, "make a user namespace");
  return map_and_open (pid, map, out_fd, error);
}

gboolean
ul_id_map_open_userns (const UlIdMap *map, int *out_fd, GError **error)
{
  int pipes[2][2] = { { -1, -1 }, { -1, -1 } };
  pid_t pid = -1;
  const gboolean ok = (pipe2 (pipes[0], O_CLOEXEC) == 0 && pipe2 (pipes[1], O_CLOEXEC) == 0)
                          ? make_userns (pipes, map, &pid, out_fd, error)
                          : ul_throw_errno (error, "make a pipe");
  for (gsize i = 0; i < 4; i++)
    ul_fd_clear (&pipes[i / 2][i % 2]);
  while (pid > 0 && waitpid (pid, NULL, 0) < 0 && errno == EINTR)
    ;
  return ok;
}
