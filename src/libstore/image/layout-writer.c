// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/layout-writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "image/layout-private.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/tmpfile.h"

#define VERSION_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"

/* All less what the umask takes. */
#define FILE_MODE 0644
#define DIR_MODE  0755

struct _UlLayoutWriter
{
  char *path;
  int dfd;
  UlMembers *members; /* of the same directory, to read what is there */
  int blobs_dfd;      /* blobs/sha256 */
  UlHasher *hasher;
  UlTmpFile blob; /* the one that's begun */
  guint64 blob_size;
};

static gboolean
has_file (int dfd, const char *name, gboolean *out_has, GError **error)
{
  struct stat st;
  *out_has = fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
  return *out_has || errno == ENOENT || ul_throw_errno (error, "stat %s", name);
}

static gboolean
put_file (int dfd, const char *name, GBytes *bytes, gboolean sync, GError **error)
{
  g_auto (UlTmpFile) tmp = UL_TMP_FILE_INIT;
  gsize len;
  const void *data = g_bytes_get_data (bytes, &len);
  if (!ul_tmp_file_open (&tmp, dfd, TRUE, FILE_MODE, error)
      || !ul_fd_write_all (tmp.fd, data, len, name, error))
    return FALSE;
  if (sync && fsync (tmp.fd) != 0)
    return ul_throw_errno (error, "fsync %s", name);
  return ul_tmp_file_replace (&tmp, name, error);
}

static gboolean
check_empty (int dfd, GError **error)
{
  const int fd = openat (dfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  gboolean empty = TRUE;
  if (dir == NULL)
    return ul_throw_errno (error, "read directory");
  const struct dirent *entry;
  while (errno = 0, empty && (entry = readdir (dir)) != NULL)
    empty = g_str_equal (entry->d_name, ".") || g_str_equal (entry->d_name, "..");
  const gboolean ok = errno == 0 || ul_throw_errno (error, "read directory");
  closedir (dir);
  if (!ok)
    return FALSE;
  return empty || ul_throw (error, UL_ERROR_INVALID, "neither an OCI layout nor empty");
}

/* The version goes first, so that a layout whose writer was killed is one to the next. */
static gboolean
prepare_version (UlLayoutWriter *self, GError **error)
{
  gboolean has;
  if (!has_file (self->dfd, UL_LAYOUT_VERSION_FILE, &has, error))
    return FALSE;
  if (has)
    return ul_layout_check_version (self->members, error);
  g_autoptr (GBytes) text = g_bytes_new_static (VERSION_TEXT, sizeof VERSION_TEXT - 1);
  return check_empty (self->dfd, error)
         && put_file (self->dfd, UL_LAYOUT_VERSION_FILE, text, FALSE, error);
}

/* A directory in @dfd, made if it isn't there. */
static gboolean
open_dir (int dfd, const char *name, int *out_fd, GError **error)
{
  if (mkdirat (dfd, name, DIR_MODE) != 0 && errno != EEXIST)
    return ul_throw_errno (error, "make directory %s", name);
  *out_fd = ul_fd_open_beneath (dfd, name, O_RDONLY | O_DIRECTORY, 0);
  return *out_fd >= 0 || ul_throw_errno (error, "open directory %s", name);
}

static GBytes *
read_index (UlLayoutWriter *self, GError **error)
{
  gboolean has;
  if (!has_file (self->dfd, UL_LAYOUT_INDEX_FILE, &has, error))
    return NULL;
  return has ? ul_layout_read_index (self->members, error)
             : g_bytes_new_static (UL_OCI_INDEX_EMPTY, sizeof UL_OCI_INDEX_EMPTY - 1);
}

/* Can an image be put into it? Better known before there are gigabytes of blobs. */
static gboolean
check_index (UlLayoutWriter *self, GError **error)
{
  g_autoptr (UlOciIndex) index = NULL;
  g_autoptr (GBytes) bytes = read_index (self, error);
  if (bytes != NULL)
    index = ul_oci_index_parse (bytes, UL_LAYOUT_INDEX_FILE, error);
  return index != NULL;
}

/* Two that make a layout or add an image at the same time do it one after the other. Other tools
 * know no lock, and a file system may have none: then the index is the one that comes last. */
static void
lock (UlLayoutWriter *self)
{
  while (flock (self->dfd, LOCK_EX) != 0 && errno == EINTR)
    ;
}

static void
unlock (UlLayoutWriter *self)
{
  (void) flock (self->dfd, LOCK_UN);
}

static gboolean
prepare (UlLayoutWriter *self, GError **error)
{
  ul_autofd int blobs = -1;
  return prepare_version (self, error) && check_index (self, error)
         && open_dir (self->dfd, "blobs", &blobs, error)
         && open_dir (blobs, "sha256", &self->blobs_dfd, error);
}

UlLayoutWriter *
ul_layout_writer_open (int dfd, const char *path, GError **error)
{
  ul_autofd int fd = -1;
  if (!ul_fd_make_dirs_at (dfd, path, DIR_MODE, error)
      || !ul_fd_open_dir_at (dfd, path, TRUE, &fd, error))
    return NULL;
  UlMembers *members = ul_members_open_dir (fd, ".", error);
  if (members == NULL)
    return NULL;
  g_autoptr (UlLayoutWriter) self = g_new0 (UlLayoutWriter, 1);
  self->members = members;
  self->path = g_strdup (path);
  self->dfd = ul_fd_steal (&fd);
  self->blobs_dfd = -1;
  self->hasher = ul_hasher_new ();
  self->blob = (UlTmpFile) UL_TMP_FILE_INIT;
  lock (self);
  const gboolean ok = prepare (self, error);
  unlock (self);
  if (ok)
    return g_steal_pointer (&self);
  ul_prefix (error, "%s", path);
  return NULL;
}

void
ul_layout_writer_free (UlLayoutWriter *self)
{
  if (self == NULL)
    return;
  ul_tmp_file_clear (&self->blob);
  ul_hasher_free (self->hasher);
  ul_members_free (self->members);
  ul_fd_clear (&self->blobs_dfd);
  ul_fd_clear (&self->dfd);
  g_free (self->path);
  g_free (self);
}

gboolean
ul_layout_writer_begin_blob (UlLayoutWriter *self, GError **error)
{
  ul_tmp_file_clear (&self->blob);
  ul_hasher_start (self->hasher);
  self->blob_size = 0;
  return ul_layout_writer_open_file (self, &self->blob, error);
}

gboolean
ul_layout_writer_write (UlLayoutWriter *self, const void *data, gsize len, GError **error)
{
  ul_hasher_update (self->hasher, data, len);
  self->blob_size += len;
  return ul_fd_write_all (self->blob.fd, data, len, "blob", error)
         || ul_prefix (error, "%s", self->path);
}

/* What has the blob's name and isn't it gets replaced. */
gboolean
ul_layout_writer_has_blob (const UlLayoutWriter *self, const UlChecksum *digest, guint64 size)
{
  char name[UL_CHECKSUM_HEX_LEN + 1];
  struct stat st;
  ul_checksum_to_hex (digest, name);
  return fstatat (self->blobs_dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG (st.st_mode)
         && (guint64) st.st_size == size;
}

gboolean
ul_layout_writer_open_file (const UlLayoutWriter *self, UlTmpFile *out, GError **error)
{
  return ul_tmp_file_open (out, self->blobs_dfd, TRUE, FILE_MODE, error)
         || ul_prefix (error, "%s", self->path);
}

gboolean
ul_layout_writer_add_file (const UlLayoutWriter *self, UlTmpFile *file, const UlChecksum *digest,
                           guint64 size, GError **error)
{
  char name[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (digest, name);
  if (!ul_layout_writer_has_blob (self, digest, size) && !ul_tmp_file_replace (file, name, error))
    return ul_prefix (error, "%s: blob %s", self->path, name);
  ul_tmp_file_clear (file);
  return TRUE;
}

gboolean
ul_layout_writer_finish_blob (UlLayoutWriter *self, UlChecksum *out_digest, guint64 *out_size,
                              GError **error)
{
  UlChecksum digest;
  ul_hasher_finish (self->hasher, &digest);
  if (!ul_layout_writer_add_file (self, &self->blob, &digest, self->blob_size, error))
    return FALSE;
  *out_digest = digest;
  *out_size = self->blob_size;
  return TRUE;
}

gboolean
ul_layout_writer_add_blob (UlLayoutWriter *self, GBytes *bytes, UlChecksum *out_digest,
                           GError **error)
{
  gsize len;
  guint64 size;
  const void *data = g_bytes_get_data (bytes, &len);
  return ul_layout_writer_begin_blob (self, error)
         && ul_layout_writer_write (self, data, len, error)
         && ul_layout_writer_finish_blob (self, out_digest, &size, error);
}

static gboolean
publish (UlLayoutWriter *self, const char *tag, const char *media_type, const UlChecksum *digest,
         guint64 size, GError **error)
{
  g_autoptr (GBytes) old = read_index (self, error);
  if (old == NULL)
    return FALSE;
  g_autoptr (GBytes) new
      = ul_oci_index_put (old, UL_LAYOUT_INDEX_FILE, tag, media_type, digest, size, error);
  if (new == NULL)
    return FALSE;
  /* All that the new index points to, and the directories, which may be new, before it itself. */
  if (syncfs (self->dfd) != 0)
    return ul_throw_errno (error, "syncfs");
  if (!put_file (self->dfd, UL_LAYOUT_INDEX_FILE, new, TRUE, error))
    return FALSE;
  return fsync (self->dfd) == 0 || ul_throw_errno (error, "fsync");
}

gboolean
ul_layout_writer_publish (UlLayoutWriter *self, const char *tag, const char *media_type,
                          const UlChecksum *digest, guint64 size, GError **error)
{
  lock (self);
  const gboolean ok = publish (self, tag, media_type, digest, size, error);
  unlock (self);
  return ok || ul_prefix (error, "%s", self->path);
}
