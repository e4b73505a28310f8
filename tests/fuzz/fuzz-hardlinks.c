// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/hardlinks.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GVariant) value = fuzz_variant ("(ayay)", data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) links = NULL;
  const UlChecksum tree = { { 0 } };
  const gboolean taken = ul_hardlinks_parse (value, &tree, &links, &error);
  fuzz_assert_outcome (taken, error);
  if (links == NULL)
    return 0;
  for (guint i = 0; i < links->len; i++)
    g_assert (ul_hardlinks_find (links, g_array_index (links, UlHardlink, i).file)
              == &g_array_index (links, UlHardlink, i));
  fuzz_assert_same (ul_hardlinks_new (&tree, links), data, size);
  return 0;
}
