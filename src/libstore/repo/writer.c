// SPDX-License-Identifier: LGPL-2.1-or-later

/* Storing objects into a transaction: hash, is it there, claim, stage. One writer a thread. */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/commit.h"
#include "core/dirtree.h"
#include "repo/mode.h"
#include "repo/objects.h"
#include "repo/split-xattrs.h"
#include "repo/transaction-private.h"
#include "util/error.h"
#include "util/fd.h"

struct _UlWriter
{
  UlTransaction *transaction;
  UlRepo *repo;
  UlScratch scratch;
  UlHasher *hasher;
};

UlWriter *
ul_writer_new (UlTransaction *transaction)
{
  UlWriter *self = g_new0 (UlWriter, 1);
  self->transaction = transaction;
  self->repo = ul_transaction_repo (transaction);
  self->hasher = ul_hasher_new ();
  return self;
}

void
ul_writer_free (UlWriter *self)
{
  if (self == NULL)
    return;
  ul_scratch_clear (&self->scratch);
  ul_hasher_free (self->hasher);
  g_free (self);
}

static void
count (guint64 *counter, guint64 n)
{
  __atomic_fetch_add (counter, n, __ATOMIC_RELAXED);
}

/* Is it the caller's to write? FALSE: it's in the repository, or another writer has it. */
static gboolean
wanted (UlWriter *self, UlObjectType type, const UlChecksum *checksum, gboolean *out_wanted,
        GError **error)
{
  gboolean has;
  if (!ul_objects_has (self->repo, type, checksum, &has, error))
    return FALSE;
  *out_wanted = !has && ul_transaction_claim (self->transaction, type, checksum);
  return TRUE;
}

static void
start_hash (UlWriter *self, GBytes *header)
{
  ul_hasher_start (self->hasher);
  ul_hasher_update (self->hasher, g_bytes_get_data (header, NULL), g_bytes_get_size (header));
}

/* Write a file below staging under a new name; removed again if that fails. */
static gboolean
stage_file (UlWriter *self, const UlFileMeta *meta, const UlSource *source, gboolean tee,
            char name[UL_STAGED_NAME_MAX], GError **error)
{
  if (!ul_transaction_reserve (self->transaction, source->size, error))
    return FALSE;
  ul_transaction_next_name (self->transaction, name);
  const UlStore store = {
    .dfd = ul_transaction_staging_dfd (self->transaction),
    .name = name,
    .scratch = &self->scratch,
    .tee = tee ? self->hasher : NULL,
    .zlib_level = ul_repo_zlib_level (self->repo),
    .sync = ul_transaction_syncs_each (self->transaction),
  };
  if (ul_repo_mode_ops (self->repo)->store (&store, meta, source, error))
    return TRUE;
  (void)unlinkat (store.dfd, name, 0);
  return FALSE;
}

static gboolean
finish_file (UlWriter *self, const UlFileMeta *meta, const UlSource *source,
             const UlChecksum *checksum, const char *name, GError **error)
{
  UlTransactionStats *stats = ul_transaction_stats (self->transaction);
  if (ul_repo_mode_ops (self->repo)->split_xattrs
      && !ul_split_xattrs_stage (self->transaction, checksum, meta->xattrs, error))
    return FALSE;
  ul_transaction_staged (self->transaction, UL_OBJECT_FILE, checksum, name);
  count (&stats->content_written, 1);
  count (&stats->content_bytes_written, source->size);
  return TRUE;
}

/* Content in memory: hash it, and write only what is new. */
static gboolean
write_whole (UlWriter *self, const UlFileMeta *meta, const UlSource *source, GBytes *header,
             UlChecksum *out_checksum, GError **error)
{
  UlSource whole = { .fd = -1, .size = source->size };
  if (source->size > 0 && !ul_source_get_whole (source, &self->scratch, &whole.data, error))
    return FALSE;
  start_hash (self, header);
  ul_hasher_update (self->hasher, whole.data, (gsize)whole.size);
  ul_hasher_finish (self->hasher, out_checksum);

  gboolean want;
  char name[UL_STAGED_NAME_MAX];
  if (!wanted (self, UL_OBJECT_FILE, out_checksum, &want, error))
    return FALSE;
  return !want
         || (stage_file (self, meta, &whole, FALSE, name, error)
             && finish_file (self, meta, &whole, out_checksum, name, error));
}

/* A large file is hashed alone first, so that one we have costs no write. */
static gboolean
is_known (UlWriter *self, const UlSource *source, GBytes *header, UlChecksum *checksum,
          gboolean *out_known, GError **error)
{
  start_hash (self, header);
  if (!ul_source_hash (source, &self->scratch, self->hasher, error))
    return FALSE;
  ul_hasher_finish (self->hasher, checksum);
  return ul_objects_has (self->repo, UL_OBJECT_FILE, checksum, out_known, error);
}

static gboolean
write_large (UlWriter *self, const UlFileMeta *meta, const UlSource *source, GBytes *header,
             UlChecksum *out_checksum, GError **error)
{
  if (source->read == NULL)
    {
      gboolean known;
      if (!is_known (self, source, header, out_checksum, &known, error))
        return FALSE;
      if (known)
        return TRUE;
    }

  char name[UL_STAGED_NAME_MAX];
  start_hash (self, header);
  if (!stage_file (self, meta, source, TRUE, name, error))
    return FALSE;
  ul_hasher_finish (self->hasher, out_checksum);
  gboolean want;
  if (!wanted (self, UL_OBJECT_FILE, out_checksum, &want, error))
    return FALSE;
  if (want)
    return finish_file (self, meta, source, out_checksum, name, error);
  if (unlinkat (ul_transaction_staging_dfd (self->transaction), name, 0) != 0)
    return ul_throw_errno (error, "remove staged object");
  return TRUE;
}

gboolean
ul_writer_file (UlWriter *self, const UlFileMeta *meta, const UlSource *source,
                UlChecksum *out_checksum, GError **error)
{
  const UlModeOps *ops = ul_repo_mode_ops (self->repo);
  if (!ul_file_meta_validate_mode (meta->mode, error)
      || (ops->check != NULL && !ops->check (meta, error)))
    return FALSE;
  count (&ul_transaction_stats (self->transaction)->content_total, 1);
  g_autoptr (GBytes) header = ul_file_meta_to_content_header (meta);
  if (source->size <= UL_SOURCE_WHOLE_MAX)
    return write_whole (self, meta, source, header, out_checksum, error);
  return write_large (self, meta, source, header, out_checksum, error);
}

static gboolean
stage_bytes (UlWriter *self, const void *data, gsize len, char name[UL_STAGED_NAME_MAX],
             GError **error)
{
  const int dfd = ul_transaction_staging_dfd (self->transaction);
  ul_transaction_next_name (self->transaction, name);
  ul_autofd int fd = openat (dfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0)
    return ul_throw_errno (error, "create object");
  gboolean ok = ul_fd_write_all (fd, data, len, "object", error);
  if (ok && fchmod (fd, 0644) != 0)
    ok = ul_throw_errno (error, "set mode of object");
  if (ok && ul_transaction_syncs_each (self->transaction) && fsync (fd) != 0)
    ok = ul_throw_errno (error, "fsync object");
  if (!ok)
    (void)unlinkat (dfd, name, 0);
  return ok;
}

static gboolean
validate (UlObjectType type, GVariant *variant, GError **error)
{
  if (g_variant_get_size (variant) > UL_OBJECT_MAX_METADATA_SIZE)
    return ul_throw (error, UL_ERROR_INVALID, "writing %s: %" G_GSIZE_FORMAT " bytes are too large",
                     ul_object_type_name (type), g_variant_get_size (variant));
  if (type == UL_OBJECT_COMMIT)
    {
      g_auto (UlCommit) commit = { 0 };
      return ul_commit_parse (variant, &commit, error);
    }
  if (type == UL_OBJECT_DIRMETA)
    return ul_dirmeta_validate (variant, error);
  return type != UL_OBJECT_DIRTREE || ul_dirtree_validate (variant, error);
}

gboolean
ul_writer_metadata (UlWriter *self, UlObjectType type, GVariant *variant, UlChecksum *out_checksum,
                    GError **error)
{
  UlTransactionStats *stats = ul_transaction_stats (self->transaction);
  if (!validate (type, variant, error))
    return FALSE;
  const void *data = g_variant_get_data (variant);
  const gsize len = g_variant_get_size (variant);
  ul_hasher_start (self->hasher);
  ul_hasher_update (self->hasher, data, len);
  ul_hasher_finish (self->hasher, out_checksum);
  count (&stats->metadata_total, 1);

  gboolean want;
  if (!wanted (self, type, out_checksum, &want, error))
    return FALSE;
  if (!want)
    return TRUE;
  char name[UL_STAGED_NAME_MAX];
  if (!stage_bytes (self, data, len, name, error))
    return FALSE;
  ul_transaction_staged (self->transaction, type, out_checksum, name);
  count (&stats->metadata_written, 1);
  return TRUE;
}

gboolean
ul_writer_commitmeta (UlWriter *self, const UlChecksum *commit, GVariant *metadata, GError **error)
{
  if (metadata == NULL || g_variant_n_children (metadata) == 0)
    return ul_objects_delete (self->repo, UL_OBJECT_COMMITMETA, commit, error);
  char name[UL_STAGED_NAME_MAX];
  if (!stage_bytes (self, g_variant_get_data (metadata), g_variant_get_size (metadata), name,
                    error))
    return FALSE;
  /* Not by content: one a commit. A second one in the same transaction would be a caller's mistake.
   */
  const gboolean claimed = ul_transaction_claim (self->transaction, UL_OBJECT_COMMITMETA, commit);
  g_assert (claimed);
  ul_transaction_staged (self->transaction, UL_OBJECT_COMMITMETA, commit, name);
  return TRUE;
}
