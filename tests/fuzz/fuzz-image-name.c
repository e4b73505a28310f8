// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/image-name.h"
#include "core/refspec.h"

#include <limits.h>
#include <string.h>

/* What holds for every full name. */
static void
check_full (const char *full)
{
  g_autofree char *again = NULL;
  g_assert_true (ul_image_name_normalize (full, &again, NULL));
  g_assert_cmpstr (again, ==, full);

  g_autofree char *ref = ul_image_name_to_ref (full);
  g_assert_true (ul_ref_validate (ref, NULL));
  g_autofree char *back = NULL;
  g_assert_true (ul_image_name_from_ref (ref, &back));
  g_assert_cmpstr (back, ==, full);

  g_auto (GStrv) parts = g_strsplit (ref, "/", -1);
  g_assert_cmpuint (g_strv_length (parts), >=, 3);
  for (char **part = parts; *part != NULL; part++)
    g_assert_cmpuint (strlen (*part), <=, NAME_MAX);
}

static void
suggest (const char *basename, const char *tag)
{
  g_autofree char *full = NULL;
  g_autoptr (GError) error = NULL;
  const gboolean taken = ul_image_name_suggest (basename, tag, &full, &error);
  fuzz_assert_outcome (taken, error);
  if (taken)
    check_full (full);
}

/* The input is a name as typed, or a ref; and the name of a directory, a newline and a tag. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autofree char *full = NULL;
  const gboolean taken = ul_image_name_normalize (text, &full, &error);
  fuzz_assert_outcome (taken, error);
  if (taken)
    check_full (full);

  g_autofree char *of_ref = NULL;
  if (ul_image_name_from_ref (text, &of_ref))
    {
      check_full (of_ref);
      g_autofree char *ref = ul_image_name_to_ref (of_ref);
      g_assert_cmpstr (ref, ==, text);
    }

  suggest (text, NULL);
  char *newline = strchr (text, '\n');
  if (newline != NULL)
    {
      *newline = '\0';
      suggest (text, newline + 1);
    }
  return 0;
}
