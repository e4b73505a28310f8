// SPDX-License-Identifier: LGPL-2.1-or-later

/* Storing objects into a transaction: hash, is it there, claim, stage. One writer a thread. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "repo/mode.h"
#include "repo/objects.h"
#include "repo/source-guess.h"
#include "repo/split-xattrs.h"
#include "repo/transaction-private.h"
#include "repo/writer-private.h"
#include "util/error.h"
#include "util/fd.h"

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

gboolean
ul_writer_store (UlWriter *self, const UlFileMeta *meta, const UlSource *source, gboolean tee,
                 const char *path, GError **error)
{
  if (!ul_transaction_reserve (self->transaction, source->size, error))
    return FALSE;
  const gboolean is_large = source->size > UL_SOURCE_WHOLE_MAX;
  const guint jobs = is_large ? ul_transaction_take_jobs (self->transaction) : 1;
  const struct stat *owner = ul_transaction_staging_stat (self->transaction);
  const UlStore store_ = {
    .dfd = ul_transaction_staging_dfd (self->transaction),
    .name = path,
    .scratch = &self->scratch,
    .tee = tee ? self->hasher : NULL,
    .uid = owner->st_uid,
    .gid = owner->st_gid,
    .zlib_level = ul_repo_zlib_level (self->repo),
    .jobs = jobs,
    .sync = ul_transaction_syncs_each (self->transaction),
  };
  const gboolean stored = ul_repo_mode_ops (self->repo)->store (&store_, meta, source, error);
  if (is_large)
    ul_transaction_give_jobs (self->transaction, jobs);
  if (!stored)
    {
      (void) unlinkat (store_.dfd, path, 0);
      return FALSE;
    }
  /* Who writes a draft has said so. Where it isn't linked, as much is written again, which only
   * makes write-back begin a little late. */
  if (source->draft == NULL)
    ul_transaction_wrote (self->transaction, source->size);
  return TRUE;
}

gboolean
ul_writer_finish_file (UlWriter *self, const UlFileMeta *meta, guint64 size,
                       const UlChecksum *checksum, GError **error)
{
  UlTransactionStats *stats = ul_transaction_stats (self->transaction);
  if (ul_repo_mode_ops (self->repo)->split_xattrs
      && !ul_split_xattrs_stage (self->transaction, checksum, meta->xattrs, error))
    return FALSE;
  ul_transaction_staged (self->transaction, UL_OBJECT_FILE, checksum);
  ul_writer_count (&stats->content_written, 1);
  ul_writer_count (&stats->content_bytes_written, size);
  return TRUE;
}

/* Its checksum is known: write it if it's new. */
static gboolean
write_known (UlWriter *self, const UlFileMeta *meta, const UlSource *source,
             const UlChecksum *checksum, GError **error)
{
  gboolean claimed;
  char path[UL_STAGED_PATH_MAX];
  if (!ul_transaction_claim (self->transaction, UL_OBJECT_FILE, checksum, &claimed, error))
    return FALSE;
  return !claimed
         || (ul_transaction_staged_path (self->transaction, UL_OBJECT_FILE, checksum, path, error)
             && ul_writer_store (self, meta, source, FALSE, path, error)
             && ul_writer_finish_file (self, meta, source->size, checksum, error));
}

/* Content in memory: hash it, and write only what is new. */
static gboolean
write_whole (UlWriter *self, const UlFileMeta *meta, const UlSource *source,
             UlChecksum *out_checksum, GError **error)
{
  UlSource whole = { .fd = -1, .size = source->size };
  if (source->size > 0 && !ul_source_get_whole (source, &self->scratch, &whole.data, error))
    return FALSE;
  ul_file_meta_start_hash (meta, self->hasher);
  ul_hasher_update (self->hasher, whole.data, (gsize) whole.size);
  ul_hasher_finish (self->hasher, out_checksum);
  return write_known (self, meta, &whole, out_checksum, error);
}

/* A large file is hashed alone first, so that one we have costs no write. */
static gboolean
is_known (UlWriter *self, const UlFileMeta *meta, const UlSource *source, UlChecksum *checksum,
          gboolean *out_known, GError **error)
{
  ul_file_meta_start_hash (meta, self->hasher);
  if (!ul_source_hash (source, &self->scratch, self->hasher, error))
    return FALSE;
  ul_hasher_finish (self->hasher, checksum);
  return ul_transaction_has (self->transaction, UL_OBJECT_FILE, checksum, out_known, error);
}

/* Worth a pass of its own only where it's likely: most of what came before was there already. */
static gboolean
expect_known (UlWriter *self)
{
  const UlTransactionStats *stats = ul_transaction_stats (self->transaction);
  return __atomic_load_n (&stats->content_written, __ATOMIC_RELAXED)
         <= __atomic_load_n (&stats->content_total, __ATOMIC_RELAXED) / 2;
}

/* The temporary file @tmp turned out to be this object: give it its place, or drop it. */
static gboolean
settle (UlWriter *self, const UlFileMeta *meta, const UlSource *source, const char *tmp,
        const UlChecksum *checksum, GError **error)
{
  const int dfd = ul_transaction_staging_dfd (self->transaction);
  gboolean claimed;
  char path[UL_STAGED_PATH_MAX];
  if (!ul_transaction_claim (self->transaction, UL_OBJECT_FILE, checksum, &claimed, error))
    return FALSE;
  if (!claimed)
    return unlinkat (dfd, tmp, 0) == 0 || ul_throw_errno (error, "remove staged object");
  if (!ul_transaction_staged_path (self->transaction, UL_OBJECT_FILE, checksum, path, error))
    return FALSE;
  if (renameat (dfd, tmp, dfd, path) != 0)
    return ul_throw_errno (error, "rename staged object");
  return ul_writer_finish_file (self, meta, source->size, checksum, error);
}

/* Its checksum is known once it's written. */
static gboolean
write_unknown (UlWriter *self, const UlFileMeta *meta, const UlSource *source,
               UlChecksum *out_checksum, GError **error)
{
  char tmp[UL_STAGED_TMP_MAX];
  ul_transaction_tmp_name (self->transaction, tmp);
  ul_file_meta_start_hash (meta, self->hasher);
  if (!ul_writer_store (self, meta, source, TRUE, tmp, error))
    return FALSE;
  ul_hasher_finish (self->hasher, out_checksum);
  return settle (self, meta, source, tmp, out_checksum, error);
}

/* A stream can't be hashed first, but it can be compared with what it's likely to be. */
static gboolean
write_guessed (UlWriter *self, const UlFileMeta *meta, const UlSource *source,
               UlChecksum *out_checksum, GError **error)
{
  g_auto (UlGuessed) guessed = { 0 };
  UlSource again;
  gboolean same;
  gboolean known = FALSE;
  if (!ul_guessed_compare (&guessed, self->repo, meta, source, self->hasher, &same, error))
    return FALSE;
  *out_checksum = guessed.sum;
  if (same && !ul_transaction_has (self->transaction, UL_OBJECT_FILE, out_checksum, &known, error))
    return FALSE;
  /* With other metadata it's another object of the same content. */
  return known
         || (ul_guessed_restart (&guessed, &again, error)
             && write_unknown (self, meta, &again, out_checksum, error));
}

static gboolean
write_large (UlWriter *self, const UlFileMeta *meta, const UlSource *source,
             UlChecksum *out_checksum, GError **error)
{
  if (source->read != NULL && source->guess != NULL)
    return write_guessed (self, meta, source, out_checksum, error);
  if (source->read == NULL && expect_known (self))
    {
      gboolean known;
      if (!is_known (self, meta, source, out_checksum, &known, error))
        return FALSE;
      if (known)
        return TRUE;
    }
  return write_unknown (self, meta, source, out_checksum, error);
}

static gboolean
write_file (UlWriter *self, const UlFileMeta *meta, const UlSource *source,
            UlChecksum *out_checksum, GError **error)
{
  const UlModeOps *ops = ul_repo_mode_ops (self->repo);
  if (!ul_file_meta_validate_mode (meta->mode, error)
      || (ops->check != NULL && !ops->check (meta, error)))
    return FALSE;
  ul_writer_count (&ul_transaction_stats (self->transaction)->content_total, 1);
  if (source->draft != NULL)
    {
      *out_checksum = *source->draft;
      return write_known (self, meta, source, out_checksum, error);
    }
  if (source->size <= UL_SOURCE_WHOLE_MAX)
    return write_whole (self, meta, source, out_checksum, error);
  return write_large (self, meta, source, out_checksum, error);
}

gboolean
ul_writer_file (UlWriter *self, const UlFileMeta *meta, const UlSource *source,
                UlChecksum *out_checksum, GError **error)
{
  return write_file (self, meta, source, out_checksum, error)
         || ul_transaction_fail (self->transaction);
}

gboolean
ul_writer_stage_bytes (UlWriter *self, UlObjectType type, const UlChecksum *checksum,
                       const void *data, gsize len, GError **error)
{
  const int dfd = ul_transaction_staging_dfd (self->transaction);
  char name[UL_STAGED_PATH_MAX];
  if (!ul_transaction_staged_path (self->transaction, type, checksum, name, error))
    return FALSE;
  ul_autofd int fd = openat (dfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0)
    return ul_throw_errno (error, "create object");
  gboolean ok = ul_fd_write_all (fd, data, len, "object", error);
  ok = ok && ul_mode_ensure_mode (fd, 0644, error);
  if (ok && ul_transaction_syncs_each (self->transaction) && fsync (fd) != 0)
    ok = ul_throw_errno (error, "fsync object");
  if (!ok)
    {
      (void) unlinkat (dfd, name, 0);
      return FALSE;
    }
  ul_transaction_wrote (self->transaction, len);
  ul_transaction_staged (self->transaction, type, checksum);
  return TRUE;
}

static gboolean
write_metadata (UlWriter *self, UlObjectType type, GVariant *variant, UlChecksum *out_checksum,
                GError **error)
{
  UlTransactionStats *stats = ul_transaction_stats (self->transaction);
  const gsize len = g_variant_get_size (variant);
  if (len > UL_OBJECT_MAX_METADATA_SIZE)
    return ul_throw (error, UL_ERROR_INVALID, "writing %s: %" G_GSIZE_FORMAT " bytes are too large",
                     ul_object_type_name (type), len);
  if (!ul_object_validate (type, variant, error))
    return FALSE;
  const void *data = g_variant_get_data (variant);
  ul_hasher_start (self->hasher);
  ul_hasher_update (self->hasher, data, len);
  ul_hasher_finish (self->hasher, out_checksum);
  ul_writer_count (&stats->metadata_total, 1);

  gboolean claimed;
  if (!ul_transaction_claim (self->transaction, type, out_checksum, &claimed, error))
    return FALSE;
  if (!claimed)
    return TRUE;
  if (!ul_writer_stage_bytes (self, type, out_checksum, data, len, error))
    return FALSE;
  ul_writer_count (&stats->metadata_written, 1);
  return TRUE;
}

gboolean
ul_writer_metadata (UlWriter *self, UlObjectType type, GVariant *variant, UlChecksum *out_checksum,
                    GError **error)
{
  return write_metadata (self, type, variant, out_checksum, error)
         || ul_transaction_fail (self->transaction);
}

gboolean
ul_writer_commitmeta (UlWriter *self, const UlChecksum *commit, GVariant *metadata, GError **error)
{
  if (metadata == NULL || g_variant_n_children (metadata) == 0)
    return ul_objects_delete (self->repo, UL_OBJECT_COMMITMETA, commit, error);
  /* Not by content: one a commit. A second one in the same transaction would be a caller's mistake.
   */
  const gboolean claimed
      = ul_transaction_claim_anyway (self->transaction, UL_OBJECT_COMMITMETA, commit);
  g_assert (claimed);
  return ul_writer_stage_bytes (self, UL_OBJECT_COMMITMETA, commit, g_variant_get_data (metadata),
                                g_variant_get_size (metadata), error)
         || ul_transaction_fail (self->transaction);
}
