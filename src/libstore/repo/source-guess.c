// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/source-guess.h"

#include <string.h>

#include "repo/content-private.h"
#include "util/error.h"

void
ul_guessed_clear (UlGuessed *self)
{
  ul_content_free (self->content);
  ul_hasher_free (self->hasher);
  g_free (self->chunk);
}

/* Has the object the same @len bytes next? If it's damaged, it hasn't. */
static gboolean
has_next (UlGuessed *self, const guint8 *data, gsize len, guint8 *buffer)
{
  for (gsize n; len > 0; data += n, len -= n)
    if (!ul_content_read (self->content, buffer, len, &n, NULL) || n == 0
        || memcmp (buffer, data, n) != 0)
      return FALSE;
  return TRUE;
}

/* Up to the first chunk that isn't the same. */
static gboolean
compare (UlGuessed *self, UlHasher *hasher, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (UL_SCRATCH_CHUNK);
  UlCursor cursor = { .source = self->source };
  self->chunk = g_malloc (UL_SCRATCH_CHUNK);
  while (cursor.offset < self->source->size)
    {
      if (!ul_cursor_read (&cursor, self->chunk, UL_SCRATCH_CHUNK, &self->chunk_len, error))
        return FALSE;
      if (!has_next (self, self->chunk, self->chunk_len, buffer))
        return TRUE;
      ul_hasher_update (hasher, self->chunk, self->chunk_len);
      self->same = cursor.offset;
    }
  self->chunk_len = 0;
  return TRUE;
}

gboolean
ul_guessed_compare (UlGuessed *self, UlRepo *repo, const UlFileMeta *meta, const UlSource *source,
                    UlHasher *hasher, gboolean *out_same, GError **error)
{
  self->meta = meta;
  self->source = source;
  ul_file_meta_start_hash (meta, hasher);
  /* It may be gone, or damaged: then it's no guess. */
  if (ul_objects_open_file (repo, source->guess, &self->content, NULL)
      && ul_content_size (self->content) == source->size && !compare (self, hasher, error))
    return FALSE;
  ul_hasher_finish (hasher, &self->sum);
  *out_same = self->same == source->size;
  return TRUE;
}

/* Somebody may write to the object, through a hardlink: what is taken from it has to be what the
 * stream had. */
static gboolean
check_again (UlGuessed *self, GError **error)
{
  UlChecksum sum;
  ul_hasher_finish (self->hasher, &sum);
  if (ul_checksum_equal (&sum, &self->sum))
    return TRUE;
  g_autofree char *name = ul_object_to_string (self->source->guess, UL_OBJECT_FILE);
  return ul_throw (error, UL_ERROR_CORRUPT, "object %s changed while it was read", name);
}

static gboolean
read_object (UlGuessed *self, void *buffer, gsize len, gsize *out_n, GError **error)
{
  if (!ul_content_read (self->content, buffer, (gsize) MIN (len, self->same), out_n, error))
    return FALSE;
  ul_hasher_update (self->hasher, buffer, *out_n);
  self->same -= *out_n;
  return self->same > 0 || check_again (self, error);
}

static gboolean
read_again (gpointer user, void *buffer, gsize len, gsize *out_n, GError **error)
{
  UlGuessed *self = user;
  if (self->same > 0)
    return read_object (self, buffer, len, out_n, error);
  if (self->chunk_at < self->chunk_len)
    {
      *out_n = MIN (len, self->chunk_len - self->chunk_at);
      memcpy (buffer, self->chunk + self->chunk_at, *out_n);
      self->chunk_at += *out_n;
      return TRUE;
    }
  return self->source->read (self->source->user, buffer, len, out_n, error);
}

gboolean
ul_guessed_restart (UlGuessed *self, UlSource *out, GError **error)
{
  *out = (UlSource){ .fd = -1, .read = read_again, .user = self, .size = self->source->size };
  if (self->same == 0)
    return TRUE;
  self->hasher = ul_hasher_new ();
  ul_file_meta_start_hash (self->meta, self->hasher);
  return ul_content_rewind (self->content, error);
}
