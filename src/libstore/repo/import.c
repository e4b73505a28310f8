// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "repo/content-private.h"
#include "repo/mode.h"
#include "repo/split-xattrs.h"
#include "repo/transaction-private.h"
#include "repo/writer-private.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"

/* Below this a read, which verifies, is as fast as a clone. */
#define MIN_CLONE (64 * 1024)

typedef struct
{
  UlWriter *writer;
  UlTransaction *transaction;
  UlRepo *from;
  UlRepo *to;
  UlObjectType type;
  const UlChecksum *checksum;
  UlImportOptions options;
  int staging_dfd;
  char path[UL_STAGED_PATH_MAX]; /* where it's staged */
} Import;

static gboolean
throw_missing (const Import *self, GError **error)
{
  g_autofree char *name = ul_object_to_string (self->checksum, self->type);
  return ul_throw (error, UL_ERROR_NOT_FOUND, "No such object %s in repo %s", name,
                   ul_repo_path (self->from));
}

static gboolean
compare (UlRepo *from, UlObjectType type, const UlChecksum *checksum, const UlChecksum *actual,
         GError **error)
{
  if (ul_checksum_equal (checksum, actual))
    return TRUE;
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (actual, hex);
  g_autofree char *name = ul_object_to_string (checksum, type);
  return ul_throw (error, UL_ERROR_CORRUPT, "Corrupted object %s in repo %s: its checksum is %s",
                   name, ul_repo_path (from), hex);
}

static gboolean
check_checksum (const Import *self, const UlChecksum *actual, GError **error)
{
  return compare (self->from, self->type, self->checksum, actual, error);
}

gboolean
ul_import_load_metadata (UlRepo *from, UlObjectType type, const UlChecksum *checksum,
                         GVariant **out_variant, GError **error)
{
  g_autoptr (GVariant) variant = NULL;
  UlChecksum actual;
  if (!ul_objects_load_if_exists (from, type, checksum, &variant, error))
    return FALSE;
  if (variant != NULL)
    {
      ul_checksum_of_data (g_variant_get_data (variant), g_variant_get_size (variant), &actual);
      if (!compare (from, type, checksum, &actual, error))
        return FALSE;
    }
  *out_variant = g_steal_pointer (&variant);
  return TRUE;
}

/* In ostree's words. */
static gboolean
check_bits (const Import *self, const UlFileMeta *meta, GError **error)
{
  const guint32 beyond = meta->mode & 07777 & ~0775u;
  if (!self->options.bareuseronly_files || !S_ISREG (meta->mode) || beyond == 0)
    return TRUE;
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (self->checksum, hex);
  return ul_throw (error, UL_ERROR_INVALID, "Content object %s: invalid mode %07o with bits %05o",
                   hex, meta->mode, beyond);
}

static gboolean
check_meta (const Import *self, const UlFileMeta *meta, GError **error)
{
  const UlModeOps *ops = ul_repo_mode_ops (self->to);
  return ul_file_meta_validate_mode (meta->mode, error) && check_bits (self, meta, error)
         && (ops->check == NULL || ops->check (meta, error));
}

/* What the source's file itself can become in this repository. */

static gboolean
try_link (const Import *self, gboolean *out_linked, GError **error)
{
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (self->checksum, self->type, ul_repo_is_compressed (self->from), path);
  *out_linked
      = linkat (ul_repo_objects_dfd (self->from), path, self->staging_dfd, self->path, 0) == 0;
  if (*out_linked)
    return TRUE;
  switch (errno)
    {
    case ENOENT:
      return throw_missing (self, error);
    case EXDEV: /* one device, two mounts */
    case EMLINK:
    case EPERM: /* immutable, or somebody else's file where links to these are restricted */
    case EOPNOTSUPP:
      return TRUE;
    default:
      return ul_throw_errno (error, "link object");
    }
}

/* Where not every object may be linked: is this one the same in both modes? */
static gboolean
is_same_inode (const Import *self, UlContent *content, gboolean *out_same, GError **error)
{
  const UlModeOps *ops = ul_repo_mode_ops (self->to);
  const UlFileMeta *meta = ul_content_meta (content);
  struct stat st;
  *out_same = FALSE;
  if (!S_ISREG (meta->mode) || (ops->check != NULL && !ops->check (meta, NULL)))
    return TRUE;
  if (fstat (ul_content_fd (content), &st) != 0)
    return ul_throw_errno (error, "stat object");
  *out_same = (st.st_mode & 07777) == (meta->mode & 07777);
  return TRUE;
}

static gboolean
finish_link (const Import *self, GError **error)
{
  UlFileMeta meta = { 0 };
  g_autoptr (GVariant) xattrs = NULL;
  if (ul_repo_mode_ops (self->to)->split_xattrs
      && !ul_split_xattrs_load (self->from, self->checksum, &xattrs, error))
    return FALSE;
  meta.xattrs = xattrs;
  return ul_writer_finish_file (self->writer, &meta, 0, self->checksum, error);
}

/* Packed content as it lies: packing it again would give other bytes, and take long. */
static gboolean
copy_packed (const Import *self, UlImported *out, GError **error)
{
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (self->checksum, self->type, TRUE, path);
  gboolean found = FALSE;
  g_auto (UlStored) stored = UL_STORED_INIT;
  if (!ul_mode_open_object (ul_repo_objects_dfd (self->from), path, &found, &stored, error))
    return FALSE;
  if (!found)
    return throw_missing (self, error);
  if (!ul_mode_refuse_symlink (&stored, error)
      || !ul_transaction_reserve (self->transaction, stored.size, error))
    return FALSE;

  ul_autofd int fd = openat (self->staging_dfd, self->path,
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0)
    return ul_throw_errno (error, "create object");
  if (!ul_fd_copy (stored.fd, fd, stored.size, error) || !ul_mode_ensure_mode (fd, 0644, error))
    return FALSE;
  if (ul_transaction_syncs_each (self->transaction) && fsync (fd) != 0)
    return ul_throw_errno (error, "fsync object");
  ul_transaction_wrote (self->transaction, stored.size);
  *out = (UlImported){ .kind = UL_IMPORT_COPIED, .size = stored.size };
  return TRUE;
}

/* The copy, which nobody else can change any more. */
static gboolean
verify_packed (const Import *self, GError **error)
{
  g_autoptr (UlContent) content = NULL;
  UlChecksum actual;
  guint64 bytes;
  return ul_content_open_at (self->to, self->staging_dfd, self->path, self->checksum, &content,
                             error)
         && check_bits (self, ul_content_meta (content), error)
         && ul_content_hash (content, self->writer->hasher, &actual, &bytes, error)
         && check_checksum (self, &actual, error);
}

static gboolean
import_packed (const Import *self, UlImported *out, GError **error)
{
  if (!copy_packed (self, out, error) || (self->options.untrusted && !verify_packed (self, error)))
    return FALSE;
  UlFileMeta meta = { 0 };
  return ul_writer_finish_file (self->writer, &meta, out->size, self->checksum, error);
}

/* What has to be read and written. */

static gboolean
read_content (gpointer user, void *buffer, gsize len, gsize *out_n, GError **error)
{
  return ul_content_read (user, buffer, len, out_n, error);
}

/* In memory: verified before anything is written. */
static gboolean
store_whole (const Import *self, UlContent *content, GError **error)
{
  UlSource source = { .fd = -1, .size = ul_content_size (content) };
  UlHasher *hasher = self->writer->hasher;
  UlChecksum actual;
  if (source.size > 0
      && !ul_content_get_whole (content, &self->writer->scratch, &source.data, error))
    return FALSE;
  ul_file_meta_start_hash (ul_content_meta (content), self->writer->hasher);
  ul_hasher_update (hasher, source.data, (gsize) source.size);
  ul_hasher_finish (hasher, &actual);
  return check_checksum (self, &actual, error)
         && ul_writer_store (self->writer, ul_content_meta (content), &source, FALSE, self->path,
                             error);
}

/* Verified as it's written. */
static gboolean
store_stream (const Import *self, UlContent *content, GError **error)
{
  gboolean cloned = FALSE;
  const int fd = ul_content_fd (content);
  const gboolean try_clone = fd >= 0 && !self->options.untrusted
                             && ul_repo_device (self->from) == ul_repo_device (self->to);
  const UlSource source = {
    .fd = fd,
    .read = fd < 0 ? read_content : NULL,
    .user = content,
    .size = ul_content_size (content),
    .clone = try_clone ? &cloned : NULL,
  };
  UlChecksum actual;
  ul_file_meta_start_hash (ul_content_meta (content), self->writer->hasher);
  if (!ul_writer_store (self->writer, ul_content_meta (content), &source, TRUE, self->path, error))
    return FALSE;
  ul_hasher_finish (self->writer->hasher, &actual);
  return cloned || check_checksum (self, &actual, error);
}

static gboolean
import_content (const Import *self, UlContent *content, UlImported *out, GError **error)
{
  const UlFileMeta *meta = ul_content_meta (content);
  const guint64 size = ul_content_size (content);
  const gboolean in_memory
      = size < MIN_CLONE || (size <= UL_SOURCE_WHOLE_MAX && ul_content_fd (content) < 0);
  if (!check_meta (self, meta, error)
      || !(in_memory ? store_whole (self, content, error) : store_stream (self, content, error))
      || !ul_writer_finish_file (self->writer, meta, size, self->checksum, error))
    return FALSE;
  *out = (UlImported){ .kind = UL_IMPORT_COPIED, .size = size };
  return TRUE;
}

static gboolean
import_file (const Import *self, UlImported *out, GError **error)
{
  const gboolean may_link
      = !self->options.untrusted && ul_repo_device (self->from) == ul_repo_device (self->to);
  const UlImportLinks links = ul_repo_import_links (self->from, self->to);
  const gboolean packed = ul_repo_is_compressed (self->from) && ul_repo_is_compressed (self->to);
  gboolean linked = FALSE;
  g_autoptr (UlContent) content = NULL;
  if (self->options.bareuseronly_files || !(packed || (may_link && links == UL_IMPORT_LINKS_ALL)))
    {
      if (!ul_objects_open_file (self->from, self->checksum, &content, error)
          || !check_bits (self, ul_content_meta (content), error))
        return FALSE;
    }

  gboolean linkable = links == UL_IMPORT_LINKS_ALL;
  if (may_link && links == UL_IMPORT_LINKS_SOME && !is_same_inode (self, content, &linkable, error))
    return FALSE;
  if (may_link && linkable && !try_link (self, &linked, error))
    return FALSE;
  if (linked)
    return finish_link (self, error);
  if (packed)
    return import_packed (self, out, error);
  if (content == NULL && !ul_objects_open_file (self->from, self->checksum, &content, error))
    return FALSE;
  return import_content (self, content, out, error);
}

static gboolean
copy_metadata (const Import *self, UlImported *out, GError **error)
{
  g_autoptr (GVariant) variant = NULL;
  if (!ul_import_load_metadata (self->from, self->type, self->checksum, &variant, error))
    return FALSE;
  if (variant == NULL)
    return throw_missing (self, error);
  *out = (UlImported){ .kind = UL_IMPORT_COPIED };
  return ul_writer_stage_bytes (self->writer, self->type, self->checksum,
                                g_variant_get_data (variant), g_variant_get_size (variant), error);
}

static gboolean
import_metadata (const Import *self, UlImported *out, GError **error)
{
  gboolean linked = FALSE;
  if (!self->options.untrusted && ul_repo_device (self->from) == ul_repo_device (self->to)
      && !try_link (self, &linked, error))
    return FALSE;
  if (linked)
    ul_transaction_staged (self->transaction, self->type, self->checksum);
  else if (!copy_metadata (self, out, error))
    return FALSE;
  ul_writer_count (&ul_transaction_stats (self->transaction)->metadata_written, 1);
  return TRUE;
}

/* A repository may have it from its parent, which may be of another mode. */
static gboolean
find_home (Import *self, GError **error)
{
  UlRepo *home = self->from;
  if (ul_repo_parent (self->from) != NULL
      && !ul_objects_find (self->from, self->type, self->checksum, &home, error))
    return FALSE;
  if (home == NULL)
    return throw_missing (self, error);
  self->from = home;
  return TRUE;
}

static gboolean
import_claimed (Import *self, UlImported *out, GError **error)
{
  *out = (UlImported){ .kind = UL_IMPORT_LINKED };
  if (find_home (self, error)
      && ul_transaction_staged_path (self->transaction, self->type, self->checksum, self->path,
                                     error)
      && (self->type == UL_OBJECT_FILE ? import_file (self, out, error)
                                       : import_metadata (self, out, error)))
    return TRUE;
  (void) unlinkat (self->staging_dfd, self->path, 0);
  ul_transaction_disclaim (self->transaction, self->type, self->checksum);
  return FALSE;
}

gboolean
ul_writer_import (UlWriter *writer, UlRepo *from, UlObjectType type, const UlChecksum *checksum,
                  const UlImportOptions *options, UlImported *out, GError **error)
{
  Import self = {
    .writer = writer,
    .transaction = writer->transaction,
    .from = from,
    .to = writer->repo,
    .type = type,
    .checksum = checksum,
    .options = options != NULL ? *options : (UlImportOptions){ 0 },
    .staging_dfd = ul_transaction_staging_dfd (writer->transaction),
  };
  UlTransactionStats *stats = ul_transaction_stats (self.transaction);
  gboolean claimed;
  UlImported imported = { .kind = UL_IMPORT_EXISTED };
  if (!ul_interrupt_check (error)
      || !ul_transaction_claim (self.transaction, type, checksum, &claimed, error)
      || (claimed && !import_claimed (&self, &imported, error)))
    {
      g_autofree char *name = ul_object_to_string (checksum, type);
      return ul_prefix (error, "Importing %s", name);
    }
  ul_writer_count (type == UL_OBJECT_FILE ? &stats->content_total : &stats->metadata_total, 1);
  *out = imported;
  return TRUE;
}
