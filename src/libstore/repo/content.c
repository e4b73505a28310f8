// SPDX-License-Identifier: LGPL-2.1-or-later

/* Reading the content of an object, stored or compressed, and checking an object against its name.
 */

#include <sys/stat.h>
#include <unistd.h>

#include "repo/content-private.h"
#include "repo/deflate.h"
#include "repo/mode.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"

#define READ_CHUNK (128 * 1024)

struct _UlContent
{
  UlStored stored;
  UlInflate *inflate; /* of compressed content, from the first read on */
  guint64 done;       /* bytes given out */
  UlChecksum checksum;
};

static gboolean
name_in_error (UlContent *content, GError **error)
{
  g_autofree char *name = ul_object_to_string (&content->checksum, UL_OBJECT_FILE);
  return ul_prefix (error, "reading object %s", name);
}

static gboolean
load_at (UlRepo *repo, int dfd, const char *path, const UlChecksum *checksum, gboolean *out_found,
         UlStored *stored, GError **error)
{
  return ul_mode_open_object (dfd, path, out_found, stored, error)
         && (!*out_found || ul_repo_mode_ops (repo)->load (repo, checksum, path, stored, error));
}

static gboolean
finish_load (gboolean ok, gboolean found, const UlChecksum *checksum, GError **error)
{
  if (ok && found)
    return TRUE;

  g_autofree char *name = ul_object_to_string (checksum, UL_OBJECT_FILE);
  if (!ok)
    return ul_prefix (error, "loading object %s", name);
  return ul_throw (error, UL_ERROR_NOT_FOUND, "No such file object %s", name);
}

static gboolean
load (UlRepo *repo, const UlChecksum *checksum, UlStored *stored, GError **error)
{
  gboolean found = FALSE;
  gboolean ok = TRUE;
  for (; ok && !found && repo != NULL; repo = ul_repo_parent (repo))
    {
      char path[UL_OBJECT_LOOSE_PATH_MAX];
      ul_object_loose_path (checksum, UL_OBJECT_FILE, ul_repo_is_compressed (repo), path);
      ok = load_at (repo, ul_repo_objects_dfd (repo), path, checksum, &found, stored, error);
    }
  return finish_load (ok, found, checksum, error);
}

gboolean
ul_objects_load_file_meta (UlRepo *repo, const UlChecksum *checksum, UlFileMeta *out_meta,
                           guint64 *out_size, GError **error)
{
  g_auto (UlStored) stored = UL_STORED_INIT;
  if (!load (repo, checksum, &stored, error))
    return FALSE;
  *out_meta = stored.meta;
  stored.meta = (UlFileMeta){ 0 };
  if (out_size != NULL)
    *out_size = stored.size;
  return TRUE;
}

static UlContent *
content_new (const UlChecksum *checksum)
{
  UlContent *content = g_new0 (UlContent, 1);
  content->stored = (UlStored) UL_STORED_INIT;
  content->checksum = *checksum;
  return content;
}

/* A symlink's descriptor is of no use. */
static UlContent *
content_loaded (UlContent *content)
{
  if (content->stored.meta.symlink_target != NULL)
    ul_fd_clear (&content->stored.fd);
  return content;
}

gboolean
ul_objects_open_file (UlRepo *repo, const UlChecksum *checksum, UlContent **out_content,
                      GError **error)
{
  g_autoptr (UlContent) content = content_new (checksum);
  if (!load (repo, checksum, &content->stored, error))
    return FALSE;
  *out_content = content_loaded (g_steal_pointer (&content));
  return TRUE;
}

gboolean
ul_content_open_at (UlRepo *repo, int dfd, const char *path, const UlChecksum *checksum,
                    UlContent **out_content, GError **error)
{
  g_autoptr (UlContent) content = content_new (checksum);
  gboolean found = FALSE;
  const gboolean ok = load_at (repo, dfd, path, checksum, &found, &content->stored, error);
  if (!finish_load (ok, found, checksum, error))
    return FALSE;
  *out_content = content_loaded (g_steal_pointer (&content));
  return TRUE;
}

void
ul_content_free (UlContent *content)
{
  if (content == NULL)
    return;
  ul_inflate_free (content->inflate);
  ul_stored_clear (&content->stored);
  g_free (content);
}

const UlFileMeta *
ul_content_meta (UlContent *content)
{
  return &content->stored.meta;
}

guint64
ul_content_size (UlContent *content)
{
  return content->stored.size;
}

int
ul_content_fd (UlContent *content)
{
  return content->stored.compressed ? -1 : content->stored.fd;
}

static gboolean
read_stored (UlContent *content, void *buffer, gsize len, gsize *out_n, GError **error)
{
  if (!content->stored.compressed)
    return ul_fd_read (content->stored.fd, buffer, len, NULL, out_n, error);
  if (content->inflate == NULL)
    content->inflate = ul_inflate_new (content->stored.fd);
  return ul_inflate_read (content->inflate, buffer, len, out_n, error);
}

gboolean
ul_content_read (UlContent *content, void *buffer, gsize len, gsize *out_n, GError **error)
{
  gsize n = 0;
  if (content->stored.fd >= 0 && !read_stored (content, buffer, len, &n, error))
    return name_in_error (content, error);

  content->done += n;
  if (content->done > content->stored.size
      || (n == 0 && len > 0 && content->done != content->stored.size))
    {
      ul_throw (error, UL_ERROR_CORRUPT, "content isn't of the size its header says");
      return name_in_error (content, error);
    }
  *out_n = n;
  return TRUE;
}

static gboolean
rewind_stored (const UlStored *stored, GError **error)
{
  struct stat st;
  goffset start = 0;
  if (stored->compressed)
    {
      if (fstat (stored->fd, &st) != 0)
        return ul_throw_errno (error, "stat");
      start = st.st_size - (goffset) stored->packed_size;
      if (start < 0)
        return ul_throw (error, UL_ERROR_CORRUPT, "it has become shorter");
    }
  return lseek (stored->fd, start, SEEK_SET) == start || ul_throw_errno (error, "lseek");
}

gboolean
ul_content_rewind (UlContent *content, GError **error)
{
  g_clear_pointer (&content->inflate, ul_inflate_free);
  content->done = 0;
  return rewind_stored (&content->stored, error) || name_in_error (content, error);
}

gboolean
ul_content_copy_to (UlContent *content, int to, GError **error)
{
  const int fd = ul_content_fd (content);
  if (fd >= 0)
    {
      g_autofree char *name = ul_object_to_string (&content->checksum, UL_OBJECT_FILE);
      return ul_fd_copy (fd, to, content->stored.size, error)
             || ul_prefix (error, "copying object %s", name);
    }

  g_autofree guint8 *buffer = g_malloc (READ_CHUNK);
  for (;;)
    {
      gsize n;
      if (!ul_content_read (content, buffer, READ_CHUNK, &n, error))
        return FALSE;
      if (n == 0)
        return TRUE;
      if (!ul_fd_write_all (to, buffer, n, "file", error))
        return FALSE;
    }
}

/* Unpacked at once, which is a third of the time it takes as a stream. */
static gboolean
unpack (UlContent *content, UlScratch *scratch, guint8 *out, GError **error)
{
  const UlStored *stored = &content->stored;
  guint8 *packed = ul_scratch_packed (scratch, (gsize) stored->packed_size);
  gsize n;
  if (!ul_fd_read_full (stored->fd, packed, (gsize) stored->packed_size, NULL, &n, error)
      || !ul_inflate_whole (packed, n, scratch, out, (gsize) stored->size, error))
    return name_in_error (content, error);
  content->done = stored->size;
  return TRUE;
}

/* Packed content that is much larger than itself is sound, but not for a buffer. */
static gboolean
unpacks_at_once (const UlContent *content)
{
  const UlStored *stored = &content->stored;
  return stored->fd >= 0 && stored->compressed && stored->packed_size <= UL_SOURCE_WHOLE_MAX
         && stored->size <= UL_SOURCE_WHOLE_MAX;
}

gboolean
ul_content_get_whole (UlContent *content, UlScratch *scratch, const guint8 **out_data,
                      GError **error)
{
  const UlStored *stored = &content->stored;
  g_assert (stored->size <= UL_SOURCE_WHOLE_MAX && content->done == 0);
  if (unpacks_at_once (content))
    {
      guint8 *unpacked = ul_scratch_whole (scratch, (gsize) stored->size);
      *out_data = unpacked;
      return unpack (content, scratch, unpacked, error);
    }

  /* A plain file ends where its inode says; a stream has to be asked whether there is more. */
  const gsize room = (gsize) stored->size + (stored->compressed ? 1 : 0);
  guint8 *whole = ul_scratch_whole (scratch, room);
  for (gsize at = 0, n = 1; n > 0 && at < room; at += n)
    if (!ul_content_read (content, whole + at, room - at, &n, error))
      return FALSE;
  *out_data = whole;
  return TRUE;
}

struct _UlContentBuffers
{
  UlScratch scratch;
};

UlContentBuffers *
ul_content_buffers_new (void)
{
  return g_new0 (UlContentBuffers, 1);
}

void
ul_content_buffers_free (UlContentBuffers *buffers)
{
  ul_scratch_clear (&buffers->scratch);
  g_free (buffers);
}

gboolean
ul_content_read_all (UlContent *content, UlContentBuffers *buffers, void *out, GError **error)
{
  g_assert (content->done == 0);
  const guint64 size = content->stored.size;
  if (unpacks_at_once (content))
    return unpack (content, &buffers->scratch, out, error);
  gsize n;
  for (guint64 at = 0; at < size; at += n)
    if (!ul_content_read (content, (guint8 *) out + at, (gsize) (size - at), &n, error))
      return FALSE;
  /* A stream has to be asked whether there is more. */
  guint8 byte;
  return !content->stored.compressed || ul_content_read (content, &byte, 1, &n, error);
}

gboolean
ul_objects_hash_file (const UlFileMeta *meta, int fd, UlHasher *hasher, UlChecksum *out,
                      GError **error)
{
  guint8 *buffer = ul_hasher_buffer (hasher);
  gsize n = 0;
  ul_file_meta_start_hash (meta, hasher);
  do
    {
      if (fd >= 0 && !ul_fd_read (fd, buffer, UL_HASHER_BUFFER, NULL, &n, error))
        return FALSE;
      ul_hasher_update (hasher, buffer, n);
    }
  while (n > 0);
  ul_hasher_finish (hasher, out);
  return TRUE;
}

gboolean
ul_content_hash (UlContent *content, UlHasher *hasher, UlChecksum *out_checksum, guint64 *out_bytes,
                 GError **error)
{
  ul_file_meta_start_hash (&content->stored.meta, hasher);
  guint8 *buffer = ul_hasher_buffer (hasher);
  /* A plain file ends where its inode says; only of a compressed one the end has to be read. */
  while (content->stored.compressed || content->done < content->stored.size)
    {
      gsize n;
      if (!ul_content_read (content, buffer, UL_HASHER_BUFFER, &n, error))
        return FALSE;
      if (n == 0)
        break;
      ul_hasher_update (hasher, buffer, n);
    }
  *out_bytes = content->done;
  ul_hasher_finish (hasher, out_checksum);
  return TRUE;
}

gboolean
ul_objects_verify (UlRepo *repo, UlObjectType type, const UlChecksum *checksum, UlHasher *hasher,
                   UlChecksum *out_actual, guint64 *out_bytes, GError **error)
{
  if (type == UL_OBJECT_FILE)
    {
      g_autoptr (UlContent) content = NULL;
      return ul_objects_open_file (repo, checksum, &content, error)
             && ul_content_hash (content, hasher, out_actual, out_bytes, error);
    }
  g_autoptr (GVariant) variant = NULL;
  if (!ul_objects_load (repo, type, checksum, &variant, error))
    return FALSE;
  ul_hasher_start (hasher);
  ul_hasher_update (hasher, g_variant_get_data (variant), g_variant_get_size (variant));
  ul_hasher_finish (hasher, out_actual);
  *out_bytes = g_variant_get_size (variant);
  return TRUE;
}
