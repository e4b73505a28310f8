// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/devino.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/object.h"
#include "util/error.h"
#include "util/fd.h"

typedef struct
{
  guint64 inode;
  UlChecksum checksum;
} Known;

struct _UlDevino
{
  guint64 device;
  GArray *known; /* of Known, sorted by inode */
};

static int
compare_inodes (gconstpointer a, gconstpointer b)
{
  const guint64 x = ((const Known *) a)->inode;
  const guint64 y = ((const Known *) b)->inode;
  return x < y ? -1 : x > y;
}

static gboolean
scan_directory (UlDevino *self, int objects_dfd, const char *name, GError **error)
{
  const int fd = openat (objects_dfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    return errno == ENOENT || ul_throw_errno (error, "listing objects/%s", name);
  struct dirent *entry;
  errno = 0;
  while ((entry = readdir (dir)) != NULL)
    {
      Known known;
      UlObjectType type;
      gboolean compressed;
      if (ul_object_parse_loose (name, entry->d_name, &known.checksum, &type, &compressed)
          && type == UL_OBJECT_FILE && !compressed)
        {
          known.inode = entry->d_ino;
          g_array_append_val (self->known, known);
        }
      errno = 0;
    }
  const int failed = errno;
  closedir (dir);
  errno = failed;
  return failed == 0 || ul_throw_errno (error, "listing objects/%s", name);
}

gboolean
ul_devino_scan (UlRepo *repo, UlDevino **out_devino, GError **error)
{
  g_autoptr (UlDevino) self = g_new0 (UlDevino, 1);
  self->device = ul_repo_device (repo);
  self->known = g_array_new (FALSE, FALSE, sizeof (Known));
  for (guint i = 0; i < 256; i++)
    {
      char name[3];
      g_snprintf (name, sizeof name, "%02x", i);
      if (!scan_directory (self, ul_repo_objects_dfd (repo), name, error))
        return FALSE;
    }
  g_array_sort (self->known, compare_inodes);
  *out_devino = g_steal_pointer (&self);
  return TRUE;
}

gboolean
ul_devino_lookup (const UlDevino *self, guint64 device, guint64 inode, UlChecksum *out)
{
  if (device != self->device || self->known->len == 0)
    return FALSE;
  const Known key = { .inode = inode };
  const Known *found
      = bsearch (&key, self->known->data, self->known->len, sizeof (Known), compare_inodes);
  if (found == NULL)
    return FALSE;
  *out = found->checksum;
  return TRUE;
}

void
ul_devino_free (UlDevino *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->known);
  g_free (self);
}
