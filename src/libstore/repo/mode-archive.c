// SPDX-License-Identifier: LGPL-2.1-or-later

/* archive: each file is a header and its content as a raw deflate stream, in a .filez that anybody
 * may read: what a web server hands out. Files held in memory are packed by libdeflate, larger ones
 * stream through zlib; the format is the same. */

#include <fcntl.h>
#include <libdeflate.h>
#include <sys/stat.h>

#include "repo/deflate.h"
#include "repo/mode.h"
#include "util/error.h"
#include "util/fd.h"

static gboolean
write_packed (const UlStore *store, const UlSource *source, int fd, GError **error)
{
  if (source->size > UL_SOURCE_WHOLE_MAX)
    return ul_deflate_stream (source, store->zlib_level, store->jobs, fd, store->tee, error);

  const guint8 *data;
  if (!ul_source_get_whole (source, store->scratch, &data, error))
    return FALSE;
  if (store->tee != NULL)
    ul_hasher_update (store->tee, data, (gsize) source->size);
  const guint8 *packed;
  gsize packed_len;
  ul_deflate_whole (data, (gsize) source->size, store->scratch, store->zlib_level, &packed,
                    &packed_len);
  return ul_fd_write_all (fd, packed, packed_len, "object", error);
}

static gboolean
store (const UlStore *store_, const UlFileMeta *meta, const UlSource *source, GError **error)
{
  ul_autofd int fd = openat (store_->dfd, store_->name,
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0)
    return ul_throw_errno (error, "create object");
  g_autoptr (GBytes) header = ul_file_meta_to_archive_header (meta, source->size);
  gsize len;
  const void *data = g_bytes_get_data (header, &len);
  if (!ul_fd_write_all (fd, data, len, "object", error))
    return FALSE;
  if (S_ISREG (meta->mode) && !write_packed (store_, source, fd, error))
    return FALSE;
  /* Readable by all whatever the umask: the point of an archive is to be served. */
  if (!ul_mode_ensure_mode (fd, 0644, error))
    return FALSE;
  if (store_->sync && fsync (fd) != 0)
    return ul_throw_errno (error, "fsync object");
  return TRUE;
}

static gboolean
read_exactly (int fd, void *buffer, gsize len, GError **error)
{
  gsize n;
  if (!ul_fd_read_full (fd, buffer, len, "object", &n, error))
    return FALSE;
  return n == len || ul_throw (error, UL_ERROR_CORRUPT, "file header is truncated");
}

/* Leaves the descriptor behind the header. */
static gboolean
read_header (UlStored *stored, GError **error)
{
  guint8 prefix[UL_FILE_META_PREFIX_LEN];
  gsize len;
  if (!read_exactly (stored->fd, prefix, sizeof prefix, error)
      || !ul_file_meta_archive_header_size (prefix, &len, error))
    return FALSE;
  if (stored->size < len)
    return ul_throw (error, UL_ERROR_CORRUPT, "file header is truncated");
  stored->packed_size = stored->size - len;

  g_autofree guint8 *header = g_malloc (len);
  memcpy (header, prefix, sizeof prefix);
  return read_exactly (stored->fd, header + sizeof prefix, len - sizeof prefix, error)
         && ul_file_meta_from_archive_header (header, len, &stored->meta, &stored->size, error);
}

static gboolean
load (UlRepo *repo, const UlChecksum *checksum, const char *path, UlStored *stored, GError **error)
{
  stored->compressed = TRUE;
  if (!ul_mode_refuse_symlink (stored, error) || !read_header (stored, error))
    return FALSE;
  if (stored->meta.symlink_target != NULL)
    stored->size = 0;
  return TRUE;
}

const UlModeOps ul_mode_archive = {
  .mode = UL_REPO_MODE_ARCHIVE,
  .name = "archive-z2",
  .compressed = TRUE,
  .adopts = 1 << UL_REPO_MODE_ARCHIVE,
  .store = store,
  .load = load,
};
