// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-index.h"

#include <string.h>

#include "util/error.h"

#define ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define SEPARATORS   "-._:@+/"

static gboolean
is_ref_name (const char *name)
{
  for (const char *p = name;; p += g_str_has_prefix (p, "--") ? 2 : 1)
    {
      const gsize n = strspn (p, ALPHANUMERIC);
      p += n;
      if (n == 0 || *p == '\0' || strchr (SEPARATORS, *p) == NULL)
        return n > 0 && *p == '\0';
    }
}

gboolean
ul_oci_ref_name_check (const char *name, GError **error)
{
  if (is_ref_name (name))
    return TRUE;
  g_autofree char *shown = ul_json_shown (name);
  return ul_throw (error, UL_ERROR_INVALID, "not a name for an image in a layout: %s", shown);
}

static gboolean
is_replaced (const UlOciDescriptor *old, const char *tag, const UlChecksum *digest)
{
  const char *name = ul_oci_descriptor_ref_name (old);
  if (tag == NULL)
    return name == NULL && ul_checksum_equal (&old->digest, digest);
  return g_strcmp0 (name, tag) == 0;
}

static GArray *
find_replaced (const UlOciIndex *index, const char *tag, const UlChecksum *digest)
{
  GArray *found = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < index->manifests->len; i++)
    if (is_replaced (ul_oci_descriptor_at (index->manifests, i), tag, digest))
      g_array_append_val (found, i);
  return found;
}

static char *
describe (const char *tag, const char *media_type, const UlChecksum *digest, guint64 size)
{
  char text[UL_OCI_DIGEST_SIZE];
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *type = ul_json_quote (media_type);
  ul_oci_digest_format (digest, text);
  g_string_append_printf (out, "{\"mediaType\":%s,\"digest\":\"%s\",\"size\":%" G_GUINT64_FORMAT,
                          type, text, size);
  if (tag != NULL)
    {
      g_autofree char *name = ul_json_quote (tag);
      g_string_append_printf (out, ",\"annotations\":{\"" UL_OCI_REF_NAME "\":%s}", name);
    }
  g_string_append_c (out, '}');
  return g_string_free (g_steal_pointer (&out), FALSE);
}

GBytes *
ul_oci_index_put (GBytes *bytes, const char *name, const char *tag, const char *media_type,
                  const UlChecksum *digest, guint64 size, GError **error)
{
  if (tag != NULL && !ul_oci_ref_name_check (tag, error))
    return NULL;
  g_autoptr (UlOciIndex) index = ul_oci_index_parse (bytes, name, error);
  if (index == NULL)
    return NULL;
  g_autoptr (GArray) replaced = find_replaced (index, tag, digest);
  g_autofree char *element = describe (tag, media_type, digest, size);
  g_autoptr (GBytes) changed
      = ul_json_with_element (bytes, name, "manifests", replaced, element, error);
  if (changed == NULL)
    return NULL;
  g_autoptr (UlOciIndex) again = ul_oci_index_parse (changed, name, error);
  if (again == NULL)
    {
      ul_prefix (error, "with this image");
      return NULL;
    }
  return g_steal_pointer (&changed);
}
