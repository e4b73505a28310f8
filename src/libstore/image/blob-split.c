// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/blob-split.h"

#include "core/gzip-split.h"
#include "util/handoff.h"

#define SLOTS 8

struct _UlBlobSplit
{
  UlPlainDraft *draft;
  guint64 left;         /* bytes that may still be written */
  gboolean is_too_long; /* of no use: nothing more is done */
  UlGzipSplitWriter *writer;
  gboolean threaded;
  GThread *thread; /* NULL: not started, or joined, or the system allows no more */

  UlHandoff handoff;
  const UlGunzipChunk *slots[SLOTS];
  GError *failure; /* of the thread, which hangs up behind it */
};

static gboolean
write_split (const void *bytes, gsize len, gpointer data, GError **error)
{
  UlBlobSplit *self = data;
  self->is_too_long |= len > self->left;
  if (self->is_too_long)
    return TRUE;
  self->left -= len;
  return ul_plain_draft_write (self->draft, bytes, len, error);
}

UlBlobSplit *
ul_blob_split_new (UlPlainDraft *draft, guint64 max, gboolean threaded)
{
  UlBlobSplit *self = g_new0 (UlBlobSplit, 1);
  self->draft = draft;
  self->left = max;
  self->writer = ul_gzip_split_writer_new (write_split, self);
  self->threaded = threaded;
  ul_handoff_init (&self->handoff, SLOTS);
  return self;
}

static void
join (UlBlobSplit *self)
{
  if (self->thread != NULL)
    g_thread_join (g_steal_pointer (&self->thread));
}

void
ul_blob_split_free (UlBlobSplit *self)
{
  if (self == NULL)
    return;
  ul_handoff_hang_up (&self->handoff);
  join (self);
  for (; self->handoff.taken < self->handoff.given; ul_handoff_take (&self->handoff, 1))
    ul_gunzip_chunk_unref (self->slots[self->handoff.taken % SLOTS]);
  ul_gzip_split_writer_free (self->writer);
  g_clear_error (&self->failure);
  ul_handoff_clear (&self->handoff);
  g_free (self);
}

static gboolean
write_chunk (UlBlobSplit *self, const UlGunzipChunk *chunk, GError **error)
{
  return self->is_too_long || ul_gzip_split_writer_push (self->writer, chunk, error);
}

static gpointer
work (gpointer data)
{
  UlBlobSplit *self = data;
  while (ul_handoff_wait_given (&self->handoff) > 0)
    {
      const UlGunzipChunk *chunk = self->slots[self->handoff.taken % SLOTS];
      const gboolean ok = write_chunk (self, chunk, &self->failure);
      ul_gunzip_chunk_unref (chunk);
      ul_handoff_take (&self->handoff, 1);
      if (!ok)
        ul_handoff_hang_up (&self->handoff);
    }
  return NULL;
}

/* If it has one. */
static gboolean
throw_failure (UlBlobSplit *self, GError **error)
{
  if (self->failure == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (self->failure));
  return FALSE;
}

gboolean
ul_blob_split_push (UlBlobSplit *self, const UlGunzipChunk *chunk, GError **error)
{
  if (self->threaded && self->thread == NULL)
    {
      self->thread = g_thread_try_new ("gzip-split", work, self, NULL);
      self->threaded = self->thread != NULL;
    }
  if (!self->threaded)
    return write_chunk (self, chunk, error);
  if (ul_handoff_wait_free (&self->handoff) == 0)
    return throw_failure (self, error);
  self->slots[self->handoff.given % SLOTS] = ul_gunzip_chunk_ref (chunk);
  ul_handoff_give (&self->handoff, 1);
  return TRUE;
}

gboolean
ul_blob_split_finish (UlBlobSplit *self, gboolean *out_is_too_long, GError **error)
{
  ul_handoff_end (&self->handoff);
  join (self);
  if (!throw_failure (self, error) || !ul_gzip_split_writer_finish (self->writer, error))
    return FALSE;
  *out_is_too_long = self->is_too_long;
  return TRUE;
}
