// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/store-names.h"

#define LINK_SALT   "underlay-link:"
#define MAX_LINK    128
#define PLAIN_CHARS ".0123456789abcdefghijklmnopqrstuvwxyz"

gboolean
ul_store_is_id (const char *text)
{
  UlChecksum unused;
  return ul_checksum_from_hex (text, &unused);
}

void
ul_store_layer_id (const char *parent, const UlChecksum *diff_id, UlChecksum *out)
{
  if (parent == NULL)
    {
      *out = *diff_id;
      return;
    }
  g_autofree char *hex = ul_checksum_dup_hex (diff_id);
  g_autofree char *both = g_strconcat (parent, "+", hex, NULL);
  ul_checksum_of_data (both, strlen (both), out);
}

void
ul_store_link_id (const char *id, char out[UL_STORE_LINK_LEN + 1])
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  g_autofree char *salted = g_strconcat (LINK_SALT, id, NULL);
  UlChecksum sum;
  ul_checksum_of_data (salted, strlen (salted), &sum);
  for (guint i = 0; i < UL_STORE_LINK_LEN; i++)
    {
      const guint bit = i * 5;
      const guint two = (guint) sum.bytes[bit / 8] << 8 | sum.bytes[bit / 8 + 1];
      out[i] = digits[two >> (11 - bit % 8) & 31];
    }
  out[UL_STORE_LINK_LEN] = '\0';
}

gboolean
ul_store_is_link (const char *text)
{
  return *text != '\0' && strlen (text) <= MAX_LINK && strchr (text, '/') == NULL
         && g_str_is_ascii (text) && strpbrk (text, "\n:,") == NULL && *text != '.';
}

char *
ul_store_lower (const char *link, const char *parent_lower)
{
  return g_strconcat ("l/", link, parent_lower != NULL ? ":" : NULL, parent_lower, NULL);
}

char *
ul_store_big_data_name (const char *key)
{
  const gsize len = strlen (key);
  if (len == 0 || len > UL_STORE_MAX_BIG_DATA_KEY || g_str_equal (key, ".")
      || g_str_equal (key, ".."))
    return NULL;
  if (strspn (key, PLAIN_CHARS) == len)
    return g_strdup (key);
  g_autofree char *encoded = g_base64_encode ((const guchar *) key, len);
  /* Its base64 has a slash where the file's name can't. */
  return strchr (encoded, '/') == NULL ? g_strconcat ("=", encoded, NULL) : NULL;
}
