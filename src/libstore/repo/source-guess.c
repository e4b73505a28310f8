// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/source-guess.h"

#include <string.h>

void
ul_guessed_clear (UlGuessed *self)
{
  ul_content_free (self->content);
  g_free (self->chunk);
}

/* Which may be gone, or damaged: then it's no guess. */
static gboolean
open_content (UlGuessed *self, GError **error)
{
  g_clear_pointer (&self->content, ul_content_free);
  return ul_objects_open_file (self->repo, self->source->guess, &self->content, error);
}

/* Has the object the same @len bytes next? */
static gboolean
has_next (UlGuessed *self, const guint8 *data, gsize len, guint8 *buffer)
{
  for (gsize n; len > 0; data += n, len -= n)
    if (!ul_content_read (self->content, buffer, len, &n, NULL) || n == 0
        || memcmp (buffer, data, n) != 0)
      return FALSE;
  return TRUE;
}

gboolean
ul_guessed_compare (UlGuessed *self, UlRepo *repo, const UlSource *source, UlHasher *hasher,
                    gboolean *out_same, GError **error)
{
  self->repo = repo;
  self->source = source;
  *out_same = FALSE;
  if (!open_content (self, NULL) || ul_content_size (self->content) != source->size)
    return TRUE;

  self->chunk = g_malloc (UL_SCRATCH_CHUNK);
  g_autofree guint8 *buffer = g_malloc (UL_SCRATCH_CHUNK);
  UlCursor cursor = { .source = source };
  while (cursor.offset < source->size)
    {
      self->same = cursor.offset;
      if (!ul_cursor_read (&cursor, self->chunk, UL_SCRATCH_CHUNK, &self->chunk_len, error))
        return FALSE;
      ul_hasher_update (hasher, self->chunk, self->chunk_len);
      if (!has_next (self, self->chunk, self->chunk_len, buffer))
        return TRUE;
    }
  self->same = source->size;
  self->chunk_len = 0;
  *out_same = TRUE;
  return TRUE;
}

static gboolean
read_again (gpointer user, void *buffer, gsize len, gsize *out_n, GError **error)
{
  UlGuessed *self = user;
  if (self->same > 0)
    {
      if (!ul_content_read (self->content, buffer, (gsize) MIN (len, self->same), out_n, error))
        return FALSE;
      self->same -= *out_n;
      return TRUE;
    }
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
  return self->same == 0 || open_content (self, error);
}
