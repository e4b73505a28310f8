// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/sizes.h"

#include <stdlib.h>
#include <string.h>

#include "core/varint.h"
#include "util/error.h"

static int
compare_sizes (const void *a, const void *b)
{
  return memcmp (((const UlSize *) a)->checksum.bytes, ((const UlSize *) b)->checksum.bytes,
                 UL_CHECKSUM_LEN);
}

GVariant *
ul_sizes_new (UlSize *sizes, gsize n)
{
  g_auto (GVariantBuilder) builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aay"));
  if (n > 0)
    qsort (sizes, n, sizeof *sizes, compare_sizes);
  for (gsize i = 0; i < n; i++)
    {
      guint8 bytes[UL_CHECKSUM_LEN + 2 * UL_VARINT_MAX + 1];
      memcpy (bytes, sizes[i].checksum.bytes, UL_CHECKSUM_LEN);
      guint8 *at = ul_varint_put (bytes + UL_CHECKSUM_LEN, sizes[i].stored);
      at = ul_varint_put (at, sizes[i].unpacked);
      *at++ = (guint8) sizes[i].type;
      g_variant_builder_add_value (&builder, g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes,
                                                                        (gsize) (at - bytes), 1));
    }
  return g_variant_builder_end (&builder);
}

static gboolean
parse (const guint8 *bytes, gsize len, UlSize *out)
{
  if (len < UL_CHECKSUM_LEN)
    return FALSE;
  const guint8 *end = bytes + len;
  const guint8 *at = bytes + UL_CHECKSUM_LEN;
  memcpy (out->checksum.bytes, bytes, UL_CHECKSUM_LEN);
  if (!ul_varint_get (&at, end, &out->stored) || !ul_varint_get (&at, end, &out->unpacked))
    return FALSE;
  out->type = at < end ? (UlObjectType) *at++ : UL_OBJECT_FILE;
  return at == end && out->type >= UL_OBJECT_FILE && out->type <= UL_OBJECT_DIRMETA;
}

gboolean
ul_sizes_foreach (GVariant *value, UlSizeFunc func, gpointer data, GError **error)
{
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE ("aay")))
    return ul_throw (error, UL_ERROR_CORRUPT, UL_SIZES_KEY ": of type %s, not aay",
                     g_variant_get_type_string (value));
  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) element = g_variant_get_child_value (value, i);
      gsize len;
      const guint8 *bytes = g_variant_get_fixed_array (element, &len, 1);
      UlSize size;
      if (!parse (bytes, len, &size))
        return ul_throw (error, UL_ERROR_CORRUPT, UL_SIZES_KEY ": entry %zu is invalid", i);
      if (!func (&size, data, error))
        return FALSE;
    }
  return TRUE;
}
