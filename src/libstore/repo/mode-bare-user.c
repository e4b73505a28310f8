// SPDX-License-Identifier: LGPL-2.1-or-later

/* bare-user: content as it is, owned by whoever writes the repository; owner, mode and xattrs are
 * in the xattr user.ostreemeta. A symlink is a regular file that holds its target (user xattrs
 * can't be on symlinks). */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "repo/mode.h"
#include "util/error.h"
#include "util/fd.h"

#define META_XATTR "user.ostreemeta"

static gboolean
set_meta (int fd, const UlFileMeta *meta, GError **error)
{
  g_autoptr (GBytes) bytes = ul_file_meta_to_user_xattr (meta);
  gsize len;
  const void *data = g_bytes_get_data (bytes, &len);
  if (fsetxattr (fd, META_XATTR, data, len, 0) != 0)
    return ul_throw_errno (error, "set xattr " META_XATTR " of object");
  return TRUE;
}

static gboolean
store (const UlStore *store_, const UlFileMeta *meta, const UlSource *source, GError **error)
{
  const gboolean is_link = S_ISLNK (meta->mode);
  UlSource target = { .fd = -1 };
  if (is_link)
    {
      /* With its NUL, as ostree writes it. */
      target.data = (const guint8 *) meta->symlink_target;
      target.size = strlen (meta->symlink_target) + 1;
      /* A target is no content: it's in the header that is hashed already. */
      source = &target;
    }
  UlStore plain = *store_;
  if (is_link)
    plain.tee = NULL;

  /* The real mode's executable bits let a user checkout hardlink it; the owner can always read. */
  const mode_t mode = is_link ? 0644 : ((meta->mode & 0775) | S_IRUSR);
  ul_autofd int fd = -1;
  return ul_mode_create_file (&plain, mode, source, &fd, error) && set_meta (fd, meta, error)
         && ul_mode_ensure_mode (fd, mode, error) && ul_mode_finish_file (store_, fd, error);
}

static gboolean
read_meta (int fd, UlFileMeta *out, GError **error)
{
  for (;;)
    {
      const ssize_t size = fgetxattr (fd, META_XATTR, NULL, 0);
      if (size < 0 && errno == ENODATA)
        return ul_throw (error, UL_ERROR_CORRUPT, "has no xattr " META_XATTR);
      if (size < 0)
        return ul_throw_errno (error, "read xattr " META_XATTR);
      g_autofree guint8 *data = g_malloc ((gsize) size + 1);
      const ssize_t got = fgetxattr (fd, META_XATTR, data, (gsize) size);
      if (got < 0 && errno == ERANGE)
        continue;
      if (got < 0)
        return ul_throw_errno (error, "read xattr " META_XATTR);
      return ul_file_meta_from_user_xattr (data, (gsize) got, out, error);
    }
}

static gboolean
read_target (int fd, guint64 size, char **out_target, GError **error)
{
  if (size == 0 || size > PATH_MAX)
    return ul_throw (error, UL_ERROR_CORRUPT, "symlink target of invalid length");
  g_autofree char *target = g_malloc0 ((gsize) size + 1);
  gsize n;
  if (!ul_fd_read_full (fd, target, (gsize) size, "symlink target", &n, error))
    return FALSE;
  if (n != size)
    return ul_throw (error, UL_ERROR_CORRUPT, "symlink target is truncated");
  /* ostree writes a NUL behind the target, and reads it without one too. */
  if (size > 1 && target[size - 1] == '\0')
    size--;
  if (strlen (target) != size)
    return ul_throw (error, UL_ERROR_CORRUPT, "symlink target holds a NUL byte");
  *out_target = g_steal_pointer (&target);
  return TRUE;
}

static gboolean
load (UlRepo *repo, const UlChecksum *checksum, const char *path, UlStored *stored, GError **error)
{
  if (!ul_mode_refuse_symlink (stored, error) || !read_meta (stored->fd, &stored->meta, error))
    return FALSE;
  if (!S_ISLNK (stored->meta.mode))
    return TRUE;
  const guint64 size = stored->size;
  stored->size = 0;
  return read_target (stored->fd, size, &stored->meta.symlink_target, error);
}

const UlModeOps ul_mode_bare_user = {
  .mode = UL_REPO_MODE_BARE_USER,
  .name = "bare-user",
  .adopts = 1 << UL_REPO_MODE_BARE_USER,
  .links_user = UL_LINKS_REGULAR,
  .store = store,
  .load = load,
};
