// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/members.h"

#include <errno.h>
#include <fcntl.h>

#include "image/members-private.h"
#include "util/error.h"
#include "util/fd.h"

void
ul_extent_clear (UlExtent *extent)
{
  ul_fd_clear (&extent->fd);
  if (extent->data_free != NULL)
    extent->data_free (extent->data);
  *extent = (UlExtent) UL_EXTENT_INIT;
}

UlMembers *
ul_members_open_dir (int dfd, const char *path, GError **error)
{
  ul_autofd int fd = -1;
  if (!ul_fd_open_dir_at (dfd, path, TRUE, &fd, error))
    return NULL;
  UlMembers *self = g_new0 (UlMembers, 1);
  self->fd = ul_fd_steal (&fd);
  self->path = g_strdup (path);
  return self;
}

void
ul_members_free (UlMembers *self)
{
  if (self == NULL)
    return;
  ul_fd_clear (&self->fd);
  g_clear_pointer (&self->files, g_tree_unref);
  g_free (self->path);
  g_free (self);
}

const char *
ul_members_path (const UlMembers *self)
{
  return self->path;
}

/* Doesn't wait for a FIFO's writer. */
static gboolean
open_in_dir (const UlMembers *self, const char *name, gboolean *out_found, UlExtent *out,
             GError **error)
{
  struct stat st;
  ul_autofd int fd = ul_fd_open_beneath (self->fd, name, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
  *out_found = fd >= 0 || errno != ENOENT;
  if (!*out_found)
    return TRUE;
  /* What openat2 says of a symlink that leads out. */
  if (fd < 0 && errno == EXDEV)
    return ul_throw (error, UL_ERROR_CORRUPT, "open %s: leads out of the directory", name);
  if (fd < 0)
    return ul_throw_errno (error, "open %s", name);
  if (fstat (fd, &st) != 0)
    return ul_throw_errno (error, "stat %s", name);
  if (!S_ISREG (st.st_mode))
    return ul_throw (error, UL_ERROR_CORRUPT, "%s: not a regular file", name);
  *out = (UlExtent){ .fd = ul_fd_steal (&fd), .size = (guint64) st.st_size };
  return TRUE;
}

static gboolean
open_in_tar (const UlMembers *self, const char *name, gboolean *out_found, UlExtent *out,
             GError **error)
{
  const UlMember *member;
  if (!ul_members_find_in_tar (self, name, &member, error))
    return FALSE;
  *out_found = member != NULL;
  if (member == NULL)
    return TRUE;
  const int fd = fcntl (self->fd, F_DUPFD_CLOEXEC, 3);
  if (fd < 0)
    return ul_throw_errno (error, "open %s", name);
  *out = (UlExtent){ .fd = fd, .offset = member->offset, .size = member->size };
  return TRUE;
}

gboolean
ul_members_open (const UlMembers *self, const char *name, gboolean *out_found, UlExtent *out,
                 GError **error)
{
  gboolean found;
  if (!(self->files != NULL ? open_in_tar (self, name, &found, out, error)
                            : open_in_dir (self, name, &found, out, error)))
    return FALSE;
  if (!found && out_found == NULL)
    return ul_throw (error, UL_ERROR_CORRUPT, "open %s: not there", name);
  if (out_found != NULL)
    *out_found = found;
  return TRUE;
}

/* May be read by others at the same time: the descriptor's offset stays where it is. */
static gboolean
read_extent (const UlExtent *extent, const char *name, guint8 *out, GError **error)
{
  for (gsize at = 0, n; at < extent->size; at += n)
    {
      if (!ul_fd_read_at (extent->fd, out + at, (gsize) extent->size - at, extent->offset + at,
                          name, &n, error))
        return FALSE;
      if (n == 0)
        return ul_throw (error, UL_ERROR_CORRUPT, "%s: it was cut off while it was read", name);
    }
  return TRUE;
}

gboolean
ul_members_read (const UlMembers *self, const char *name, gsize max, gboolean *out_found,
                 GBytes **out, GError **error)
{
  g_auto (UlExtent) extent = UL_EXTENT_INIT;
  if (!ul_members_open (self, name, out_found, &extent, error))
    return FALSE;
  if (out_found != NULL && !*out_found)
    return TRUE;
  if (extent.size > max)
    return ul_throw (error, UL_ERROR_CORRUPT,
                     "%s: %" G_GUINT64_FORMAT " bytes, more than the allowed %zu", name,
                     extent.size, max);
  g_autofree guint8 *bytes = g_malloc ((gsize) extent.size);
  if (!read_extent (&extent, name, bytes, error))
    return FALSE;
  *out = g_bytes_new_take (g_steal_pointer (&bytes), (gsize) extent.size);
  return TRUE;
}
