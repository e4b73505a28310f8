// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/checksum.h"

#include <openssl/evp.h>

struct _UlHasher
{
  EVP_MD_CTX *ctx;
  guint8 *buffer; /* NULL until asked for */
};

/* Fetched once: EVP_sha256 () would look the implementation up anew at every start. */
static const EVP_MD *
sha256 (void)
{
  static gsize once = 0;
  static EVP_MD *md = NULL;
  if (g_once_init_enter (&once))
    {
      md = EVP_MD_fetch (NULL, "SHA256", NULL);
      g_assert (md != NULL);
      g_once_init_leave (&once, 1);
    }
  return md;
}

UlHasher *
ul_hasher_new (void)
{
  UlHasher *hasher = g_new0 (UlHasher, 1);
  hasher->ctx = EVP_MD_CTX_new ();
  g_assert (hasher->ctx != NULL);
  return hasher;
}

void
ul_hasher_free (UlHasher *hasher)
{
  if (hasher == NULL)
    return;
  EVP_MD_CTX_free (hasher->ctx);
  g_aligned_free (hasher->buffer);
  g_free (hasher);
}

void
ul_hasher_start (UlHasher *hasher)
{
  const int ok = EVP_DigestInit_ex (hasher->ctx, sha256 (), NULL);
  g_assert (ok == 1);
}

void
ul_hasher_update (UlHasher *hasher, const void *data, gsize len)
{
  const int ok = EVP_DigestUpdate (hasher->ctx, data, len);
  g_assert (ok == 1);
}

void
ul_hasher_finish (UlHasher *hasher, UlChecksum *out)
{
  unsigned len = 0;
  const int ok = EVP_DigestFinal_ex (hasher->ctx, out->bytes, &len);
  g_assert (ok == 1 && len == UL_CHECKSUM_LEN);
}

guint8 *
ul_hasher_buffer (UlHasher *hasher)
{
  if (hasher->buffer == NULL)
    hasher->buffer = g_aligned_alloc (1, UL_HASHER_BUFFER, 4096);
  return hasher->buffer;
}

void
ul_checksum_of_data (const void *data, gsize len, UlChecksum *out)
{
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  ul_hasher_start (hasher);
  ul_hasher_update (hasher, data, len);
  ul_hasher_finish (hasher, out);
}

/* By table, since a listing of objects/ reads 64 digits for each of them. -1: no digit. */
static int
nibble (char c)
{
  static const guint8 values_plus_one[256] = {
    ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
  };
  return values_plus_one[(guint8) c] - 1;
}

gboolean
ul_checksum_from_hex (const char *hex, UlChecksum *out)
{
  UlChecksum parsed;
  for (guint i = 0; i < UL_CHECKSUM_LEN; i++)
    {
      const int high = nibble (hex[2 * i]);
      const int low = high < 0 ? -1 : nibble (hex[2 * i + 1]);
      if (low < 0)
        return FALSE;
      parsed.bytes[i] = (guint8) (high << 4 | low);
    }
  if (hex[UL_CHECKSUM_HEX_LEN] != '\0')
    return FALSE;
  *out = parsed;
  return TRUE;
}

void
ul_checksum_to_hex (const UlChecksum *checksum, char out[UL_CHECKSUM_HEX_LEN + 1])
{
  static const char digits[] = "0123456789abcdef";
  for (guint i = 0; i < UL_CHECKSUM_LEN; i++)
    {
      out[2 * i] = digits[checksum->bytes[i] >> 4];
      out[2 * i + 1] = digits[checksum->bytes[i] & 0xf];
    }
  out[UL_CHECKSUM_HEX_LEN] = '\0';
}

char *
ul_checksum_dup_hex (const UlChecksum *checksum)
{
  char *hex = g_malloc (UL_CHECKSUM_HEX_LEN + 1);
  ul_checksum_to_hex (checksum, hex);
  return hex;
}

gboolean
ul_checksum_from_variant (GVariant *bytes, UlChecksum *out)
{
  if (!g_variant_is_of_type (bytes, G_VARIANT_TYPE_BYTESTRING))
    return FALSE;
  gsize len;
  const void *data = g_variant_get_fixed_array (bytes, &len, 1);
  if (len != UL_CHECKSUM_LEN)
    return FALSE;
  memcpy (out->bytes, data, UL_CHECKSUM_LEN);
  return TRUE;
}

GVariant *
ul_checksum_to_variant (const UlChecksum *checksum)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, checksum->bytes, UL_CHECKSUM_LEN, 1);
}

int
ul_checksum_compare_func (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (UlChecksum));
}

guint
ul_checksum_hash (gconstpointer checksum)
{
  guint value; /* any 4 bytes of a SHA-256 are as good a hash as can be */
  memcpy (&value, ((const UlChecksum *) checksum)->bytes, sizeof value);
  return value;
}

gboolean
ul_checksum_equal_func (gconstpointer a, gconstpointer b)
{
  return ul_checksum_equal (a, b);
}
