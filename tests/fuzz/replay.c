// SPDX-License-Identifier: LGPL-2.1-or-later
/* Drives a fuzz target without libFuzzer, as a test: every file of its corpus, then each of them
 * cut off at every length and with every byte changed in a few ways (up to a limit), all
 * deterministic.
 *
 *   fuzz-NAME [FILE...]      these files alone, as they are: to reproduce a finding */

#include "fuzz.h"

#include <string.h>

#define MAX_MUTATED 2048

__attribute__ ((weak)) unsigned fuzz_stride = 1;

static gulong n_runs;

/* A copy of exactly this size, so that a sanitizer sees a read past its end. */
static void
try (const guint8 *data, gsize size)
{
  g_autofree guint8 *copy = g_malloc (MAX (size, 1));
  memcpy (copy, data, size);
  LLVMFuzzerTestOneInput (copy, size);
  n_runs++;
}

static void
try_mutations (guint8 *data, gsize size)
{
  static const guint8 flips[] = { 0x01, 0x02, 0x20, 0x80, 0xff };
  const gsize limit = MIN (size, MAX_MUTATED);
  for (gsize i = 0; i < limit; i += fuzz_stride)
    {
      try (data, i);
      for (gsize k = 0; k < G_N_ELEMENTS (flips); k++)
        {
          data[i] ^= flips[k];
          try (data, size);
          data[i] ^= flips[k];
        }
    }
}

static void
try_file (const char *path, gboolean mutate)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *data = NULL;
  gsize size;
  if (!g_file_get_contents (path, &data, &size, &error))
    g_error ("%s", error->message);
  try ((const guint8 *) data, size);
  if (mutate)
    try_mutations ((guint8 *) data, size);
}

static gint
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* The corpus of this program, sorted by name; at least one file. */
static GPtrArray *
corpus_files (const char *program)
{
  const char *top = g_getenv ("abs_top_srcdir");
  if (top == NULL)
    g_error ("abs_top_srcdir is not set: run it by make check, or give it files");
  g_autofree char *name = g_path_get_basename (program);
  g_assert_true (g_str_has_prefix (name, "fuzz-"));
  g_autofree char *dir = g_build_filename (top, "tests/fuzz/corpus", name + strlen ("fuzz-"), NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) entries = g_dir_open (dir, 0, &error);
  if (entries == NULL)
    g_error ("%s", error->message);
  GPtrArray *files = g_ptr_array_new_with_free_func (g_free);
  const char *entry;
  while ((entry = g_dir_read_name (entries)) != NULL)
    g_ptr_array_add (files, g_build_filename (dir, entry, NULL));
  g_assert_cmpuint (files->len, >, 0);
  g_ptr_array_sort (files, by_name);
  return files;
}

int
main (int argc, char **argv)
{
  gboolean given = FALSE;
  for (int i = 1; i < argc; i++)
    if (argv[i][0] != '-')
      {
        try_file (argv[i], FALSE);
        given = TRUE;
      }
  if (given)
    return 0;

  g_autoptr (GPtrArray) files = corpus_files (argv[0]);
  g_print ("1..1\n");
  for (guint i = 0; i < files->len; i++)
    try_file (files->pdata[i], TRUE);
  g_print ("ok 1 - %u files, %lu inputs\n", files->len, n_runs);
  return 0;
}
