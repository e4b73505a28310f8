// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/layer-blob.h"

#include <string.h>

#include "image/blob-split.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"
#include "util/read-ahead.h"
#include "util/unpack.h"

#define BUFFER (256 * 1024)

struct _UlLayerBlob
{
  UlExtent extent;
  UlHasher *packed_hasher;
  guint64 packed_size;
  UlUnpack *unpack;
  UlReadAhead *ahead; /* reads and unpacks; NULL: whoever reads the tar does */
  UlStream plain;     /* the tar, from one of these */
  UlHasher *plain_hasher;
  guint64 plain_size;
  UlTarSplitWriter *split; /* NULL: nobody wants it */
  UlProgress *progress;
  gboolean threaded;
  UlPlainDraft *recipe; /* NULL: nobody wants it */
  gboolean whole;
  UlBlobSplit *parts; /* writes it, if it's that */
  guint8 buffer[BUFFER];
};

/* As it comes, but for the first bytes, which say what it is. */
static gboolean
read_pipe (UlLayerBlob *self, gsize want, gsize *out_n, GError **error)
{
  gsize n;
  do
    {
      if (!ul_interrupt_wait (self->extent.fd, error)
          || !ul_fd_read (self->extent.fd, self->buffer + *out_n, want - *out_n, NULL, &n, error))
        return FALSE;
      *out_n += n;
    }
  while (n > 0 && *out_n < want && self->packed_size + *out_n < UL_UNPACK_FIRST);
  return TRUE;
}

static gboolean
read_extent (UlLayerBlob *self, gsize *out_n, GError **error)
{
  const gsize want = (gsize) MIN (BUFFER, self->extent.size - self->packed_size);
  *out_n = 0;
  if (want == 0)
    return TRUE;
  if (self->extent.is_pipe)
    return read_pipe (self, want, out_n, error);
  return ul_fd_read_at (self->extent.fd, self->buffer, want,
                        self->extent.offset + self->packed_size, NULL, out_n, error);
}

/* UlStream.read of the blob. */
static gboolean
read_packed (gpointer data, const guint8 **out_bytes, gsize *out_n, GError **error)
{
  UlLayerBlob *self = data;
  if (!ul_interrupt_check (error) || !read_extent (self, out_n, error))
    return FALSE;
  ul_hasher_update (self->packed_hasher, self->buffer, *out_n);
  self->packed_size += *out_n;
  ul_progress_add (self->progress, bytes, *out_n);
  *out_bytes = self->buffer;
  if (self->recipe == NULL)
    return TRUE;
  if (self->packed_size == *out_n && !self->whole && ul_unpack_is_gzip (self->buffer, *out_n))
    self->parts = ul_blob_split_new (self->recipe, self->extent.size, self->threaded);
  return self->parts != NULL || ul_plain_draft_write (self->recipe, self->buffer, *out_n, error);
}

/* UlUnpackWatch */
static gboolean
watch (const UlGunzipChunk *chunk, gpointer data, GError **error)
{
  UlLayerBlob *self = data;
  return ul_blob_split_push (self->parts, chunk, error);
}

/* UlStream.read of what is in the blob. */
static gboolean
read_unpacked (gpointer data, const guint8 **out_bytes, gsize *out_n, GError **error)
{
  UlLayerBlob *self = data;
  return ul_unpack_read (self->unpack, out_bytes, out_n, error);
}

static GBytes *
hold_unpacked (gpointer data)
{
  UlLayerBlob *self = data;
  return ul_unpack_hold (self->unpack);
}

/* UlStream.read of the tar. */
static gboolean
read_plain (gpointer data, const guint8 **out_bytes, gsize *out_n, GError **error)
{
  UlLayerBlob *self = data;
  if (!self->plain.read (self->plain.data, out_bytes, out_n, error))
    return FALSE;
  if (*out_n == 0)
    return TRUE;
  ul_hasher_update (self->plain_hasher, *out_bytes, *out_n);
  self->plain_size += *out_n;
  return self->split == NULL || ul_tar_split_writer_push (self->split, *out_bytes, *out_n, error);
}

UlLayerBlob *
ul_layer_blob_new (UlExtent *extent, UlTarSplitSink sink, gpointer data, UlProgress *progress,
                   GError **error)
{
  /* Not cleared: pages that nobody touches cost nothing. */
  UlLayerBlob *self = g_malloc (sizeof *self);
  const UlStream packed = { .read = read_packed, .data = self };
  self->extent = *extent;
  *extent = (UlExtent) UL_EXTENT_INIT;
  self->progress = progress;
  self->threaded = FALSE;
  self->recipe = NULL;
  self->parts = NULL;
  self->ahead = NULL;
  self->plain = (UlStream){ .read = read_unpacked, .data = self, .hold = hold_unpacked };
  self->packed_hasher = ul_hasher_new ();
  self->packed_size = 0;
  self->plain_hasher = ul_hasher_new ();
  self->plain_size = 0;
  self->split = sink != NULL ? ul_tar_split_writer_new (sink, data) : NULL;
  ul_hasher_start (self->packed_hasher);
  ul_hasher_start (self->plain_hasher);
  self->unpack = ul_unpack_new (&packed, error);
  if (self->unpack == NULL)
    g_clear_pointer (&self, ul_layer_blob_free);
  return self;
}

void
ul_layer_blob_free (UlLayerBlob *self)
{
  if (self == NULL)
    return;
  ul_read_ahead_free (self->ahead);
  ul_unpack_free (self->unpack);
  ul_blob_split_free (self->parts);
  ul_hasher_free (self->packed_hasher);
  ul_hasher_free (self->plain_hasher);
  ul_tar_split_writer_free (self->split);
  ul_extent_clear (&self->extent);
  g_free (self);
}

void
ul_layer_blob_keep (UlLayerBlob *self, UlTarSplitKeep keep, gpointer data)
{
  ul_tar_split_writer_keep (self->split, keep, data);
}

void
ul_layer_blob_write_recipe (UlLayerBlob *self, UlPlainDraft *draft, gboolean whole)
{
  self->recipe = draft;
  self->whole = whole;
  if (!whole)
    ul_unpack_watch (self->unpack, watch, self);
}

void
ul_layer_blob_use_threads (UlLayerBlob *self)
{
  self->threaded = TRUE;
  /* Who waits for a pipe can't be stopped. */
  if (self->extent.is_pipe)
    return;
  self->ahead = ul_read_ahead_new (&self->plain);
  self->plain = ul_read_ahead_stream (self->ahead);
}

UlStream
ul_layer_blob_stream (UlLayerBlob *self)
{
  return (UlStream){ .read = read_plain, .data = self };
}

/* A bomb may end as an archive early, and go on for ever. */
static gboolean
drain (UlLayerBlob *self, gboolean (*read) (gpointer, const guint8 **, gsize *, GError **),
       guint64 max, const char *what, GError **error)
{
  const guint8 *bytes;
  gsize n;
  guint64 all = 0;
  do
    {
      if (!read (self, &bytes, &n, error))
        return FALSE;
      all += n;
      if (all > max)
        return ul_throw (error, UL_ERROR_CORRUPT,
                         "the %s goes on for over %" G_GUINT64_FORMAT " bytes after its end", what,
                         max);
    }
  while (n > 0);
  return TRUE;
}

static gboolean
finish_recipe (UlLayerBlob *self, UlRecipe *out, GError **error)
{
  gboolean is_too_long = FALSE;
  if (self->parts != NULL && !ul_blob_split_finish (self->parts, &is_too_long, error))
    return FALSE;
  *out = is_too_long ? UL_RECIPE_NONE : self->parts != NULL ? UL_RECIPE_SPLIT : UL_RECIPE_BLOB;
  return TRUE;
}

static gboolean
finish (UlLayerBlob *self, guint64 max, UlLayerBlobSums *out, GError **error)
{
  if (!drain (self, read_plain, max, "archive", error))
    return FALSE;
  if (self->ahead != NULL)
    ul_read_ahead_finish (self->ahead);
  if ((self->split != NULL && !ul_tar_split_writer_finish (self->split, error))
      || !drain (self, read_packed, max, "blob", error)
      || !finish_recipe (self, &out->recipe, error)
      || (self->extent.done != NULL && !self->extent.done (&self->extent, error)))
    return FALSE;
  ul_hasher_finish (self->packed_hasher, &out->digest);
  ul_hasher_finish (self->plain_hasher, &out->diff_id);
  out->size = self->packed_size;
  out->diff_size = self->plain_size;
  return TRUE;
}

gboolean
ul_layer_blob_finish (UlLayerBlob *self, UlLayerBlobSums *out, GError **error)
{
  return finish (self, UL_LAYER_BLOB_MAX_TAIL, out, error);
}

gboolean
ul_layer_blob_drain (UlLayerBlob *self, UlLayerBlobSums *out, GError **error)
{
  return finish (self, G_MAXUINT64, out, error);
}

gboolean
ul_layer_blob_is_packed (const UlExtent *extent, gboolean *out, GError **error)
{
  static const guint8 zeros[8] = { 0 };
  guint8 block[512];
  gsize n;
  const gsize want = (gsize) MIN (sizeof block, extent->size);
  if (!ul_fd_read_at (extent->fd, block, want, extent->offset, NULL, &n, error))
    return FALSE;
  const gboolean is_tar
      = n == sizeof block
        && (memcmp (block + 257, "ustar", 5) == 0 || memcmp (block, zeros, sizeof zeros) == 0);
  *out = n > 0 && !is_tar;
  return TRUE;
}
