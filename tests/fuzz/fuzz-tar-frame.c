// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include <string.h>

#include "core/tar-frame.h"
#include "core/tar-header.h"

/* Headers are mostly zeros: replay.c is to change only some of their bytes. */
unsigned fuzz_stride = 13;

/* How many bytes came out, and how many of content are to come. */
typedef struct
{
  const uint8_t *input;
  size_t out;
  guint64 due;
} Seen;

static gboolean
see (const guint8 *bytes, gsize len, Seen *seen)
{
  g_assert_cmpmem (bytes, len, seen->input + seen->out, len);
  seen->out += len;
  return TRUE;
}

static gboolean
structure (const guint8 *bytes, gsize len, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_assert_cmpuint (((Seen *) data)->due, ==, 0);
  return see (bytes, len, data);
}

static gboolean
entry (const char *name, guint64 size, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_assert_nonnull (name);
  g_assert_cmpuint (((Seen *) data)->due, ==, 0);
  ((Seen *) data)->due = size;
  return TRUE;
}

static gboolean
content (const guint8 *bytes, gsize len, gpointer data, G_GNUC_UNUSED GError **error)
{
  g_assert_cmpuint (len, <=, ((Seen *) data)->due);
  ((Seen *) data)->due -= len;
  return see (bytes, len, data);
}

/* A fuzzer won't find checksums: each block that looks like a header gets the right one. */
static void
mend (guint8 *bytes, size_t size)
{
  for (size_t at = 0; at + 512 <= size; at += 512)
    {
      guint sum = 0;
      if (memcmp (bytes + at + 257, "ustar", 5) != 0)
        continue;
      memset (bytes + at + 148, ' ', 8);
      for (guint i = 0; i < 512; i++)
        sum += bytes[at + i];
      g_snprintf ((char *) bytes + at + 148, 8, "%06o", sum);
    }
}

/* The same whatever pieces it comes in; all of it comes out. */
static gboolean
cut (const uint8_t *bytes, size_t size, size_t step, size_t *out_seen)
{
  static const UlTarFrameSink sink = { structure, entry, content };
  g_autoptr (GError) error = NULL;
  Seen seen = { .input = bytes };
  g_autoptr (UlTarFrame) frame = ul_tar_frame_new (&sink, &seen);
  gboolean ok = TRUE;
  for (size_t at = 0; ok && at < size; at += step)
    ok = ul_tar_frame_push (frame, bytes + at, MIN (step, size - at), &error);
  ok = ok && ul_tar_frame_finish (frame, &error);
  fuzz_assert_outcome (ok, error);
  if (ok)
    g_assert_cmpuint (seen.out, ==, size);
  *out_seen = seen.out;
  return ok;
}

/* A header by itself: a name that ends, and an error exactly where there is no heading. */
static void
parse (const uint8_t *block)
{
  g_autoptr (GError) error = NULL;
  UlTarHeading heading;
  const gboolean ok = ul_tar_heading_parse (block, &heading, &error);
  fuzz_assert_outcome (ok, error);
  if (ok)
    g_assert_cmpuint (strlen (heading.name), <=, UL_TAR_NAME_MAX);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  size_t whole, parts;
  g_autofree guint8 *mended = g_memdup2 (data, size);
  if (mended != NULL)
    mend (mended, size);
  if (size >= 512)
    parse (mended);
  const gboolean ok = cut (mended, size, MAX (size, 1), &whole);
  g_assert (cut (mended, size, 37, &parts) == ok);
  return 0;
}
