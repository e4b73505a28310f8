// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include <string.h>

#include "core/oci-config-diff.h"
#include "core/oci-config.h"
#include "util/json.h"

/* Any document is the same as itself, and has only keys that an empty one has not, with values that
 * stand in a document. */
static void
check_diff (GBytes *bytes)
{
  g_autoptr (GBytes) empty = g_bytes_new_static ("{}", 2);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) same = NULL;
  g_autoptr (GPtrArray) all = NULL;
  const gboolean ok = ul_oci_config_diff (bytes, bytes, &same, &error);
  fuzz_assert_outcome (ok, error);
  if (!ok)
    return;
  g_assert_cmpuint (same->len, ==, 0);
  g_assert_true (ul_oci_config_diff (bytes, empty, &all, NULL));
  for (guint i = 0; i < all->len; i++)
    {
      const UlOciConfigChange *change = all->pdata[i];
      g_assert_nonnull (change->path[0]);
      g_assert_null (change->new);
      g_assert_true (ul_json_check (change->old, strlen (change->old), "value", NULL));
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  check_diff (bytes);
  g_autoptr (UlOciConfig) config = ul_oci_config_parse (bytes, "config", &error);
  fuzz_assert_outcome (config != NULL, error);
  if (config == NULL)
    return 0;
  g_autofree char *platform = ul_oci_platform_text (config->platform);
  g_assert_true (g_utf8_validate (platform, -1, NULL));
  g_assert_true (config->has_created || config->created == 0);
  g_assert_cmpuint (config->diff_ids->len, <=, UL_OCI_MAX_LAYERS);
  g_assert_cmpuint (config->history->len, <=, UL_OCI_MAX_HISTORY);
  g_assert_true (!ul_oci_config_history_fits (config)
                 || config->history->len >= config->diff_ids->len);
  return 0;
}
