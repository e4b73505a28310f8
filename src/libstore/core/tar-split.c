// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/tar-split.h"

#include <string.h>

#include "core/crc64.h"
#include "core/tar-frame.h"

/* Of bytes as they are in one line. */
#define SEGMENT_MAX (64 * 1024)

struct _UlTarSplitWriter
{
  UlTarFrame *frame;
  UlTarSplitSink sink;
  gpointer data;
  UlTarSplitKeep keep;
  gpointer keep_data;
  GByteArray *segment; /* structure that isn't written yet */
  GString *line;
  guint64 position;

  gboolean kept; /* the content that comes is structure to the reader */
  char *name;    /* of the file whose content comes */
  guint64 size;
  guint64 remaining;
  guint64 crc;
};

/* As Go's encoder has it: also what would end a script in HTML. */
static void
append_escaped (GString *out, const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      const gunichar c = g_utf8_get_char (p);
      if (c == '"' || c == '\\')
        g_string_append_printf (out, "\\%c", (char) c);
      else if (c == '\n')
        g_string_append (out, "\\n");
      else if (c == '\r')
        g_string_append (out, "\\r");
      else if (c == '\t')
        g_string_append (out, "\\t");
      else if (c < 0x20 || c == '<' || c == '>' || c == '&' || c == 0x2028 || c == 0x2029)
        g_string_append_printf (out, "\\u%04x", c);
      else
        g_string_append_unichar (out, c);
    }
}

static void
append_base64 (GString *out, const guint8 *bytes, gsize len)
{
  g_autofree char *text = g_base64_encode (bytes, len);
  g_string_append_printf (out, "\"%s\"", text);
}

static gboolean
end_line (UlTarSplitWriter *self, GError **error)
{
  g_string_append_printf (self->line, ",\"position\":%" G_GUINT64_FORMAT "}\n", self->position++);
  const gboolean ok = self->sink (self->line->str, self->line->len, self->data, error);
  g_string_truncate (self->line, 0);
  return ok;
}

static gboolean
write_segment (UlTarSplitWriter *self, GError **error)
{
  if (self->segment->len == 0)
    return TRUE;
  g_string_append (self->line, "{\"type\":2,\"payload\":");
  append_base64 (self->line, self->segment->data, self->segment->len);
  g_byte_array_set_size (self->segment, 0);
  return end_line (self, error);
}

static gboolean
write_file (UlTarSplitWriter *self, GError **error)
{
  GString *line = self->line;
  g_string_append (line, "{\"type\":1,");
  if (g_utf8_validate (self->name, -1, NULL))
    {
      g_string_append (line, "\"name\":\"");
      append_escaped (line, self->name);
      g_string_append_c (line, '"');
    }
  else
    {
      g_string_append (line, "\"name_raw\":");
      append_base64 (line, (const guint8 *) self->name, strlen (self->name));
    }
  if (self->size > 0)
    {
      const guint64 crc = GUINT64_TO_BE (self->crc);
      g_string_append_printf (line, ",\"size\":%" G_GUINT64_FORMAT ",\"payload\":", self->size);
      append_base64 (line, (const guint8 *) &crc, sizeof crc);
    }
  else
    g_string_append (line, ",\"payload\":null");
  g_clear_pointer (&self->name, g_free);
  return end_line (self, error);
}

static gboolean
structure (const guint8 *bytes, gsize len, gpointer data, GError **error)
{
  UlTarSplitWriter *self = data;
  while (len > 0)
    {
      const gsize n = MIN (len, SEGMENT_MAX - self->segment->len);
      g_byte_array_append (self->segment, bytes, (guint) n);
      bytes += n;
      len -= n;
      if (self->segment->len == SEGMENT_MAX && !write_segment (self, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
entry (const char *name, guint64 size, gpointer data, GError **error)
{
  UlTarSplitWriter *self = data;
  self->kept = size > 0 && self->keep != NULL && self->keep (name, size, self->keep_data);
  if (self->kept)
    return TRUE;
  self->name = g_strdup (name);
  self->size = size;
  self->remaining = size;
  self->crc = 0;
  return write_segment (self, error) && (size > 0 || write_file (self, error));
}

static gboolean
content (const guint8 *bytes, gsize len, gpointer data, GError **error)
{
  UlTarSplitWriter *self = data;
  if (self->kept)
    return structure (bytes, len, self, error);
  self->crc = ul_crc64_update (self->crc, bytes, len);
  self->remaining -= len;
  return self->remaining > 0 || write_file (self, error);
}

UlTarSplitWriter *
ul_tar_split_writer_new (UlTarSplitSink sink, gpointer data)
{
  static const UlTarFrameSink frame_sink
      = { .structure = structure, .entry = entry, .content = content };
  UlTarSplitWriter *self = g_new0 (UlTarSplitWriter, 1);
  self->frame = ul_tar_frame_new (&frame_sink, self);
  self->sink = sink;
  self->data = data;
  self->segment = g_byte_array_new ();
  self->line = g_string_new (NULL);
  return self;
}

void
ul_tar_split_writer_free (UlTarSplitWriter *self)
{
  if (self == NULL)
    return;
  ul_tar_frame_free (self->frame);
  g_byte_array_unref (self->segment);
  g_string_free (self->line, TRUE);
  g_free (self->name);
  g_free (self);
}

void
ul_tar_split_writer_keep (UlTarSplitWriter *self, UlTarSplitKeep keep, gpointer data)
{
  self->keep = keep;
  self->keep_data = data;
}

gboolean
ul_tar_split_writer_push (UlTarSplitWriter *self, const void *bytes, gsize len, GError **error)
{
  return ul_tar_frame_push (self->frame, bytes, len, error);
}

gboolean
ul_tar_split_writer_finish (UlTarSplitWriter *self, GError **error)
{
  return ul_tar_frame_finish (self->frame, error) && write_segment (self, error);
}
