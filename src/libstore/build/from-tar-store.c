// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/from-tar-store.h"

#include <sys/stat.h>

#include "build/from-tar-pipe.h"
#include "build/modifier.h"
#include "util/error.h"
#include "util/pool.h"

/* A batch is so many files, or so many bytes. */
#define BATCH_FILES 64
#define BATCH_BYTES (1024 * 1024)

/* A file of more bytes goes through a pipe. */
#define WHOLE_MAX BATCH_BYTES

/* Blocks of content that wait or are being stored, besides what the pipe holds. */
#define BLOCKS_PER_JOB 4
#define BLOCKS_MAX     64

typedef struct
{
  char *path;
  UlFileMeta meta;
  UlTarInode *inode;
  gsize offset; /* of the content in the batch's data */
  guint64 size;
} Job;

typedef struct
{
  UlTarStore *store;
  guint n;
  Job jobs[BATCH_FILES];
  guint8 *data; /* BATCH_BYTES; NULL: no content yet */
  gsize used;
  UlTarPipe *pipe; /* the content of the one job; NULL: in data */
} Batch;

struct _UlTarStore
{
  const UlIntake *intake;
  UlTarReader *reader;
  UlWriter *writer;
  UlPool *pool;
  Batch *batch; /* being filled, or NULL */

  guint max_blocks;

  GMutex lock; /* guards what follows */
  GCond room;
  guint in_flight;   /* blocks of BATCH_BYTES in batches */
  GPtrArray *blocks; /* free ones: they are large, and to get them from the kernel costs */
};

static gboolean
store_file (UlTarStore *self, UlWriter *writer, Job *job, const UlSource *source, GError **error)
{
  const UlModifier *modifier = self->intake->modifier;
  g_autoptr (GVariant) read_xattrs = g_steal_pointer (&job->meta.xattrs);
  g_autofree char *path = g_strconcat ("/", job->path, NULL);
  if (!ul_modifier_xattrs (modifier, path, job->meta.mode, job->size, read_xattrs,
                           &job->meta.xattrs, error))
    return FALSE;
  /* A whiteout is labelled as the device, and stored as a file. */
  if (S_ISCHR (job->meta.mode))
    job->meta.mode = S_IFREG | (job->meta.mode & 07777);
  ul_modifier_apply (modifier, path, &job->meta.uid, &job->meta.gid, &job->meta.mode);
  if (!ul_writer_file (writer, &job->meta, source, &job->inode->checksum, error))
    return FALSE;
  ul_progress_add (self->intake->progress, done, 1);
  ul_progress_add (self->intake->progress, bytes, job->size);
  return TRUE;
}

/* Large ones alone: what is small is in memory anyway until its checksum is known. */
static gboolean
find_guess (UlTarStore *self, const Job *job, UlChecksum *out)
{
  return job->size > UL_SOURCE_WHOLE_MAX && self->intake->guess != NULL
         && ul_guess_file (self->intake->guess, job->path, out);
}

static gboolean
run_batch (gpointer data, gpointer writer, gpointer user, GError **error)
{
  Batch *batch = data;
  for (guint i = 0; i < batch->n; i++)
    {
      Job *job = &batch->jobs[i];
      UlChecksum guess;
      const UlSource source = {
        .data = batch->pipe == NULL && job->size > 0 ? batch->data + job->offset : NULL,
        .fd = -1,
        .read = batch->pipe != NULL ? ul_tar_pipe_read : NULL,
        .user = batch->pipe,
        .size = job->size,
        .guess = find_guess (user, job, &guess) ? &guess : NULL,
      };
      if (!store_file (user, writer, job, &source, error))
        return ul_prefix (error, "/%s", job->path);
    }
  return TRUE;
}

static void
job_clear (Job *job)
{
  g_free (job->path);
  ul_file_meta_clear (&job->meta);
}

static void
give_block (UlTarStore *self, guint8 *block)
{
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->blocks, block);
  self->in_flight--;
  g_cond_signal (&self->room);
  g_mutex_unlock (&self->lock);
}

/* Called with the lock held. The last one is the likeliest to be in a cache. */
static guint8 *
get_block (UlTarStore *self)
{
  const guint n = self->blocks->len;
  return n > 0 ? g_ptr_array_steal_index_fast (self->blocks, n - 1) : g_malloc (BATCH_BYTES);
}

/* Waits while too much is on its way. */
static guint8 *
take_block (UlTarStore *self)
{
  g_mutex_lock (&self->lock);
  while (self->in_flight >= self->max_blocks)
    g_cond_wait (&self->room, &self->lock);
  self->in_flight++;
  guint8 *block = get_block (self);
  g_mutex_unlock (&self->lock);
  return block;
}

/* One that isn't counted as on its way, for a pipe. */
static guint8 *
take_ring (UlTarStore *self)
{
  g_mutex_lock (&self->lock);
  guint8 *block = get_block (self);
  g_mutex_unlock (&self->lock);
  return block;
}

static void
give_ring (guint8 *ring, gpointer data)
{
  UlTarStore *self = data;
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->blocks, ring);
  g_mutex_unlock (&self->lock);
}

static void
batch_free (gpointer data)
{
  Batch *batch = data;
  for (guint i = 0; i < batch->n; i++)
    job_clear (&batch->jobs[i]);
  if (batch->data != NULL)
    give_block (batch->store, batch->data);
  if (batch->pipe != NULL)
    {
      ul_tar_pipe_hang_up (batch->pipe);
      ul_tar_pipe_unref (batch->pipe);
    }
  g_free (batch);
}

static gpointer
worker_new (gpointer data)
{
  return ul_writer_new (((UlTarStore *) data)->intake->transaction);
}

static void
worker_free (gpointer writer)
{
  ul_writer_free (writer);
}

UlTarStore *
ul_tar_store_new (const UlIntake *intake, UlTarReader *reader, UlWriter *writer)
{
  UlTarStore *self = g_new0 (UlTarStore, 1);
  self->intake = intake;
  self->reader = reader;
  self->writer = writer;
  self->blocks = g_ptr_array_new_with_free_func (g_free);
  g_mutex_init (&self->lock);
  g_cond_init (&self->room);
  self->max_blocks = MIN (BLOCKS_PER_JOB * (ul_pool_jobs (intake->jobs) + 1), BLOCKS_MAX);
  const UlPoolOptions options = {
    .jobs = intake->jobs,
    .queue_length = 2 * self->max_blocks,
    .run = run_batch,
    .item_free = batch_free,
    .worker_new = worker_new,
    .worker_free = worker_free,
    .data = self,
  };
  self->pool = ul_pool_new (&options);
  return self;
}

void
ul_tar_store_free (UlTarStore *self)
{
  if (self == NULL)
    return;
  if (self->batch != NULL)
    batch_free (self->batch);
  ul_pool_free (self->pool);
  g_ptr_array_unref (self->blocks);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->room);
  g_free (self);
}

static gboolean
flush (UlTarStore *self)
{
  return self->batch == NULL || ul_pool_push (self->pool, g_steal_pointer (&self->batch));
}

static Job *
new_job (UlTarStore *self, UlTarEntry *entry, UlTarInode *inode)
{
  if (self->batch == NULL)
    {
      self->batch = g_new (Batch, 1);
      self->batch->store = self;
      self->batch->n = 0;
      self->batch->data = NULL;
      self->batch->used = 0;
      self->batch->pipe = NULL;
    }
  Job *job = &self->batch->jobs[self->batch->n++];
  *job = (Job){
    .path = g_steal_pointer (&entry->path),
    .meta = entry->meta,
    .inode = inode,
    .offset = self->batch->used,
    .size = entry->size,
  };
  entry->meta = (UlFileMeta){ 0 };
  return job;
}

static gboolean
add_small (UlTarStore *self, UlTarEntry *entry, UlTarInode *inode, GError **error)
{
  const gsize size = (gsize) entry->size;
  if (self->batch != NULL
      && (self->batch->n == BATCH_FILES || self->batch->used + size > BATCH_BYTES) && !flush (self))
    return FALSE;
  const Job *job = new_job (self, entry, inode);
  if (size == 0)
    return TRUE;
  if (self->batch->data == NULL)
    self->batch->data = take_block (self);
  self->batch->used += size;
  return ul_tar_reader_read (self->reader, self->batch->data + job->offset, size, error);
}

/* FALSE without an error: whoever stores it doesn't read any more. */
static gboolean
feed_pipe (UlTarStore *self, UlTarPipe *pipe, guint64 size, GError **error)
{
  while (size > 0)
    {
      gsize len;
      guint8 *room = ul_tar_pipe_room (pipe, &len);
      if (room == NULL)
        return FALSE;
      /* The first bytes soon, and no more at a time than a cache holds. */
      len = (gsize) MIN (MIN (len, 256 * 1024), size);
      if (!ul_tar_reader_read (self->reader, room, len, error))
        return FALSE;
      ul_tar_pipe_wrote (pipe, len);
      size -= len;
    }
  return TRUE;
}

static gboolean
add_through_pipe (UlTarStore *self, UlTarEntry *entry, UlTarInode *inode, GError **error)
{
  if (!flush (self))
    return FALSE;
  const guint64 size = new_job (self, entry, inode)->size;
  g_autoptr (UlTarPipe) pipe = ul_tar_pipe_new (take_ring (self), BATCH_BYTES, give_ring, self);
  self->batch->pipe = ul_tar_pipe_ref (pipe);
  (void) ul_pool_push_first (self->pool, g_steal_pointer (&self->batch));
  g_autoptr (GError) failure = NULL;
  const gboolean fed = feed_pipe (self, pipe, size, &failure);
  ul_tar_pipe_close (pipe, failure != NULL ? g_error_copy (failure) : NULL);
  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return fed;
}

static gboolean
read_content (gpointer reader, void *buffer, gsize len, gsize *out_n, GError **error)
{
  *out_n = len;
  return ul_tar_reader_read (reader, buffer, len, error);
}

/* There is no other thread: everything before it is stored already. */
static gboolean
add_here (UlTarStore *self, UlTarEntry *entry, UlTarInode *inode, GError **error)
{
  if (!flush (self))
    return FALSE;
  Job *job = new_job (self, entry, inode);
  g_autofree Batch *batch = g_steal_pointer (&self->batch);
  UlChecksum guess;
  const UlSource source = {
    .fd = -1,
    .read = read_content,
    .user = self->reader,
    .size = job->size,
    .guess = find_guess (self, job, &guess) ? &guess : NULL,
  };
  const gboolean ok = store_file (self, self->writer, job, &source, error);
  job_clear (job);
  return ok;
}

gboolean
ul_tar_store_add (UlTarStore *self, UlTarEntry *entry, UlTarInode *inode, GError **error)
{
  gboolean ok;
  ul_progress_add (self->intake->progress, total, 1);
  ul_tar_reader_start (self->reader, entry);
  if (entry->size <= WHOLE_MAX)
    ok = add_small (self, entry, inode, error);
  else if (ul_pool_is_inline (self->pool))
    ok = add_here (self, entry, inode, error);
  else
    ok = add_through_pipe (self, entry, inode, error);
  return ok && ul_tar_reader_finish (self->reader, error);
}

gboolean
ul_tar_store_finish (UlTarStore *self, GError **error)
{
  (void) flush (self);
  return ul_pool_finish (self->pool, error);
}
