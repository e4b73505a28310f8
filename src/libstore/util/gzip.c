// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/gzip.h"

#include <libdeflate.h>
#include <string.h>

#include "util/fd.h"

#define MEMBER (1024 * 1024)

struct _UlGzip
{
  int fd;
  struct libdeflate_compressor *compressor;
  guint8 *packed;
  gsize room;
  gboolean any; /* a member is written */
  gsize used;
  guint8 plain[MEMBER];
};

UlGzip *
ul_gzip_new (int fd, int level)
{
  /* Not cleared: pages that nobody touches cost nothing. */
  UlGzip *self = g_malloc (sizeof *self);
  self->fd = fd;
  self->compressor = libdeflate_alloc_compressor (level);
  g_assert (self->compressor != NULL);
  self->room = libdeflate_gzip_compress_bound (self->compressor, MEMBER);
  self->packed = g_malloc (self->room);
  self->any = FALSE;
  self->used = 0;
  return self;
}

void
ul_gzip_free (UlGzip *self)
{
  if (self == NULL)
    return;
  libdeflate_free_compressor (self->compressor);
  g_free (self->packed);
  g_free (self);
}

static gboolean
write_member (UlGzip *self, GError **error)
{
  const gsize len = libdeflate_gzip_compress (self->compressor, self->plain, self->used,
                                              self->packed, self->room);
  self->used = 0;
  self->any = TRUE;
  return ul_fd_write_all (self->fd, self->packed, len, "gzip", error);
}

gboolean
ul_gzip_write (UlGzip *self, const void *data, gsize len, GError **error)
{
  for (const guint8 *at = data; len > 0;)
    {
      const gsize n = MIN (len, MEMBER - self->used);
      memcpy (self->plain + self->used, at, n);
      self->used += n;
      at += n;
      len -= n;
      if (self->used == MEMBER && !write_member (self, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ul_gzip_finish (UlGzip *self, GError **error)
{
  return (self->any && self->used == 0) || write_member (self, error);
}
