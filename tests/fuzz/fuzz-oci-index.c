// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include <string.h>

#include "core/oci-index.h"
#include "core/oci-platform.h"

static gboolean
is_in (const UlOciIndex *index, const UlOciDescriptor *found)
{
  for (guint i = 0; i < index->manifests->len; i++)
    if (found == ul_oci_descriptor_at (index->manifests, i))
      return TRUE;
  return FALSE;
}

static void
check_choice (const UlOciIndex *index, const UlOciDescriptor *found, const GError *error)
{
  fuzz_assert_outcome (found != NULL, error);
  g_assert_true (found == NULL || is_in (index, found));
  g_assert_true (error == NULL || strchr (error->message, '\n') == NULL);
}

/* The image that was put in is the one of its name, and only others of that name have gone. */
static void
check_put (const UlOciIndex *index, GBytes *bytes)
{
  static const char type[] = "application/vnd.oci.image.manifest.v1+json";
  const UlChecksum digest = { .bytes = { 42 } };
  g_autoptr (GError) error = NULL;
  guint others = 0;
  g_autoptr (GBytes) changed = ul_oci_index_put (bytes, "index", "name", type, &digest, 7, &error);
  fuzz_assert_outcome (changed != NULL, error);
  if (changed == NULL)
    return;
  g_autoptr (UlOciIndex) again = ul_oci_index_parse (changed, "index", NULL);
  g_assert_nonnull (again);
  for (guint i = 0; i < index->manifests->len; i++)
    {
      const UlOciDescriptor *old = ul_oci_descriptor_at (index->manifests, i);
      if (g_strcmp0 (ul_oci_descriptor_ref_name (old), "name") == 0)
        continue;
      const UlOciDescriptor *new = ul_oci_descriptor_at (again->manifests, others++);
      g_assert_true (ul_checksum_equal (&old->digest, &new->digest));
      g_assert_cmpuint (old->size, ==, new->size);
      g_assert_cmpstr (old->media_type, ==, new->media_type);
    }
  g_assert_cmpuint (again->manifests->len, ==, others + 1);
  const UlOciDescriptor *put = ul_oci_index_pick (again, "name", NULL, NULL);
  g_assert_true (put == ul_oci_descriptor_at (again->manifests, others));
  g_assert_true (ul_checksum_equal (&put->digest, &digest));
}

/* A choice is one of the index. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const tags[] = { "name", NULL };
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (UlOciPlatform) arm = ul_oci_platform_new ("linux", "arm", "v7");
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) none = NULL;
  g_autoptr (UlOciIndex) index = ul_oci_index_parse (bytes, "index", &error);
  fuzz_assert_outcome (index != NULL, error);
  if (index == NULL)
    return 0;
  const UlOciDescriptor *selected = ul_oci_index_select (index, arm, &none);
  check_choice (index, selected, none);
  g_assert_true (selected == NULL
                 || ul_oci_platform_rank (arm, selected->platform) != UL_OCI_PLATFORM_NONE);
  for (gsize i = 0; i < G_N_ELEMENTS (tags); i++)
    {
      g_autoptr (GError) cause = NULL;
      const UlOciDescriptor *picked = ul_oci_index_pick (index, tags[i], arm, &cause);
      check_choice (index, picked, cause);
    }
  check_put (index, bytes);
  return 0;
}
