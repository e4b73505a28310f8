// SPDX-License-Identifier: LGPL-2.1-or-later
#include "overlay/idmap-mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

#define MOUNTS "/proc/self/mountinfo"

/* Set-id bits count with the ids that are shown: a program of the root of an image would run as the
 * user for everybody who can reach it. In an overlay on top they count by that one's mount, and so
 * do devices, which includes the 0:0 ones of whiteouts. */
#define ATTRIBUTES (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

static gboolean
throw_idmap (const char *what, GError **error)
{
  if (errno == ENOSYS)
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "%s: this kernel has no idmapped mounts (Linux 5.12 and later have)", what);
  if (errno == EINVAL)
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "%s: its file system can't be mounted with other owners by this kernel", what);
  if (errno == EPERM)
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "%s: can't be mounted with other owners: it is mounted with such already, or "
                     "this is no root of the whole system",
                     what);
  return ul_throw_errno (error, "mount %s with other owners", what);
}

gboolean
ul_idmap_mount_new (int dfd, const UlIdMap *map, const char *what, int *out_fd, GError **error)
{
  ul_autofd int userns = -1;
  ul_autofd int fd = open_tree (dfd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (fd < 0)
    return errno == ENOSYS ? throw_idmap (what, error) : ul_throw_errno (error, "mount %s", what);
  if (!ul_id_map_open_userns (map, &userns, error))
    return ul_prefix (error, "mount %s", what);
  /* Private: what is mounted in the original later is none of the copy. */
  struct mount_attr attr = {
    .attr_set = ATTRIBUTES | MOUNT_ATTR_IDMAP,
    .propagation = MS_PRIVATE,
    .userns_fd = (guint64) userns,
  };
  if (mount_setattr (fd, "", AT_EMPTY_PATH, &attr, sizeof attr) != 0)
    return throw_idmap (what, error);
  *out_fd = ul_fd_steal (&fd);
  return TRUE;
}

gboolean
ul_idmap_mount_attach (int mount_fd, int dfd, const char *what, GError **error)
{
  if (move_mount (mount_fd, "", dfd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
    return ul_throw_errno (error, "mount on %s", what);
  return TRUE;
}

/* The options of the mount with this id: "ro,nosuid,nodev,relatime,idmapped". */
static gboolean
find_options (guint64 id, const char *what, char **out, GError **error)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents (MOUNTS, &text, NULL, NULL))
    return ul_throw (error, UL_ERROR_FAILED, "%s: can't read " MOUNTS, what);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) fields = g_strsplit (*line, " ", 7);
      if (g_strv_length (fields) < 6 || g_ascii_strtoull (fields[0], NULL, 10) != id)
        continue;
      *out = g_strdup (fields[5]);
      return TRUE;
    }
  return ul_throw (error, UL_ERROR_FAILED, "%s: not in " MOUNTS, what);
}

gboolean
ul_idmap_mount_at (int dfd, const char *what, UlPlace *out, GError **error)
{
  static const char *const wanted[] = { "ro", "nosuid", "nodev", "idmapped" };
  struct statx st;
  g_autofree char *options = NULL;
  if (statx (dfd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) != 0)
    return ul_throw_errno (error, "%s", what);
  if (!(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
    {
      *out = UL_PLACE_PLAIN;
      return TRUE;
    }
  if (!find_options (st.stx_mnt_id, what, &options, error))
    return FALSE;
  g_auto (GStrv) words = g_strsplit (options, ",", -1);
  UlPlace place = UL_PLACE_IDMAPPED;
  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
    if (!g_strv_contains ((const char *const *) words, wanted[i]))
      place = UL_PLACE_MOUNT;
  *out = place;
  return TRUE;
}

gboolean
ul_idmap_mount_detach (const char *path, GError **error)
{
  if (umount2 (path, UMOUNT_NOFOLLOW) == 0)
    return TRUE;
  if (errno == EBUSY)
    return ul_throw (error, UL_ERROR_FAILED,
                     "%s: in use, by a process that has something in it open", path);
  return ul_throw_errno (error, "unmount %s", path);
}
