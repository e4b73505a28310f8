// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/oci-descriptor.h"
#include "core/oci-digest.h"
#include "core/oci-manifest.h"
#include "core/oci-media.h"

/* A digest that was taken is written again. */
static void
check_descriptor (const UlOciDescriptor *descriptor)
{
  char text[UL_OCI_DIGEST_SIZE];
  UlChecksum again;
  ul_oci_digest_format (&descriptor->digest, text);
  g_assert_true (ul_oci_digest_parse (text, &again, NULL));
  g_assert_true (ul_checksum_equal (&again, &descriptor->digest));
  g_assert_true (descriptor->size <= G_MAXINT64);
  g_assert_cmpstr (descriptor->media_type, ==, descriptor->type->name);
}

/* What was taken can be imported: every layer is of a type we know. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (UlOciManifest) manifest = ul_oci_manifest_parse (bytes, "manifest", &error);
  fuzz_assert_outcome (manifest != NULL, error);
  if (manifest == NULL)
    return 0;
  check_descriptor (&manifest->config);
  g_assert_cmpint (manifest->config.type->kind, ==, UL_OCI_CONFIG);
  g_assert_cmpuint (manifest->layers->len, <=, UL_OCI_MAX_LAYERS);
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      const UlOciDescriptor *layer = ul_oci_descriptor_at (manifest->layers, i);
      check_descriptor (layer);
      g_assert_cmpint (layer->type->kind, ==, UL_OCI_LAYER);
      g_assert_false (layer->type->foreign && layer->has_urls);
    }
  return 0;
}
