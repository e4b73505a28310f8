// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/equivalences.h"

#include <string.h>

#include "util/error.h"

gboolean
ul_cli_parse_equivalences (char **words, char ***out_pairs, GError **error)
{
  g_autoptr (GStrvBuilder) pairs = g_strv_builder_new ();
  for (char **word = words; word != NULL && *word != NULL; word++)
    {
      const char *equals = strchr (*word, '=');
      if (equals == NULL)
        return ul_throw (error, UL_ERROR_INVALID, "Missing '=' in --selinux-equivalence=%s", *word);
      g_autofree char *from = g_strndup (*word, (gsize) (equals - *word));
      g_strv_builder_add_many (pairs, from, equals + 1, NULL);
    }
  *out_pairs = words != NULL ? g_strv_builder_end (pairs) : NULL;
  return TRUE;
}
