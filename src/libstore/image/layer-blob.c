// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/layer-blob.h"

#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"
#include "util/unpack.h"

#define BUFFER (256 * 1024)

struct _UlLayerBlob
{
  int fd;
  UlHasher *packed_hasher;
  guint64 packed_size;
  UlUnpack *unpack;
  UlHasher *plain_hasher;
  guint64 plain_size;
  UlTarSplitWriter *split; /* NULL: nobody wants it */
  guint8 buffer[BUFFER];
};

/* UlStream.read of the blob. */
static gboolean
read_packed (gpointer data, const guint8 **out_bytes, gsize *out_n, GError **error)
{
  UlLayerBlob *self = data;
  if (!ul_interrupt_check (error)
      || !ul_fd_read (self->fd, self->buffer, BUFFER, NULL, out_n, error))
    return FALSE;
  ul_hasher_update (self->packed_hasher, self->buffer, *out_n);
  self->packed_size += *out_n;
  *out_bytes = self->buffer;
  return TRUE;
}

/* UlStream.read of the tar. */
static gboolean
read_plain (gpointer data, const guint8 **out_bytes, gsize *out_n, GError **error)
{
  UlLayerBlob *self = data;
  if (!ul_unpack_read (self->unpack, out_bytes, out_n, error))
    return FALSE;
  if (*out_n == 0)
    return TRUE;
  ul_hasher_update (self->plain_hasher, *out_bytes, *out_n);
  self->plain_size += *out_n;
  return self->split == NULL || ul_tar_split_writer_push (self->split, *out_bytes, *out_n, error);
}

UlLayerBlob *
ul_layer_blob_new (int fd, UlTarSplitSink sink, gpointer data, GError **error)
{
  /* Not cleared: pages that nobody touches cost nothing. */
  UlLayerBlob *self = g_malloc (sizeof *self);
  const UlStream packed = { .read = read_packed, .data = self };
  self->fd = fd;
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
  ul_unpack_free (self->unpack);
  ul_hasher_free (self->packed_hasher);
  ul_hasher_free (self->plain_hasher);
  ul_tar_split_writer_free (self->split);
  ul_fd_clear (&self->fd);
  g_free (self);
}

UlStream
ul_layer_blob_stream (UlLayerBlob *self)
{
  return (UlStream){ .read = read_plain, .data = self };
}

/* A bomb may end as an archive early, and go on for ever. */
static gboolean
drain (UlLayerBlob *self, gboolean (*read) (gpointer, const guint8 **, gsize *, GError **),
       const char *what, GError **error)
{
  const guint8 *bytes;
  gsize n;
  guint64 all = 0;
  do
    {
      if (!read (self, &bytes, &n, error))
        return FALSE;
      all += n;
      if (all > UL_LAYER_BLOB_MAX_TAIL)
        return ul_throw (error, UL_ERROR_CORRUPT, "the %s goes on for over %d bytes after its end",
                         what, UL_LAYER_BLOB_MAX_TAIL);
    }
  while (n > 0);
  return TRUE;
}

gboolean
ul_layer_blob_finish (UlLayerBlob *self, UlLayerBlobSums *out, GError **error)
{
  if (!drain (self, read_plain, "archive", error)
      || (self->split != NULL && !ul_tar_split_writer_finish (self->split, error))
      || !drain (self, read_packed, "blob", error))
    return FALSE;
  ul_hasher_finish (self->packed_hasher, &out->digest);
  ul_hasher_finish (self->plain_hasher, &out->diff_id);
  out->size = self->packed_size;
  out->diff_size = self->plain_size;
  return TRUE;
}
