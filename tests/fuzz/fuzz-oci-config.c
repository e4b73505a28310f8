// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/oci-config.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
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
