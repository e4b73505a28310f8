// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fuzz.h"

#include "core/store-layers.h"
#include "core/store-names.h"

/* Written anew from its members, it says the same. */
static void
check_sealed (const UlStoreLayer *layer)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) one = g_ptr_array_new ();
  g_ptr_array_add (one, (gpointer) layer);
  g_autoptr (GBytes) first = ul_store_layers_format (one);
  g_autoptr (GPtrArray) again = ul_store_layers_parse (first, "again", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (again->len, ==, 1);
  UlStoreLayer *copy = g_ptr_array_index (again, 0);
  g_assert_cmpstr (copy->text, ==, layer->text);
  ul_store_layer_seal (copy);
  g_autofree char *sealed = g_strdup (copy->text);
  g_autoptr (GBytes) second = ul_store_layers_format (again);
  g_autoptr (GPtrArray) last = ul_store_layers_parse (second, "last", &error);
  g_assert_no_error (error);
  UlStoreLayer *third = g_ptr_array_index (last, 0);
  g_assert_cmpuint (third->forbidden, ==, 0);
  ul_store_layer_seal (third);
  g_assert_cmpstr (third->text, ==, sealed);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) layers = ul_store_layers_parse (bytes, "layers.json", &error);
  fuzz_assert_outcome (layers != NULL, error);
  for (guint i = 0; layers != NULL && i < layers->len; i++)
    {
      const UlStoreLayer *layer = g_ptr_array_index (layers, i);
      g_assert_true (ul_store_is_id (layer->id));
      g_assert_true (layer->parent == NULL || ul_store_is_id (layer->parent));
      g_assert_cmpint (layer->diff_size, >=, -1);
      check_sealed (layer);
    }
  return 0;
}
