// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/oci-digest.h"

#include "util/error.h"

/* The specification's form of the part before the colon. */
static gboolean
is_algorithm (const char *text, gsize len)
{
  gboolean word = FALSE;
  for (gsize i = 0; i < len; i++)
    {
      const gboolean is_word = g_ascii_islower (text[i]) || g_ascii_isdigit (text[i]);
      if (!is_word && (!word || strchr ("+._-", text[i]) == NULL))
        return FALSE;
      word = is_word;
    }
  return word;
}

gboolean
ul_oci_digest_parse (const char *text, UlChecksum *out, GError **error)
{
  const char *colon = strchr (text, ':');
  const gsize len = colon != NULL ? (gsize) (colon - text) : 0;
  g_autofree char *shown = ul_json_shown (text);
  if (!is_algorithm (text, len))
    return ul_throw (error, UL_ERROR_CORRUPT, "not a digest: %s", shown);
  if (!g_str_has_prefix (text, UL_OCI_DIGEST_PREFIX))
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "digest is not sha256: %s", shown);
  return ul_checksum_from_hex (colon + 1, out)
         || ul_throw (error, UL_ERROR_CORRUPT, "not a digest: %s", shown);
}

void
ul_oci_digest_format (const UlChecksum *digest, char out[UL_OCI_DIGEST_SIZE])
{
  const gsize len = strlen (UL_OCI_DIGEST_PREFIX);
  memcpy (out, UL_OCI_DIGEST_PREFIX, len);
  ul_checksum_to_hex (digest, out + len);
}

gboolean
ul_oci_digest_of (const UlJsonValue *string, UlChecksum *out, GError **error)
{
  g_autoptr (GError) cause = NULL;
  return ul_oci_digest_parse (ul_json_string (string), out, &cause)
         || ul_json_throw (string, error, cause->code, "%s", cause->message);
}

gboolean
ul_oci_digest_get (const UlJsonValue *object, const char *name, UlChecksum *out, GError **error)
{
  UlJsonValue string;
  return ul_json_get (object, name, UL_JSON_STRING, UL_JSON_REQUIRED, &string, error)
         && ul_oci_digest_of (&string, out, error);
}
