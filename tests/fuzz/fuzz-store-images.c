// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/store-images.h"
#include "core/store-names.h"

static GPtrArray *
parse_one (UlStoreImage *image)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) one = g_ptr_array_new ();
  g_ptr_array_add (one, image);
  g_autoptr (GBytes) bytes = ul_store_images_format (one);
  GPtrArray *again = ul_store_images_parse (bytes, "again", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (again->len, ==, 1);
  return again;
}

/* Other names are what is read, and written anew from its members it says the same. */
static void
check_written (UlStoreImage *image)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (names, g_strdup ("a\"\n\\b"));
  g_autoptr (GPtrArray) same = parse_one (image);
  UlStoreImage *copy = g_ptr_array_index (same, 0);
  g_assert_cmpstr (copy->text, ==, image->text);
  ul_store_image_set_names (copy, names);
  g_autoptr (GPtrArray) renamed = parse_one (copy);
  UlStoreImage *other = g_ptr_array_index (renamed, 0);
  g_assert_cmpuint (other->names->len, ==, 1);
  g_assert_true (ul_store_image_has_name (other, "a\"\n\\b"));
  ul_store_image_seal (other);
  g_autoptr (GPtrArray) sealed = parse_one (other);
  UlStoreImage *last = g_ptr_array_index (sealed, 0);
  ul_store_image_seal (last);
  g_assert_cmpstr (last->text, ==, other->text);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) images = ul_store_images_parse (bytes, "images.json", &error);
  fuzz_assert_outcome (images != NULL, error);
  for (guint i = 0; images != NULL && i < images->len; i++)
    {
      UlStoreImage *image = g_ptr_array_index (images, i);
      g_assert_true (ul_store_is_id (image->id));
      for (guint j = 0; j < image->big_data->len; j++)
        {
          const char *key = g_array_index (image->big_data, UlStoreBigData, j).key;
          g_autofree char *name = ul_store_big_data_name (key);
          g_assert_nonnull (name);
          g_assert_cmpuint (strlen (name), <=, 255);
          g_assert_null (strchr (name, '/'));
        }
      check_written (image);
    }
  return 0;
}
