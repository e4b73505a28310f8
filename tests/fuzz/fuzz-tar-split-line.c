// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include <string.h>

#include "core/tar-split-line.h"

/* A payload of @len bytes as an encoder writes it. */
static void
append_payload (GString *out, const void *bytes, gsize len)
{
  g_autofree char *text = g_base64_encode (bytes, len);
  g_string_append_printf (out, "\"payload\":\"%s\"", text);
}

/* All of a line but the name, of which there are several spellings. */
static char *
end_of_line (const UlTarSplitLine *line, gboolean is_null)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const guint64 crc = GUINT64_TO_BE (line->crc);
  if (line->is_file && line->size > 0)
    g_string_append_printf (out, "\"size\":%" G_GUINT64_FORMAT ",", line->size);
  if (is_null)
    g_string_append (out, "\"payload\":null");
  else if (line->is_file)
    append_payload (out, &crc, sizeof crc);
  else
    append_payload (out, line->bytes, line->len);
  g_string_append_printf (out, ",\"position\":%" G_GUINT64_FORMAT "}", line->position);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* What is taken has one spelling, put together again it is the same. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) scratch = g_byte_array_new ();
  UlTarSplitLine line;
  const gboolean ok = ul_tar_split_line_parse ((const char *) data, size, scratch, &line, &error);
  fuzz_assert_outcome (ok, error);
  if (!ok)
    return 0;
  g_autofree char *text = g_strndup ((const char *) data, size);
  const char *begin = line.is_file ? "{\"type\":1," : "{\"type\":2,";
  const gboolean is_null = strstr (text, "\"payload\":null,\"position\":") != NULL;
  g_autofree char *end = end_of_line (&line, is_null);
  g_assert_true (g_str_has_prefix (text, begin));
  g_assert_true (g_str_has_suffix (text, end));
  if (!line.is_file)
    g_assert_cmpuint (strlen (begin) + strlen (end), ==, size);
  else
    g_assert_true (is_null == (line.size == 0));
  return 0;
}
