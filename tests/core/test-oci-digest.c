// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-digest.h"

#include "oci.h"

static void
test_back_and_forth (void)
{
  g_autoptr (GError) error = NULL;
  UlChecksum digest;
  char text[UL_OCI_DIGEST_SIZE];
  const char *hex = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  g_assert_true (ul_oci_digest_parse (hex, &digest, &error));
  UlChecksum empty;
  ul_checksum_of_data ("", 0, &empty);
  g_assert_true (ul_checksum_equal (&digest, &empty));
  ul_oci_digest_format (&digest, text);
  g_assert_cmpstr (text, ==, hex);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text;
    UlError code;
    const char *message;
  } cases[] = {
    { "", UL_ERROR_CORRUPT, "not a digest: " },
    { ":", UL_ERROR_CORRUPT, "not a digest: :" },
    { "sha256", UL_ERROR_CORRUPT, "not a digest: sha256" },
    { "sha256:", UL_ERROR_CORRUPT, "not a digest: sha256:" },
    { "sha256:abc", UL_ERROR_CORRUPT, "not a digest: sha256:abc" },
    { "sha256:../../../../etc/passwd", UL_ERROR_CORRUPT,
      "not a digest: sha256:../../../../etc/passwd" },
    { "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", UL_ERROR_CORRUPT,
      "not a digest: sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
    { OCI_A "a", UL_ERROR_CORRUPT, "not a digest: " OCI_A "a" },
    { "SHA256:aa", UL_ERROR_CORRUPT, "not a digest: SHA256:aa" },
    { "../x:aa", UL_ERROR_CORRUPT, "not a digest: ../x:aa" },
    { "sha512:aa", UL_ERROR_UNSUPPORTED, "digest is not sha256: sha512:aa" },
    { "sha256+b64u:aa", UL_ERROR_UNSUPPORTED, "digest is not sha256: sha256+b64u:aa" },
    { "sha256+:aa", UL_ERROR_CORRUPT, "not a digest: sha256+:aa" },
    { "a\nb:aa", UL_ERROR_CORRUPT, "not a digest: a\\nb:aa" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      UlChecksum digest;
      g_assert_false (ul_oci_digest_parse (cases[i].text, &digest, &error));
      oci_assert_error (error, cases[i].code, cases[i].message);
    }
}

static void
test_in_documents (void)
{
  g_autoptr (GError) absent = NULL;
  g_autoptr (GError) wrong = NULL;
  g_autoptr (GBytes) bytes = oci_json_bytes ("{'a':'" OCI_A "','b':'md5:1'}");
  g_autoptr (UlJson) json = ul_json_parse (bytes, "doc", 1000, NULL);
  UlJsonValue root;
  UlChecksum digest;
  g_assert_true (ul_json_root (json, UL_JSON_OBJECT, &root, NULL));
  g_assert_true (ul_oci_digest_get (&root, "a", &digest, NULL));
  g_assert_cmpuint (digest.bytes[31], ==, 0xaa);
  g_assert_false (ul_oci_digest_get (&root, "b", &digest, &wrong));
  oci_assert_error (wrong, UL_ERROR_UNSUPPORTED, "doc: b: digest is not sha256: md5:1");
  g_assert_false (ul_oci_digest_get (&root, "c", &digest, &absent));
  oci_assert_error (absent, UL_ERROR_CORRUPT, "doc: c: missing");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/oci-digest/back-and-forth", test_back_and_forth);
  g_test_add_func ("/oci-digest/refused", test_refused);
  g_test_add_func ("/oci-digest/in-documents", test_in_documents);
  return g_test_run ();
}
