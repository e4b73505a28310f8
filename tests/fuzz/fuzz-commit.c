// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/commit.h"
#include "core/object.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GVariant) variant = fuzz_variant (
      g_variant_type_peek_string (ul_object_variant_type (UL_OBJECT_COMMIT)), data, size);
  g_autoptr (GError) error = NULL;
  g_auto (UlCommit) commit = { 0 };
  const gboolean taken = ul_commit_parse (variant, &commit, &error);
  fuzz_assert_outcome (taken, error);
  if (taken && g_variant_n_children (commit.related) == 0)
    fuzz_assert_same (ul_commit_new (commit.metadata, commit.has_parent ? &commit.parent : NULL,
                                     commit.subject, commit.body, commit.timestamp, &commit.tree,
                                     &commit.meta),
                      data, size);
  return 0;
}
