// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/input.h"

#include "util/error.h"
#include "util/fd.h"

#include <fcntl.h>

#define READ_SIZE 65536
#define MAX_SIZE  (256 * 1024 * 1024)

static gboolean
read_all (int fd, const char *name, GBytes **out_bytes, GError **error)
{
  g_autoptr (GString) data = g_string_new (NULL);
  for (;;)
    {
      const gsize have = data->len;
      g_string_set_size (data, have + READ_SIZE);
      gsize n;
      if (!ul_fd_read (fd, data->str + have, READ_SIZE, name, &n, error))
        return FALSE;
      g_string_set_size (data, have + n);
      if (n == 0)
        break;
      if (data->len > MAX_SIZE)
        return ul_throw (error, UL_ERROR_INVALID, "read %s: larger than %d bytes", name, MAX_SIZE);
    }
  *out_bytes = g_string_free_to_bytes (g_steal_pointer (&data));
  return TRUE;
}

gboolean
ul_input_read (const char *path, GBytes **out_bytes, GError **error)
{
  if (path == NULL)
    return read_all (STDIN_FILENO, "standard input", out_bytes, error);
  ul_autofd int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return ul_throw_errno (error, "open %s", path);
  return read_all (fd, path, out_bytes, error);
}
