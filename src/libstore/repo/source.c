// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/source.h"

#include <libdeflate.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"

/* The kernel copies faster to buffers that start at one. */
#define PAGE 4096

void
ul_scratch_clear (UlScratch *scratch)
{
  g_clear_pointer (&scratch->chunk, g_aligned_free);
  g_clear_pointer (&scratch->whole, g_aligned_free);
  g_clear_pointer (&scratch->packed, g_aligned_free);
  g_clear_pointer (&scratch->deflate, libdeflate_free_compressor);
  g_clear_pointer (&scratch->unpack, libdeflate_free_decompressor);
  scratch->whole_size = 0;
  scratch->packed_size = 0;
}

guint8 *
ul_scratch_chunk (UlScratch *scratch)
{
  if (scratch->chunk == NULL)
    scratch->chunk = g_aligned_alloc (1, UL_SCRATCH_CHUNK, PAGE);
  return scratch->chunk;
}

/* All that is ever likely to be wanted, at once: pages that nobody touches cost nothing, while a
 * buffer that grows step by step maps and unmaps, for which every thread's page faults wait. Old
 * content isn't kept. */
static guint8 *
grow (guint8 **buffer, gsize *have, gsize want)
{
  if (*buffer == NULL || *have < want)
    {
      g_aligned_free (*buffer);
      *have = MAX (want, UL_SOURCE_WHOLE_MAX + 64 * 1024);
      *buffer = g_aligned_alloc (1, *have, PAGE);
    }
  return *buffer;
}

guint8 *
ul_scratch_whole (UlScratch *scratch, gsize size)
{
  return grow (&scratch->whole, &scratch->whole_size, size);
}

guint8 *
ul_scratch_packed (UlScratch *scratch, gsize size)
{
  return grow (&scratch->packed, &scratch->packed_size, size);
}

gboolean
ul_cursor_read (UlCursor *cursor, void *buffer, gsize len, gsize *out_n, GError **error)
{
  const UlSource *source = cursor->source;
  if (!ul_interrupt_check (error))
    return FALSE;
  gsize n = (gsize) MIN (len, source->size - cursor->offset);
  if (n > 0)
    {
      if (source->data != NULL)
        memcpy (buffer, source->data + cursor->offset, n);
      else if (source->read != NULL)
        {
          if (!source->read (source->user, buffer, n, &n, error))
            return FALSE;
        }
      else if (!ul_fd_read_at (source->fd, buffer, n, cursor->offset, NULL, &n, error))
        return FALSE;
      if (n == 0)
        return ul_throw (error, UL_ERROR_FAILED, "read: file became shorter while it was read");
    }
  cursor->offset += n;
  *out_n = n;
  return TRUE;
}

gboolean
ul_source_get_whole (const UlSource *source, UlScratch *scratch, const guint8 **out_data,
                     GError **error)
{
  g_assert (source->size <= UL_SOURCE_WHOLE_MAX);
  if (source->data != NULL)
    {
      *out_data = source->data;
      return TRUE;
    }
  guint8 *whole = ul_scratch_whole (scratch, (gsize) source->size);
  UlCursor cursor = { .source = source };
  while (cursor.offset < source->size)
    {
      gsize n;
      if (!ul_cursor_read (&cursor, whole + cursor.offset, (gsize) (source->size - cursor.offset),
                           &n, error))
        return FALSE;
    }
  *out_data = whole;
  return TRUE;
}

/* Calls for each chunk in turn; the one loop behind hashing and writing. */
static gboolean
pump (const UlSource *source, UlScratch *scratch, int fd, UlHasher *hasher, GError **error)
{
  UlCursor cursor = { .source = source };
  while (cursor.offset < source->size)
    {
      const guint8 *data = source->data;
      gsize n = (gsize) source->size;
      if (data != NULL)
        cursor.offset = source->size;
      else
        {
          guint8 *chunk = ul_scratch_chunk (scratch);
          if (!ul_cursor_read (&cursor, chunk, UL_SCRATCH_CHUNK, &n, error))
            return FALSE;
          data = chunk;
        }
      if (hasher != NULL)
        ul_hasher_update (hasher, data, n);
      if (fd >= 0 && !ul_fd_write_all (fd, data, n, "object", error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ul_source_hash (const UlSource *source, UlScratch *scratch, UlHasher *hasher, GError **error)
{
  return pump (source, scratch, -1, hasher, error);
}

gboolean
ul_source_write (const UlSource *source, UlScratch *scratch, int fd, UlHasher *tee, GError **error)
{
  if (source->clone != NULL)
    {
      *source->clone = ul_fd_clone (source->fd, fd, source->size);
      if (*source->clone)
        return TRUE;
    }
  return pump (source, scratch, fd, tee, error);
}
