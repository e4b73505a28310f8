// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/gzip.h"

#include <libdeflate.h>
#include <string.h>

#include "util/fd.h"
#include "util/pool.h"

#define MEMBER (1024 * 1024)

typedef struct
{
  gboolean done; /* packed; guarded by the lock */
  gsize used;
  gsize packed_len;
  guint8 *packed;
  guint8 plain[MEMBER];
} Member;

struct _UlGzip
{
  int fd;
  const char *what;
  int level;
  UlPool *pool;
  Member **ring; /* n of them, made when first needed */
  guint n;
  guint filling;
  guint n_busy; /* before the one that is being filled: with the pool, or to be written */
  gboolean any; /* a member was begun */
  GMutex lock;
  GCond packed;
};

static gpointer
compressor_new (gpointer data)
{
  struct libdeflate_compressor *compressor
      = libdeflate_alloc_compressor (((const UlGzip *) data)->level);
  g_assert (compressor != NULL);
  return compressor;
}

static void
compressor_free (gpointer compressor)
{
  libdeflate_free_compressor (compressor);
}

static gboolean
pack (gpointer item, gpointer compressor, gpointer data, G_GNUC_UNUSED GError **error)
{
  UlGzip *self = data;
  Member *member = item;
  const gsize room = libdeflate_gzip_compress_bound (compressor, MEMBER);
  if (member->packed == NULL)
    member->packed = g_malloc (room);
  member->packed_len
      = libdeflate_gzip_compress (compressor, member->plain, member->used, member->packed, room);
  g_mutex_lock (&self->lock);
  member->done = TRUE;
  g_cond_signal (&self->packed);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

UlGzip *
ul_gzip_new (int fd, const char *what, int level, guint jobs)
{
  UlGzip *self = g_new0 (UlGzip, 1);
  const UlPoolOptions options = {
    .jobs = ul_pool_jobs (jobs),
    .run = pack,
    .worker_new = compressor_new,
    .worker_free = compressor_free,
    .data = self,
  };
  self->fd = fd;
  self->what = what;
  self->level = level;
  g_mutex_init (&self->lock);
  g_cond_init (&self->packed);
  self->pool = ul_pool_new (&options);
  self->n = ul_pool_is_inline (self->pool) ? 1 : 2 * options.jobs;
  self->ring = g_new0 (Member *, self->n);
  return self;
}

void
ul_gzip_free (UlGzip *self)
{
  if (self == NULL)
    return;
  ul_pool_free (self->pool);
  for (guint i = 0; i < self->n; i++)
    {
      if (self->ring[i] != NULL)
        g_free (self->ring[i]->packed);
      g_free (self->ring[i]);
    }
  g_free (self->ring);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->packed);
  g_free (self);
}

/* The one that is being filled. */
static Member *
current (UlGzip *self)
{
  Member **at = &self->ring[self->filling];
  if (*at == NULL)
    {
      /* Not cleared: pages that nobody touches cost nothing. */
      *at = g_malloc (sizeof (Member));
      (*at)->packed = NULL;
      (*at)->used = 0;
    }
  return *at;
}

/* Wait for the oldest member, and write it. */
static gboolean
write_oldest (UlGzip *self, GError **error)
{
  Member *member = self->ring[(self->filling + self->n - self->n_busy) % self->n];
  g_mutex_lock (&self->lock);
  while (!member->done)
    g_cond_wait (&self->packed, &self->lock);
  g_mutex_unlock (&self->lock);
  self->n_busy--;
  member->used = 0;
  return ul_fd_write_all (self->fd, member->packed, member->packed_len, self->what, error);
}

/* Hand over what was filled. */
static gboolean
flush (UlGzip *self, GError **error)
{
  Member *member = current (self);
  member->done = FALSE;
  self->any = TRUE;
  (void) ul_pool_push (self->pool, member);
  self->filling = (self->filling + 1) % self->n;
  self->n_busy++;
  return self->n_busy < self->n || write_oldest (self, error);
}

gboolean
ul_gzip_write (UlGzip *self, const void *data, gsize len, GError **error)
{
  for (const guint8 *at = data; len > 0;)
    {
      Member *member = current (self);
      const gsize n = MIN (len, MEMBER - member->used);
      memcpy (member->plain + member->used, at, n);
      member->used += n;
      at += n;
      len -= n;
      if (member->used == MEMBER && !flush (self, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ul_gzip_finish (UlGzip *self, GError **error)
{
  if ((!self->any || current (self)->used > 0) && !flush (self, error))
    return FALSE;
  while (self->n_busy > 0)
    if (!write_oldest (self, error))
      return FALSE;
  return TRUE;
}
