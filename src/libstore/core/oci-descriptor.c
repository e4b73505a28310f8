// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-descriptor.h"

#include "util/error.h"

#define MAX_URLS 1000

void
ul_oci_descriptor_clear (UlOciDescriptor *descriptor)
{
  g_clear_pointer (&descriptor->media_type, g_free);
  g_clear_pointer (&descriptor->annotations, g_hash_table_unref);
  g_clear_pointer (&descriptor->platform, ul_oci_platform_free);
}

gboolean
ul_oci_descriptor_parse (const UlJsonValue *value, UlOciDescriptor *out, GError **error)
{
  g_auto (UlOciDescriptor) d = { 0 };
  const char *media_type;
  UlJsonValue urls;
  guint n_urls;
  if (!ul_json_get_string (value, "mediaType", UL_JSON_REQUIRED, &media_type, error)
      || !ul_oci_digest_get (value, "digest", &d.digest, error)
      || !ul_json_get_size (value, "size", UL_JSON_REQUIRED, &d.size, error)
      || !ul_json_get_array (value, "urls", UL_JSON_OPTIONAL, MAX_URLS, &urls, &n_urls, error)
      || !ul_json_get_strings (value, "annotations", &d.annotations, error)
      || !ul_oci_platform_get (value, &d.platform, error))
    return FALSE;
  d.media_type = g_strdup (media_type);
  d.type = ul_oci_media_type_find (media_type);
  d.has_urls = n_urls > 0;
  *out = d;
  memset (&d, 0, sizeof d);
  return TRUE;
}

gboolean
ul_oci_descriptor_get (const UlJsonValue *object, const char *name, UlOciDescriptor *out,
                       GError **error)
{
  UlJsonValue value;
  return ul_json_get (object, name, UL_JSON_OBJECT, UL_JSON_REQUIRED, &value, error)
         && ul_oci_descriptor_parse (&value, out, error);
}

gboolean
ul_oci_descriptors_get (const UlJsonValue *object, const char *name, guint max, GArray **out,
                        GError **error)
{
  UlJsonValue array;
  guint n;
  if (!ul_json_get_array (object, name, UL_JSON_REQUIRED, max, &array, &n, error))
    return FALSE;
  g_autoptr (GArray) descriptors = g_array_sized_new (FALSE, FALSE, sizeof (UlOciDescriptor), n);
  g_array_set_clear_func (descriptors, (GDestroyNotify) ul_oci_descriptor_clear);
  for (guint i = 0; i < n; i++)
    {
      UlJsonValue element;
      UlOciDescriptor descriptor;
      if (!ul_json_element (&array, i, UL_JSON_OBJECT, &element, error)
          || !ul_oci_descriptor_parse (&element, &descriptor, error))
        return FALSE;
      g_array_append_val (descriptors, descriptor);
    }
  *out = g_steal_pointer (&descriptors);
  return TRUE;
}

const char *
ul_oci_descriptor_ref_name (const UlOciDescriptor *descriptor)
{
  return descriptor->annotations != NULL
             ? g_hash_table_lookup (descriptor->annotations, UL_OCI_REF_NAME)
             : NULL;
}
