// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/tar-split-reader.h"

#include <string.h>

#include "core/tar-split-line.h"
#include "util/error.h"

struct _UlTarSplitReader
{
  UlTarSplitReaderSink sink;
  gpointer data;
  GByteArray *begun; /* a line whose end hasn't come */
  GByteArray *scratch;
  guint64 lines; /* so far */
};

UlTarSplitReader *
ul_tar_split_reader_new (const UlTarSplitReaderSink *sink, gpointer data)
{
  UlTarSplitReader *self = g_new0 (UlTarSplitReader, 1);
  self->sink = *sink;
  self->data = data;
  self->begun = g_byte_array_new ();
  self->scratch = g_byte_array_new ();
  return self;
}

void
ul_tar_split_reader_free (UlTarSplitReader *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->begun);
  g_byte_array_unref (self->scratch);
  g_free (self);
}

static gboolean
throw_line (const UlTarSplitReader *self, const char *cause, GError **error)
{
  return ul_throw (error, UL_ERROR_CORRUPT, "tar-split: line %" G_GUINT64_FORMAT ": %s",
                   self->lines + 1, cause);
}

static gboolean
take_line (UlTarSplitReader *self, const char *text, gsize len, GError **error)
{
  UlTarSplitLine line;
  g_autoptr (GError) cause = NULL;
  if (!ul_tar_split_line_parse (text, len, self->scratch, &line, &cause))
    return throw_line (self, cause->message, error);
  if (line.position != self->lines)
    return throw_line (self, "not the position that follows", error);
  self->lines++;
  if (line.is_file)
    return line.size == 0 || self->sink.file (line.name, line.size, line.crc, self->data, error);
  return line.len == 0 || self->sink.bytes (line.bytes, line.len, self->data, error);
}

/* A line in one piece is read where it is. */
static gboolean
end_line (UlTarSplitReader *self, const char *text, gsize len, GError **error)
{
  if (self->begun->len == 0)
    return take_line (self, text, len, error);
  g_byte_array_append (self->begun, (const guint8 *) text, (guint) len);
  const gboolean ok = take_line (self, (const char *) self->begun->data, self->begun->len, error);
  g_byte_array_set_size (self->begun, 0);
  return ok;
}

gboolean
ul_tar_split_reader_push (UlTarSplitReader *self, const char *bytes, gsize len, GError **error)
{
  while (len > 0)
    {
      const char *newline = memchr (bytes, '\n', len);
      const gsize n = newline != NULL ? (gsize) (newline - bytes) : len;
      if (n > UL_TAR_SPLIT_MAX_LINE - self->begun->len)
        return throw_line (self, "too long", error);
      if (newline == NULL)
        {
          g_byte_array_append (self->begun, (const guint8 *) bytes, (guint) n);
          return TRUE;
        }
      if (!end_line (self, bytes, n, error))
        return FALSE;
      bytes += n + 1;
      len -= n + 1;
    }
  return TRUE;
}

gboolean
ul_tar_split_reader_finish (UlTarSplitReader *self, GError **error)
{
  return self->begun->len == 0 || throw_line (self, "cut off", error);
}
