// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/gzip.h"

#include "config.h"

#include <libdeflate.h>
#include <string.h>

#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif

#include "util/fd.h"
#include "util/pool.h"

#define MEMBER (1024 * 1024)

#define SLOW_LEVEL 6 /* in UL_GZIP_QUICK's place */

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

/* A thread's own. */
typedef struct
{
  struct libdeflate_compressor *deflate; /* NULL until it's needed */
#ifdef HAVE_ISAL
  struct isal_zstream *quick; /* NULL: not that level */
  guint8 *level_buf;
#endif
} Packer;

static gpointer
packer_new (gpointer data)
{
  Packer *packer = g_new0 (Packer, 1);
#ifdef HAVE_ISAL
  if (((const UlGzip *) data)->level == UL_GZIP_QUICK)
    {
      packer->quick = g_new0 (struct isal_zstream, 1);
      packer->level_buf = g_malloc (ISAL_DEF_LVL1_DEFAULT);
    }
#endif
  return packer;
}

static void
packer_free (gpointer data)
{
  Packer *packer = data;
#ifdef HAVE_ISAL
  g_free (packer->quick);
  g_free (packer->level_buf);
#endif
  libdeflate_free_compressor (packer->deflate);
  g_free (packer);
}

/* 0: not so, or there wasn't room enough. */
static gsize
pack_quickly (Packer *packer, const Member *member, gsize room)
{
#ifdef HAVE_ISAL
  struct isal_zstream *quick = packer->quick;
  if (quick == NULL)
    return 0;
  isal_deflate_stateless_init (quick);
  quick->level = 1;
  quick->level_buf = packer->level_buf;
  quick->level_buf_size = ISAL_DEF_LVL1_DEFAULT;
  quick->gzip_flag = IGZIP_GZIP;
  quick->end_of_stream = 1;
  quick->next_in = (guint8 *) member->plain;
  quick->avail_in = (guint32) member->used;
  quick->next_out = member->packed;
  quick->avail_out = (guint32) room;
  return isal_deflate_stateless (quick) == COMP_OK ? quick->total_out : 0;
#else
  return 0;
#endif
}

static gsize
pack_well (Packer *packer, const Member *member, int level, gsize room)
{
  if (packer->deflate == NULL)
    packer->deflate = libdeflate_alloc_compressor (level == UL_GZIP_QUICK ? SLOW_LEVEL : level);
  g_assert (packer->deflate != NULL);
  return libdeflate_gzip_compress (packer->deflate, member->plain, member->used, member->packed,
                                   room);
}

static gboolean
pack (gpointer item, gpointer data_packer, gpointer data, G_GNUC_UNUSED GError **error)
{
  UlGzip *self = data;
  Packer *packer = data_packer;
  Member *member = item;
  const gsize room = libdeflate_gzip_compress_bound (NULL, MEMBER);
  if (member->packed == NULL)
    member->packed = g_malloc (room);
  member->packed_len = pack_quickly (packer, member, room);
  if (member->packed_len == 0)
    member->packed_len = pack_well (packer, member, self->level, room);
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
    .worker_new = packer_new,
    .worker_free = packer_free,
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
