// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-index.h"

#include "oci.h"

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define C        "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define ENTRY(digest, more) "{'mediaType':'" MANIFEST "','digest':'" digest "','size':7" more "}"
#define NAMED(name)         ",'annotations':{'org.opencontainers.image.ref.name':'" name "'}"

/* Puts the image with digest @hex and 8 bytes into @text. */
static char *
put (const char *text, const char *tag, const char *hex, GError **error)
{
  UlChecksum digest;
  g_autoptr (GBytes) bytes = oci_json_bytes (text);
  g_assert_true (ul_checksum_from_hex (hex, &digest));
  g_autoptr (GBytes) changed = ul_oci_index_put (bytes, "index", tag, MANIFEST, &digest, 8, error);
  return changed == NULL ? NULL
                         : g_strndup (g_bytes_get_data (changed, NULL), g_bytes_get_size (changed));
}

static void
assert_puts (const char *text, const char *tag, const char *hex, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *got = put (text, tag, hex, &error);
  g_autoptr (GBytes) wanted = oci_json_bytes (expected);
  g_assert_no_error (error);
  g_assert_cmpmem (got, strlen (got), g_bytes_get_data (wanted, NULL), g_bytes_get_size (wanted));
}

static void
test_empty (void)
{
  assert_puts (UL_OCI_INDEX_EMPTY, "a", C,
               "{'schemaVersion':2,'mediaType':'application/vnd.oci.image.index.v1+json',"
               "'manifests':[{'mediaType':'" MANIFEST "','digest':'sha256:" C
               "','size':8" NAMED ("a") "}]}");
}

#define NEW(more) "{'mediaType':'" MANIFEST "','digest':'sha256:" C "','size':8" more "}"

/* All with the name go, the others stay with what we don't know of them. */
static void
test_named (void)
{
  assert_puts (
      "{'schemaVersion':2,'manifests':[" ENTRY (OCI_A, NAMED ("a")) "," ENTRY (
          OCI_A,
          ",'x':{'y':[1.5,null]},'urls':[]" NAMED (
              "b")) "," ENTRY (OCI_B,
                               "") "," ENTRY (OCI_B,
                                              NAMED ("a") ",'platform':{'os':'linux','architecture'"
                                                          ":'arm'}") "],'annotations':{'k':'v'}}",
      "a", C,
      "{'schemaVersion':2,'manifests':[" ENTRY (
          OCI_A, ",'x':{'y':[1.5,null]},'urls':[]" NAMED (
                     "b")) "," ENTRY (OCI_B,
                                      "") "," NEW (NAMED ("a")) "],'annotations':{'k':'v'}}");
}

/* Of those without a name the same one isn't there twice; a name is kept. */
static void
test_unnamed (void)
{
  assert_puts (
      "{'schemaVersion':2,'manifests':[" ENTRY (OCI_A, "") "," NEW ("") "," NEW (NAMED ("a")) "]}",
      NULL, C,
      "{'schemaVersion':2,'manifests':[" ENTRY (OCI_A, "") "," NEW (NAMED ("a")) "," NEW ("") "]}");
}

static void
test_refused (void)
{
  static const char *const names[]
      = { "", "a b", "a__b", "a..b", "-a", "a-", "a/", "/a", "a//b", "a---b", "\u00e4", "a\n" };
  g_autoptr (GError) corrupt = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (put (UL_OCI_INDEX_EMPTY, names[i], C, &error));
      g_assert_error (error, UL_ERROR, UL_ERROR_INVALID);
    }
  g_assert_null (put ("{'schemaVersion':1}", "a", C, &corrupt));
  g_assert_error (corrupt, UL_ERROR, UL_ERROR_UNSUPPORTED);
}

static void
test_names (void)
{
  static const char *const names[]
      = { "a", "1.0", "a--b", "example.org:5000/x/y:1@sha256:ab", "a+b", "A_B" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      ul_oci_ref_name_check (names[i], &error);
      g_assert_no_error (error);
    }
}

/* One image too many could never be taken out again. */
static void
test_full (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new ("{'schemaVersion':2,'manifests':[" NEW (""));
  for (guint i = 1; i < UL_OCI_MAX_MANIFESTS; i++)
    g_string_append (text, "," NEW (""));
  g_string_append (text, "]}");
  g_assert_null (put (text->str, "a", C, &error));
  oci_assert_error (
      error, UL_ERROR_CORRUPT,
      "with this image: index: manifests: 10001 elements, more than the allowed 10000");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/OciIndexPut/empty", test_empty);
  g_test_add_func ("/OciIndexPut/named", test_named);
  g_test_add_func ("/OciIndexPut/unnamed", test_unnamed);
  g_test_add_func ("/OciIndexPut/refused", test_refused);
  g_test_add_func ("/OciIndexPut/names", test_names);
  g_test_add_func ("/OciIndexPut/full", test_full);
  return g_test_run ();
}
