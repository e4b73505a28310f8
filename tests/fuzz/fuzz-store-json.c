// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include <string.h>

#include "core/store-json.h"

static void
check_valid (const char *text)
{
  g_autoptr (GError) error = NULL;
  ul_json_check (text, strlen (text), "text", &error);
  g_assert_no_error (error);
}

/* As many members as it had, unless names are there more than once. */
static void
check_merged (const char *object)
{
  g_autofree char *merged = ul_store_json_merge (object, object);
  g_autofree char *more = ul_store_json_merge (object, "{\"a\":[1]}");
  g_autofree char *none = ul_store_json_merge (object, "{}");
  check_valid (merged);
  check_valid (more);
  check_valid (none);
  g_autoptr (GPtrArray) before = ul_store_json_split (object, strlen (object));
  g_autoptr (GPtrArray) after = ul_store_json_split (merged, strlen (merged));
  g_assert_cmpuint (before->len, ==, after->len);
  g_assert_true (g_str_has_suffix (more, "\"a\":[1]}"));
}

/* What an array was split into is JSON, and put together again it's split into the same. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data;
  if (!ul_json_check (text, size, "text", NULL))
    return 0;
  g_autofree char *copy = g_strstrip (g_strndup (text, size));
  if (*copy != '[')
    return 0;
  g_autoptr (GPtrArray) parts = ul_store_json_split (text, size);
  g_autoptr (GBytes) joined = ul_store_json_join (parts);
  g_autoptr (GPtrArray) again
      = ul_store_json_split (g_bytes_get_data (joined, NULL), g_bytes_get_size (joined));
  g_assert_cmpuint (parts->len, ==, again->len);
  for (guint i = 0; i < parts->len; i++)
    {
      const char *part = g_ptr_array_index (parts, i);
      check_valid (part);
      g_assert_cmpstr (part, ==, g_ptr_array_index (again, i));
      if (*part == '{')
        check_merged (part);
    }
  return 0;
}
