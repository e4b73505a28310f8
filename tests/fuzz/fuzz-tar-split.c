// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include <string.h>

#include "core/tar-split.h"

unsigned fuzz_stride = 13;

typedef struct
{
  const uint8_t *input;
  size_t at; /* bytes of the archive that the lines stand for */
  guint64 position;
} Seen;

static void
see_segment (Seen *seen, const char *line)
{
  const char *text = line + strlen ("{\"type\":2,\"payload\":\"");
  g_autofree char *base64 = g_strndup (text, strcspn (text, "\""));
  gsize len;
  g_autofree guint8 *bytes = g_base64_decode (base64, &len);
  g_assert_cmpmem (bytes, len, seen->input + seen->at, len);
  seen->at += len;
}

/* The size of the content, which is in the input and not in the line. */
static void
see_file (Seen *seen, const char *line)
{
  const char *size = g_strrstr (line, ",\"size\":");
  if (size != NULL)
    seen->at += (size_t) g_ascii_strtoull (size + strlen (",\"size\":"), NULL, 10);
}

/* Whole lines, numbered, which together are what has gone in so far. */
static gboolean
see (const char *lines, gsize len, gpointer data, G_GNUC_UNUSED GError **error)
{
  Seen *seen = data;
  g_autofree char *line = g_strndup (lines, len);
  g_autofree char *end
      = g_strdup_printf (",\"position\":%" G_GUINT64_FORMAT "}\n", seen->position++);
  g_assert_true (g_utf8_validate (line, (gssize) len, NULL));
  g_assert_true (g_str_has_suffix (line, end));
  g_assert_true (strchr (line, '\n') == line + len - 1);
  if (g_str_has_prefix (line, "{\"type\":2,\"payload\":\""))
    see_segment (seen, line);
  else
    {
      g_assert_true (g_str_has_prefix (line, "{\"type\":1,\"name"));
      see_file (seen, line);
    }
  return TRUE;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  Seen seen = { .input = data };
  g_autoptr (UlTarSplitWriter) writer = ul_tar_split_writer_new (see, &seen);
  const gboolean ok = ul_tar_split_writer_push (writer, data, size, &error)
                      && ul_tar_split_writer_finish (writer, &error);
  fuzz_assert_outcome (ok, error);
  if (ok)
    g_assert_cmpuint (seen.at, ==, size);
  return 0;
}
