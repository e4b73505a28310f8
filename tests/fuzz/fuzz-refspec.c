// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/refspec.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autofree char *remote = NULL;
  g_autofree char *ref = NULL;
  const gboolean taken = ul_refspec_parse (text, &remote, &ref, &error);
  fuzz_assert_outcome (taken, error);
  if (taken)
    {
      g_autofree char *again
          = remote != NULL ? g_strconcat (remote, ":", ref, NULL) : g_strdup (ref);
      g_assert_cmpstr (again, ==, text);
      g_assert_true (ul_ref_validate (ref, NULL));
      g_assert_true (remote == NULL || ul_remote_name_validate (remote, NULL));
      /* What is taken as a ref becomes a path. */
      g_auto (GStrv) parts = g_strsplit (ref, "/", -1);
      for (char **part = parts; *part != NULL; part++)
        g_assert_false (**part == '\0' || **part == '.');
    }

  g_autoptr (GError) id_error = NULL;
  const gboolean id_taken = ul_collection_id_validate (text, &id_error);
  fuzz_assert_outcome (id_taken, id_error);
  return 0;
}
