// SPDX-License-Identifier: LGPL-2.1-or-later

/* The checksum that a file, symlink or directory would have as an object, with no repository at
 * hand. A directory's is that of its dirmeta, as with OSTree. */

#include <fcntl.h>

#include "build/commit.h"
#include "core/dirtree.h"
#include "repo/objects.h"
#include "repo/source-file.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

static gboolean
checksum_dir (const char *path, const struct stat *st, gboolean ignore_xattrs, UlChecksum *out,
              GError **error)
{
  ul_autofd int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  g_autoptr (GVariant) xattrs = NULL;
  if (fd < 0)
    return ul_throw_errno (error, "open");
  if (!ul_xattr_read_fd (fd, &xattrs, error))
    return FALSE;
  g_autoptr (GVariant) dirmeta = g_variant_ref_sink (ul_dirmeta_new (
      st->st_uid, st->st_gid, st->st_mode, ignore_xattrs ? ul_xattr_empty () : xattrs));
  ul_checksum_of_data (g_variant_get_data (dirmeta), g_variant_get_size (dirmeta), out);
  return TRUE;
}

static gboolean
checksum_file (const char *path, gboolean ignore_xattrs, UlChecksum *out, GError **error)
{
  g_autofree char *dir = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  ul_autofd int dfd = -1;
  g_auto (UlSourceFile) file = { .fd = -1 };
  if (!ul_fd_open_dir_at (AT_FDCWD, dir, TRUE, &dfd, error)
      || !ul_source_file_open (dfd, name, &file, error))
    return FALSE;
  if (ignore_xattrs)
    {
      g_variant_unref (file.meta.xattrs);
      file.meta.xattrs = g_variant_ref (ul_xattr_empty ());
    }

  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  return ul_objects_hash_file (&file.meta, file.fd, hasher, out, error);
}

gboolean
ul_commit_checksum_path (const char *path, gboolean ignore_xattrs, UlChecksum *out, GError **error)
{
  struct stat st;
  if (lstat (path, &st) != 0)
    return ul_throw_errno (error, "checksum %s", path);
  const gboolean ok = S_ISDIR (st.st_mode) ? checksum_dir (path, &st, ignore_xattrs, out, error)
                                           : checksum_file (path, ignore_xattrs, out, error);
  return ok || ul_prefix (error, "checksum %s", path);
}
