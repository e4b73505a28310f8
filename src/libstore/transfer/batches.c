// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer/batches.h"

#include "repo/lock.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/pool.h"

/* Objects that a worker takes at once. */
#define ITEM_OBJECTS 32

typedef struct
{
  UlObjectType type;
  UlChecksum checksum;
} Object;

typedef struct
{
  guint n;
  Object objects[ITEM_OBJECTS];
} Item;

struct _UlBatches
{
  UlBatchesOptions options;
  int lock_fd;
  UlTransaction *transaction; /* NULL between batches */
  UlPool *pool;               /* NULL: nothing pushed since the last drain */
  Item *item;                 /* being filled */
  guint n_objects;            /* of the batch */
  guint64 n_bytes;            /* atomic: of the batch */
  UlTransactionStats sum;     /* of the batches before */
};

UlBatches *
ul_batches_new (const UlBatchesOptions *options, GError **error)
{
  g_autoptr (UlBatches) self = g_new0 (UlBatches, 1);
  self->options = *options;
  self->lock_fd = -1;
  g_object_ref (self->options.repo);
  g_object_ref (self->options.from);
  self->options.transaction.jobs = options->jobs;
  if (!ul_repo_lock (options->repo, UL_LOCK_SHARED, &self->lock_fd, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
ul_batches_free (UlBatches *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->pool, ul_pool_free);
  ul_transaction_free (self->transaction);
  g_free (self->item);
  ul_fd_cleanup (&self->lock_fd);
  g_object_unref (self->options.repo);
  g_object_unref (self->options.from);
  g_free (self);
}

gboolean
ul_batches_get_transaction (UlBatches *self, UlTransaction **out, GError **error)
{
  if (self->transaction == NULL)
    self->transaction
        = ul_transaction_begin (self->options.repo, &self->options.transaction, error);
  if (self->transaction == NULL)
    return FALSE;
  *out = self->transaction;
  return TRUE;
}

static gboolean
run_item (gpointer item, gpointer worker, gpointer data, GError **error)
{
  const Item *work = item;
  UlBatches *self = data;
  for (guint i = 0; i < work->n; i++)
    {
      const Object *object = &work->objects[i];
      UlImported imported;
      if (!ul_writer_import (worker, self->options.from, object->type, &object->checksum,
                             &self->options.import, &imported, error))
        return FALSE;
      if (imported.size > 0)
        __atomic_fetch_add (&self->n_bytes, imported.size, __ATOMIC_RELAXED);
      ul_progress_add (self->options.progress, bytes, imported.size);
      ul_progress_add (self->options.progress, done, 1);
    }
  return TRUE;
}

static gpointer
make_writer (gpointer data)
{
  const UlBatches *self = data;
  return ul_writer_new (self->transaction);
}

static void
free_writer (gpointer writer)
{
  ul_writer_free (writer);
}

/* FALSE: an item has failed. */
static gboolean
push_item (UlBatches *self)
{
  if (self->pool == NULL)
    {
      const UlPoolOptions options = {
        .jobs = self->options.jobs,
        .run = run_item,
        .item_free = g_free,
        .worker_new = make_writer,
        .worker_free = free_writer,
        .data = self,
      };
      self->pool = ul_pool_new (&options);
    }
  return ul_pool_push (self->pool, g_steal_pointer (&self->item));
}

gboolean
ul_batches_drain (UlBatches *self, GError **error)
{
  if (self->item != NULL)
    (void) push_item (self);
  if (self->pool == NULL)
    return TRUE;
  const gboolean ok = ul_pool_finish (self->pool, error);
  ul_pool_free (g_steal_pointer (&self->pool));
  return ok;
}

static gboolean
publish (UlBatches *self, GError **error)
{
  UlTransactionStats stats;
  if (self->transaction == NULL)
    return TRUE;
  if (!ul_transaction_commit (self->transaction, &stats, error))
    return FALSE;
  self->sum.metadata_written += stats.metadata_written;
  self->sum.content_written += stats.content_written;
  self->sum.content_bytes_written += stats.content_bytes_written;
  ul_transaction_free (g_steal_pointer (&self->transaction));
  self->n_objects = 0;
  self->n_bytes = 0;
  return TRUE;
}

gboolean
ul_batches_push (UlBatches *self, UlObjectType type, const UlChecksum *checksum, GError **error)
{
  UlTransaction *transaction;
  if (!ul_batches_get_transaction (self, &transaction, error))
    return FALSE;
  if (self->item == NULL)
    self->item = g_new0 (Item, 1);
  self->item->objects[self->item->n++] = (Object){ .type = type, .checksum = *checksum };
  ul_progress_add (self->options.progress, total, 1);
  self->n_objects++;
  if (self->item->n < ITEM_OBJECTS)
    return TRUE;
  const gboolean is_full
      = self->n_objects >= self->options.max_objects
        || __atomic_load_n (&self->n_bytes, __ATOMIC_RELAXED) >= self->options.max_bytes;
  if (push_item (self) && !is_full)
    return TRUE;
  return ul_batches_drain (self, error) && publish (self, error);
}

gboolean
ul_batches_finish (UlBatches *self, UlTransactionStats *out_stats, GError **error)
{
  g_assert (self->pool == NULL && self->item == NULL);
  if (!publish (self, error))
    return FALSE;
  *out_stats = self->sum;
  return TRUE;
}
