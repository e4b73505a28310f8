// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/transaction.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "repo/lock.h"
#include "repo/objects.h"
#include "repo/publish.h"
#include "repo/refs-private.h"
#include "repo/staging.h"
#include "repo/transaction-private.h"
#include "repo/writeback.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"

enum
{
  DIR_UNKNOWN,
  DIR_ABSENT,
  DIR_PRESENT,
};

struct _UlTransaction
{
  UlRepo *repo;
  UlTransactionOptions options;
  int lock_fd;
  gboolean holds_signals; /* from before there is a staging directory until it's gone */
  UlStaging staging;
  struct stat staging_stat;
  guint64 next_seq;         /* atomic */
  gboolean packing;         /* atomic: a large file has the threads for compression */
  gboolean failed;          /* atomic: a write failed */
  guint8 staged_dirs[256];  /* atomic: which directories the staging directory has */
  guint8 object_dirs[256];  /* atomic: which directories objects/ has */
  guint64 block;            /* bytes a block of the file system */
  gint64 room;              /* atomic: bytes that may still be written */
  gboolean limited;         /* is room to be asked? */
  GPtrArray *refs;          /* of UlRefChange; owner thread only */
  char *invalid_ref;        /* the first refspec that can be none: its error comes at commit */
  GArray *complete;         /* of UlChecksum: commits to unmark; owner thread only */
  UlTransactionStats stats; /* atomic */
  UlWriteback *writeback;   /* NULL: without threads, or without a syncfs for the batch */

  GMutex lock;         /* guards what follows */
  GHashTable *claimed; /* set of UlStaged, by type and checksum */
  GHashTable *broken;  /* the same: what is to be replaced; NULL: nothing */
};

static guint
staged_hash (gconstpointer key)
{
  const UlStaged *staged = key;
  return ul_checksum_hash (&staged->checksum) ^ staged->type;
}

static gboolean
staged_equal (gconstpointer a, gconstpointer b)
{
  const UlStaged *x = a;
  const UlStaged *y = b;
  return x->type == y->type && ul_checksum_equal (&x->checksum, &y->checksum);
}

static void
staged_free (gpointer staged)
{
  g_slice_free (UlStaged, staged);
}

static void
step (UlTransaction *self, const char *name)
{
  if (self->options.hook != NULL)
    self->options.hook (name, self->options.hook_data);
}

/* What the file system keeps for root is no room for others. */
static guint64
free_bytes_of (const struct statvfs *st)
{
  return (guint64) (geteuid () == 0 ? st->f_bfree : st->f_bavail) * st->f_frsize;
}

static gboolean
measure_room (UlTransaction *self, GError **error)
{
  struct statvfs st;
  if (fstatvfs (self->staging.dfd, &st) != 0)
    return ul_throw_errno (error, "statvfs %s", ul_repo_path (self->repo));
  const guint64 total = (guint64) st.f_blocks * st.f_frsize;
  self->block = MAX (st.f_frsize, 1);
  const guint64 free_bytes = free_bytes_of (&st);
  const guint64 keep = ul_repo_min_free_space (self->repo, total);
  self->limited = keep > 0;
  self->room = free_bytes > keep ? (gint64) MIN (free_bytes - keep, G_MAXINT64) : 0;
  return TRUE;
}

/* What is free now counts what was staged so far. */
static gboolean
throw_no_room (UlTransaction *self, guint64 size, GError **error)
{
  struct statvfs st;
  if (fstatvfs (self->staging.dfd, &st) != 0)
    return ul_throw_errno (error, "statvfs %s", ul_repo_path (self->repo));
  const guint64 total = (guint64) st.f_blocks * st.f_frsize;
  g_autofree char *setting = ul_repo_describe_min_free_space (self->repo);
  g_autofree char *needed = g_format_size (size);
  g_autofree char *free_now = g_format_size (free_bytes_of (&st));
  g_autofree char *keep = g_format_size (ul_repo_min_free_space (self->repo, total));
  return ul_throw (error, UL_ERROR_NO_SPACE,
                   "%s would be exceeded, at least %s requested: the file system of repo %s has %s "
                   "free, and %s have to stay free",
                   setting, needed, ul_repo_path (self->repo), free_now, keep);
}

static UlSync
sync_policy (UlTransaction *self)
{
  if (self->options.no_fsync)
    return UL_SYNC_NONE;
  return self->options.per_object_fsync || ul_repo_per_object_fsync (self->repo) ? UL_SYNC_EACH
                                                                                 : UL_SYNC_BATCH;
}

UlTransaction *
ul_transaction_begin (UlRepo *repo, const UlTransactionOptions *options, GError **error)
{
  if (!ul_repo_check_writable (repo, error))
    return NULL;
  g_autoptr (UlTransaction) self = g_new0 (UlTransaction, 1);
  self->repo = g_object_ref (repo);
  if (options != NULL)
    self->options = *options;
  self->options.no_fsync |= !ul_repo_fsync_enabled (repo);
  self->lock_fd = -1;
  self->staging = (UlStaging){ .dfd = -1, .lock_fd = -1 };
  self->refs = g_ptr_array_new_with_free_func ((GDestroyNotify) ul_ref_change_free);
  self->complete = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  self->claimed = g_hash_table_new_full (staged_hash, staged_equal, staged_free, NULL);
  g_mutex_init (&self->lock);

  step (self, "begin");
  if (!ul_repo_lock (repo, UL_LOCK_SHARED, &self->lock_fd, error))
    return NULL;
  self->holds_signals = TRUE;
  ul_interrupt_hold ();
  if (!ul_staging_create (repo, &self->staging, error) || !measure_room (self, error))
    return NULL;
  if (fstat (self->staging.dfd, &self->staging_stat) != 0)
    {
      ul_throw_errno (error, "stat staging directory");
      return NULL;
    }
  /* One job means no thread but the caller's. */
  if (sync_policy (self) == UL_SYNC_BATCH && self->options.jobs != 1)
    self->writeback = ul_writeback_new (self->staging.dfd);
  return g_steal_pointer (&self);
}

void
ul_transaction_free (UlTransaction *self)
{
  if (self == NULL)
    return;
  ul_writeback_free (self->writeback);
  if (self->staging.dfd >= 0)
    (void) ul_staging_remove (self->repo, &self->staging, NULL);
  ul_staging_clear (&self->staging);
  ul_fd_cleanup (&self->lock_fd);
  if (self->holds_signals)
    ul_interrupt_release ();
  g_ptr_array_unref (self->refs);
  g_free (self->invalid_ref);
  g_array_unref (self->complete);
  g_hash_table_unref (self->claimed);
  g_clear_pointer (&self->broken, g_hash_table_unref);
  g_mutex_clear (&self->lock);
  g_object_unref (self->repo);
  g_free (self);
}

UlRepo *
ul_transaction_repo (UlTransaction *self)
{
  return self->repo;
}

int
ul_transaction_staging_dfd (UlTransaction *self)
{
  return self->staging.dfd;
}

gboolean
ul_transaction_syncs_each (UlTransaction *self)
{
  return sync_policy (self) == UL_SYNC_EACH;
}

guint
ul_transaction_take_jobs (UlTransaction *self)
{
  return __atomic_exchange_n (&self->packing, TRUE, __ATOMIC_ACQUIRE) ? 1 : self->options.jobs;
}

void
ul_transaction_give_jobs (UlTransaction *self, guint jobs)
{
  if (jobs != 1 || self->options.jobs == 1)
    __atomic_store_n (&self->packing, FALSE, __ATOMIC_RELEASE);
}

const struct stat *
ul_transaction_staging_stat (UlTransaction *self)
{
  return &self->staging_stat;
}

UlTransactionStats *
ul_transaction_stats (UlTransaction *self)
{
  return &self->stats;
}

void
ul_transaction_count_cache_hit (UlTransaction *self)
{
  __atomic_fetch_add (&self->stats.cache_hits, 1, __ATOMIC_RELAXED);
}

void
ul_staged_path (const UlChecksum *checksum, UlObjectType type, gboolean compressed,
                char out[UL_STAGED_PATH_MAX])
{
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (checksum, type, compressed, path);
  g_snprintf (out, UL_STAGED_PATH_MAX, UL_STAGED_PREFIX "%s", path);
}

gboolean
ul_transaction_staged_path (UlTransaction *self, UlObjectType type, const UlChecksum *checksum,
                            char out[UL_STAGED_PATH_MAX], GError **error)
{
  ul_staged_path (checksum, type, ul_repo_is_compressed (self->repo), out);
  guint8 *made = &self->staged_dirs[checksum->bytes[0]];
  if (__atomic_load_n (made, __ATOMIC_RELAXED))
    return TRUE;
  char dir[sizeof UL_STAGED_PREFIX + 2];
  g_strlcpy (dir, out, sizeof dir);
  if (mkdirat (self->staging.dfd, dir, 0777) != 0 && errno != EEXIST)
    return ul_throw_errno (error, "create staging directory %s", dir);
  __atomic_store_n (made, TRUE, __ATOMIC_RELAXED);
  return TRUE;
}

void
ul_transaction_tmp_name (UlTransaction *self, char out[UL_STAGED_TMP_MAX])
{
  const guint64 seq = __atomic_fetch_add (&self->next_seq, 1, __ATOMIC_RELAXED);
  g_snprintf (out, UL_STAGED_TMP_MAX, "tmp-%" G_GINT64_MODIFIER "x", seq);
}

void
ul_transaction_replace (UlTransaction *self, UlObjectType type, const UlChecksum *checksum)
{
  const UlStaged key = { .type = (guint8) type, .checksum = *checksum };
  g_mutex_lock (&self->lock);
  if (self->broken == NULL)
    self->broken = g_hash_table_new_full (staged_hash, staged_equal, staged_free, NULL);
  g_hash_table_add (self->broken, g_slice_dup (UlStaged, &key));
  g_mutex_unlock (&self->lock);
}

static gboolean
is_broken (UlTransaction *self, UlObjectType type, const UlChecksum *checksum)
{
  const UlStaged key = { .type = (guint8) type, .checksum = *checksum };
  g_mutex_lock (&self->lock);
  const gboolean broken = self->broken != NULL && g_hash_table_contains (self->broken, &key);
  g_mutex_unlock (&self->lock);
  return broken;
}

gboolean
ul_transaction_is_repair (UlTransaction *self)
{
  g_mutex_lock (&self->lock);
  const gboolean repair = self->broken != NULL;
  g_mutex_unlock (&self->lock);
  return repair;
}

gboolean
ul_transaction_lock_exclusive (UlTransaction *self, GError **error)
{
  /* Two that hold it shared would wait for each other. */
  ul_fd_clear (&self->lock_fd);
  return ul_repo_lock (self->repo, UL_LOCK_EXCLUSIVE, &self->lock_fd, error);
}

gboolean
ul_transaction_claim_anyway (UlTransaction *self, UlObjectType type, const UlChecksum *checksum)
{
  UlStaged key = { .type = (guint8) type, .checksum = *checksum };
  g_mutex_lock (&self->lock);
  key.replace = self->broken != NULL && g_hash_table_contains (self->broken, &key);
  const gboolean claimed = !g_hash_table_contains (self->claimed, &key);
  if (claimed)
    g_hash_table_add (self->claimed, g_slice_dup (UlStaged, &key));
  g_mutex_unlock (&self->lock);
  return claimed;
}

/* A directory that isn't there holds no object: in a new repository that spares a look for each
 * file. One that comes into being later is no harm: publishing doesn't replace objects. */
static gboolean
may_have (UlTransaction *self, const UlChecksum *checksum)
{
  guint8 *state = &self->object_dirs[checksum->bytes[0]];
  guint8 known = __atomic_load_n (state, __ATOMIC_RELAXED);
  if (known == DIR_UNKNOWN)
    {
      char dir[3];
      g_snprintf (dir, sizeof dir, "%02x", checksum->bytes[0]);
      const gboolean absent
          = faccessat (ul_repo_objects_dfd (self->repo), dir, F_OK, 0) != 0 && errno == ENOENT;
      known = absent ? DIR_ABSENT : DIR_PRESENT;
      __atomic_store_n (state, known, __ATOMIC_RELAXED);
    }
  return known == DIR_PRESENT;
}

gboolean
ul_transaction_has (UlTransaction *self, UlObjectType type, const UlChecksum *checksum,
                    gboolean *out_has, GError **error)
{
  gboolean has = FALSE;
  if (may_have (self, checksum) && !ul_objects_has_own (self->repo, type, checksum, &has, error))
    return FALSE;
  *out_has = has && !is_broken (self, type, checksum);
  return TRUE;
}

gboolean
ul_transaction_claim (UlTransaction *self, UlObjectType type, const UlChecksum *checksum,
                      gboolean *out_claimed, GError **error)
{
  gboolean has;
  if (!ul_interrupt_check (error) || !ul_transaction_has (self, type, checksum, &has, error))
    return FALSE;
  *out_claimed = !has && ul_transaction_claim_anyway (self, type, checksum);
  return TRUE;
}

void
ul_transaction_disclaim (UlTransaction *self, UlObjectType type, const UlChecksum *checksum)
{
  const UlStaged key = { .type = (guint8) type, .checksum = *checksum };
  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->claimed, &key);
  g_mutex_unlock (&self->lock);
}

void
ul_transaction_wrote (UlTransaction *self, guint64 bytes)
{
  if (self->writeback != NULL)
    ul_writeback_add (self->writeback, bytes);
}

void
ul_transaction_staged (UlTransaction *self, UlObjectType type, const UlChecksum *checksum)
{
  step (self, "staged");
  const UlStaged key = { .type = (guint8) type, .checksum = *checksum };
  g_mutex_lock (&self->lock);
  UlStaged *staged = g_hash_table_lookup (self->claimed, &key);
  g_assert (staged != NULL && !staged->complete);
  staged->complete = TRUE;
  g_mutex_unlock (&self->lock);
}

gboolean
ul_transaction_fail (UlTransaction *self)
{
  __atomic_store_n (&self->failed, TRUE, __ATOMIC_RELAXED);
  return FALSE;
}

gboolean
ul_transaction_reserve (UlTransaction *self, guint64 size, GError **error)
{
  if (!self->limited)
    return TRUE;
  /* In blocks, one more for what a file takes besides its content, as OSTree counts. */
  const guint64 room = size < G_MAXINT64 / 2 ? (size / self->block + 1) * self->block : G_MAXINT64;
  if (room < G_MAXINT64 && __atomic_sub_fetch (&self->room, (gint64) room, __ATOMIC_RELAXED) >= 0)
    return TRUE;
  return throw_no_room (self, size, error);
}

gboolean
ul_transaction_mark_partial (UlTransaction *self, const UlChecksum *commit, GError **error)
{
  return ul_objects_mark_commit_incomplete (self->repo, commit, ul_transaction_syncs_each (self),
                                            error);
}

void
ul_transaction_set_complete (UlTransaction *self, const UlChecksum *commit)
{
  g_array_append_vals (self->complete, commit, 1);
}

static gboolean
unmark_complete (UlTransaction *self, GError **error)
{
  for (guint i = 0; i < self->complete->len; i++)
    {
      step (self, "complete");
      if (!ul_objects_unmark_commit (self->repo, &g_array_index (self->complete, UlChecksum, i),
                                     error))
        return FALSE;
    }
  return TRUE;
}

static void
add_change (UlTransaction *self, char *path, const UlChecksum *checksum, GError *invalid)
{
  if (invalid == NULL)
    g_ptr_array_add (self->refs, ul_ref_change_new (path, checksum));
  else if (self->invalid_ref == NULL)
    self->invalid_ref = g_strdup (invalid->message);
}

void
ul_transaction_set_ref (UlTransaction *self, const char *refspec, const UlChecksum *checksum)
{
  char *path = NULL;
  g_autoptr (GError) invalid = NULL;
  (void) ul_refs_path (refspec, &path, &invalid);
  add_change (self, path, checksum, invalid);
}

void
ul_transaction_set_collection_ref (UlTransaction *self, const char *collection_id, const char *ref,
                                   const UlChecksum *checksum)
{
  char *path = NULL;
  g_autoptr (GError) invalid = NULL;
  (void) ul_refs_collection_path (self->repo, collection_id, ref, &path, &invalid);
  add_change (self, path, checksum, invalid);
}

static gboolean
check_refs (UlTransaction *self, GError **error)
{
  if (self->invalid_ref != NULL)
    return ul_throw (error, UL_ERROR_INVALID, "%s", self->invalid_ref);
  for (guint i = 0; i < self->refs->len; i++)
    {
      const UlRefChange *change = self->refs->pdata[i];
      if (!change->remove && !ul_refs_check_conflict (self->repo, change->path, error))
        return FALSE;
    }
  return TRUE;
}

/* Before ul_publish (), whose syncfs takes the refs' files along. */
static gboolean
stage_refs (UlTransaction *self, GError **error)
{
  const gboolean sync = sync_policy (self) == UL_SYNC_EACH;
  for (guint i = 0; i < self->refs->len; i++)
    if (!ul_ref_change_stage (self->staging.dfd, self->refs->pdata[i], sync, error))
      return FALSE;
  return TRUE;
}

/* Those before one that fails are there, and are to stay. */
static gboolean
publish_refs (UlTransaction *self, GError **error)
{
  const gboolean sync = sync_policy (self) != UL_SYNC_NONE;
  gboolean ok = TRUE;
  for (guint i = 0; ok && i < self->refs->len; i++)
    {
      step (self, "ref");
      ok = ul_ref_change_publish (self->repo, self->staging.dfd, self->refs->pdata[i], sync, error);
    }
  if (sync && !ul_ref_changes_sync (self->repo, self->refs, ok ? error : NULL))
    return FALSE;
  if (ok)
    step (self, "refs-written");
  return ok;
}

gboolean
ul_transaction_commit (UlTransaction *self, UlTransactionStats *out_stats, GError **error)
{
  if (__atomic_load_n (&self->failed, __ATOMIC_RELAXED))
    return ul_throw (error, UL_ERROR_FAILED, "committing transaction: an object wasn't written");
  /* The last time to turn back: from here on it's faster to complete. */
  if (!ul_interrupt_check (error) || !check_refs (self, error))
    return FALSE;
  const UlPublish publish = {
    .repo = self->repo,
    .staging_dfd = self->staging.dfd,
    .make_directories = self->staging.default_acl,
    .sync = sync_policy (self),
    .hook = self->options.hook,
    .hook_data = self->options.hook_data,
  };
  if (self->writeback != NULL && !ul_writeback_finish (self->writeback, error))
    return ul_prefix (error, "publishing objects");
  if (!stage_refs (self, error) || !ul_publish (&publish, self->claimed, error)
      || !unmark_complete (self, error) || !publish_refs (self, error))
    return FALSE;
  step (self, "cleanup");
  /* All is in place: what can't be removed now is the next transaction's to reclaim. */
  (void) ul_staging_remove (self->repo, &self->staging, NULL);
  if (out_stats != NULL)
    *out_stats = self->stats;
  return TRUE;
}
