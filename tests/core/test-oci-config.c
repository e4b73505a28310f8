// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-config.h"

#include "oci.h"

#define ROOTFS(ids) "'rootfs':{'type':'layers','diff_ids':[" ids "]}"

OCI_PARSER (UlOciConfig, ul_oci_config_parse, "config")

/* umoci 0.4.7 wrote it, but for the second entry of the history. */
static void
test_image (void)
{
  g_autoptr (UlOciConfig) config = parse_ok (
      "{'created':'2026-11-28T12:45:50.537520996Z','architecture':'amd64','os':'linux','config':{},"
      "'rootfs':{'type':'layers','diff_ids':["
      "'sha256:d967420f234155b9d8f97bfbb02870cfb4fe84e40f4bef957a17bd90352ebd01']},'history':["
      "{'created':'2026-11-28T12:45:50.59661441Z','created_by':'umoci repack'},"
      "{'created':'2026-11-28T13:45:51+01:00','comment':'nothing','empty_layer':true}]}");
  g_autofree char *platform = ul_oci_platform_text (config->platform);
  const UlOciHistory *history = (const UlOciHistory *) config->history->data;
  g_assert_cmpstr (platform, ==, "linux/amd64");
  g_assert_true (config->has_created);
  g_assert_cmpint (config->created, ==, 1795869950);
  g_assert_cmpuint (config->diff_ids->len, ==, 1);
  g_assert_cmpuint (g_array_index (config->diff_ids, UlChecksum, 0).bytes[31], ==, 0x01);
  g_assert_cmpuint (config->history->len, ==, 2);
  g_assert_cmpstr (history[0].created_by, ==, "umoci repack");
  g_assert_null (history[0].comment);
  g_assert_false (history[0].empty);
  g_assert_null (history[1].created_by);
  g_assert_cmpstr (history[1].comment, ==, "nothing");
  g_assert_cmpint (history[1].created, ==, 1795869951);
  g_assert_true (history[1].empty);
  g_assert_true (ul_oci_config_history_fits (config));
}

/* What is optional, and what Go writes where it has nothing. */
static void
test_little (void)
{
  g_autoptr (UlOciConfig) least = parse_ok ("{'rootfs':{'type':'layers'}}");
  g_autoptr (UlOciConfig) go
      = parse_ok ("{'created':'0001-01-01T00:00:00Z','architecture':'','os':'','history':null,"
                  "'rootfs':{'type':'layers','diff_ids':null}}");
  const UlOciConfig *both[] = { least, go };
  for (gsize i = 0; i < G_N_ELEMENTS (both); i++)
    {
      g_assert_false (both[i]->has_created);
      g_assert_cmpint (both[i]->created, ==, 0);
      g_assert_cmpstr (both[i]->platform->os, ==, "");
      g_assert_cmpstr (both[i]->platform->architecture, ==, "");
      g_assert_cmpuint (both[i]->diff_ids->len, ==, 0);
      g_assert_cmpuint (both[i]->history->len, ==, 0);
      g_assert_true (ul_oci_config_history_fits (both[i]));
    }
}

static void
test_variant (void)
{
  g_autoptr (UlOciConfig) config
      = parse_ok ("{'os':'linux','architecture':'arm','variant':'v7'," ROOTFS ("") "}");
  g_autofree char *platform = ul_oci_platform_text (config->platform);
  g_assert_cmpstr (platform, ==, "linux/arm/v7");
}

static void
test_history (void)
{
  g_autoptr (UlOciConfig) more = parse_ok ("{" ROOTFS ("'" OCI_A "'") ",'history':[{},{}]}");
  g_autoptr (UlOciConfig) fewer
      = parse_ok ("{" ROOTFS ("'" OCI_A "'") ",'history':[{'empty_layer':true}]}");
  g_autoptr (UlOciConfig) none = parse_ok ("{" ROOTFS ("'" OCI_A "'") "}");
  g_autoptr (UlOciConfig) same
      = parse_ok ("{" ROOTFS ("'" OCI_A "'") ",'history':[{'empty_layer':true},{}]}");
  g_assert_false (ul_oci_config_history_fits (more));
  g_assert_false (ul_oci_config_history_fits (fewer));
  g_assert_false (ul_oci_config_history_fits (none));
  g_assert_true (ul_oci_config_history_fits (same));
}

static void
test_one_diff_id_a_layer (void)
{
  g_autoptr (GBytes) text
      = oci_json_bytes ("{'schemaVersion':2,'config':{'mediaType':'application/"
                        "vnd.oci.image.config.v1+json','size':1,"
                        "'digest':'" OCI_A
                        "'},'layers':[{'mediaType':'application/vnd.oci.image.layer.v1.tar','size':"
                        "1,'digest':'" OCI_B "'}]}");
  g_autoptr (UlOciManifest) manifest = ul_oci_manifest_parse (text, "manifest", NULL);
  g_autoptr (UlOciConfig) one = parse_ok ("{" ROOTFS ("'" OCI_A "'") "}");
  g_autoptr (UlOciConfig) two = parse_ok ("{" ROOTFS ("'" OCI_A "','" OCI_A "'") "}");
  g_autoptr (GError) error = NULL;
  g_assert_true (ul_oci_config_check (one, "config", manifest, &error));
  g_assert_false (ul_oci_config_check (two, "config", manifest, &error));
  oci_assert_error (error, UL_ERROR_CORRUPT,
                    "config: rootfs.diff_ids: 2 for the manifest's 1 layers");
}

static void
test_refused (void)
{
  static const OciRefusal cases[] = {
    { "{}", UL_ERROR_CORRUPT, "config: rootfs: missing" },
    { "[]", UL_ERROR_CORRUPT, "config: not an object" },
    { "{'rootfs':{}}", UL_ERROR_CORRUPT, "config: rootfs.type: missing" },
    { "{'rootfs':{'type':'layers+base'}}", UL_ERROR_UNSUPPORTED,
      "config: rootfs.type: not layers, but layers+base" },
    { "{" ROOTFS ("1") "}", UL_ERROR_CORRUPT, "config: rootfs.diff_ids[0]: not a string" },
    { "{" ROOTFS ("'" OCI_A "','sha384:a'") "}", UL_ERROR_UNSUPPORTED,
      "config: rootfs.diff_ids[1]: digest is not sha256: sha384:a" },
    { "{'os':7," ROOTFS ("") "}", UL_ERROR_CORRUPT, "config: os: not a string" },
    { "{'created':'yesterday'," ROOTFS ("") "}", UL_ERROR_CORRUPT,
      "config: created: not a time: yesterday" },
    { "{" ROOTFS ("") ",'history':[{},{'created':''}]}", UL_ERROR_CORRUPT,
      "config: history[1].created: not a time: " },
    { "{" ROOTFS ("") ",'history':[{'empty_layer':1}]}", UL_ERROR_CORRUPT,
      "config: history[0].empty_layer: not a boolean" },
    { "{" ROOTFS ("") ",'history':{}}", UL_ERROR_CORRUPT, "config: history: not an array" },
    { "{'created':'2026-02-30T00:00:00Z'," ROOTFS ("") "}", UL_ERROR_CORRUPT,
      "config: created: not a time: 2026-02-30T00:00:00Z" },
  };
  assert_refused (cases, G_N_ELEMENTS (cases));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/oci-config/image", test_image);
  g_test_add_func ("/oci-config/little", test_little);
  g_test_add_func ("/oci-config/variant", test_variant);
  g_test_add_func ("/oci-config/history-may-not-fit", test_history);
  g_test_add_func ("/oci-config/one-diff-id-a-layer", test_one_diff_id_a_layer);
  g_test_add_func ("/oci-config/refused", test_refused);
  return g_test_run ();
}
