// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/dirtree.h"
#include "core/object.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GVariant) dirmeta = fuzz_variant (
      g_variant_type_peek_string (ul_object_variant_type (UL_OBJECT_DIRMETA)), data, size);
  g_autoptr (GError) error = NULL;
  const gboolean taken = ul_dirmeta_validate (dirmeta, &error);
  fuzz_assert_outcome (taken, error);
  if (!taken)
    return 0;
  guint32 uid;
  guint32 gid;
  guint32 mode;
  g_autoptr (GVariant) xattrs = NULL;
  ul_dirmeta_get (dirmeta, &uid, &gid, &mode, &xattrs);
  fuzz_assert_same (ul_dirmeta_new (uid, gid, mode, xattrs), data, size);
  return 0;
}
