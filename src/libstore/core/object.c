// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/object.h"

#include <stdio.h>

#include "core/commit.h"
#include "core/dirtree.h"
#include "util/error.h"

static const struct
{
  const char *name;
  const char *variant_type;
} types[] = {
  [UL_OBJECT_FILE] = { "file", NULL },
  [UL_OBJECT_DIRTREE] = { "dirtree", "(a(say)a(sayay))" },
  [UL_OBJECT_DIRMETA] = { "dirmeta", "(uuua(ayay))" },
  [UL_OBJECT_COMMIT] = { "commit", "(a{sv}aya(say)sstayay)" },
  [UL_OBJECT_TOMBSTONE_COMMIT] = { "tombstone-commit", "a{sv}" },
  [UL_OBJECT_COMMITMETA] = { "commitmeta", "a{sv}" },
  [UL_OBJECT_PAYLOAD_LINK] = { "payload-link", NULL },
  [UL_OBJECT_FILE_XATTRS] = { "file-xattrs", "a(ayay)" },
  [UL_OBJECT_FILE_XATTRS_LINK] = { "file-xattrs-link", "a(ayay)" },
};

const char *
ul_object_type_name (UlObjectType type)
{
  g_assert (type >= UL_OBJECT_FILE && type <= UL_OBJECT_TYPE_LAST);
  return types[type].name;
}

gboolean
ul_object_type_from_name (const char *name, UlObjectType *out_type)
{
  for (guint i = UL_OBJECT_FILE; i < G_N_ELEMENTS (types); i++)
    if (g_str_equal (types[i].name, name))
      {
        *out_type = (UlObjectType) i;
        return TRUE;
      }
  return FALSE;
}

const GVariantType *
ul_object_variant_type (UlObjectType type)
{
  g_assert (type >= UL_OBJECT_FILE && type <= UL_OBJECT_TYPE_LAST);
  return types[type].variant_type ? G_VARIANT_TYPE (types[type].variant_type) : NULL;
}

gboolean
ul_object_validate (UlObjectType type, GVariant *variant, GError **error)
{
  switch (type)
    {
    case UL_OBJECT_DIRTREE:
      return ul_dirtree_validate (variant, error);
    case UL_OBJECT_DIRMETA:
      return ul_dirmeta_validate (variant, error);
    case UL_OBJECT_COMMIT:
      {
        g_auto (UlCommit) commit = { 0 };
        return ul_commit_parse (variant, &commit, error);
      }
    default:
      return (g_variant_is_of_type (variant, ul_object_variant_type (type))
              && g_variant_is_normal_form (variant))
             || ul_throw (error, UL_ERROR_CORRUPT, "not in normal form");
    }
}

void
ul_object_loose_path (const UlChecksum *checksum, UlObjectType type, gboolean compressed,
                      char out[UL_OBJECT_LOOSE_PATH_MAX])
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (checksum, hex);
  snprintf (out, UL_OBJECT_LOOSE_PATH_MAX, "%.2s/%s.%s%s", hex, hex + 2, ul_object_type_name (type),
            compressed && type == UL_OBJECT_FILE ? "z" : "");
}

gboolean
ul_object_parse_loose (const char *dir, const char *name, UlChecksum *out_checksum,
                       UlObjectType *out_type, gboolean *out_compressed)
{
  const gsize rest = UL_CHECKSUM_HEX_LEN - 2;
  if (strlen (dir) != 2 || strlen (name) < rest + 2 || name[rest] != '.')
    return FALSE;
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  memcpy (hex, dir, 2);
  memcpy (hex + 2, name, rest);
  hex[UL_CHECKSUM_HEX_LEN] = '\0';

  const char *suffix = name + rest + 1;
  const gboolean compressed = g_str_equal (suffix, "filez");
  UlObjectType type;
  if (!ul_object_type_from_name (compressed ? "file" : suffix, &type))
    return FALSE;
  if (!ul_checksum_from_hex (hex, out_checksum))
    return FALSE;
  *out_type = type;
  *out_compressed = compressed;
  return TRUE;
}

char *
ul_object_to_string (const UlChecksum *checksum, UlObjectType type)
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (checksum, hex);
  return g_strdup_printf ("%s.%s", hex, ul_object_type_name (type));
}
