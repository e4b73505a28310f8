// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/checkout-list.h"

#include "cli/input.h"

#include <string.h>

static void
item_clear (UlCheckoutItem *item)
{
  g_free (item->rev);
  g_free (item->subpath);
}

GArray *
ul_checkout_list_read (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  if (!ul_input_read (path, &bytes, error))
    return NULL;
  gsize len;
  const char *data = g_bytes_get_data (bytes, &len);

  GArray *items = g_array_new (FALSE, FALSE, sizeof (UlCheckoutItem));
  g_array_set_clear_func (items, (GDestroyNotify) item_clear);
  const char *end = data + len;
  for (const char *p = data; p < end && *p != '\0';)
    {
      UlCheckoutItem item = { .rev = g_strdup (p) };
      p += strlen (p) + 1;
      if (p < end)
        {
          item.subpath = g_strdup (p);
          p += strlen (p) + 1;
        }
      g_array_append_val (items, item);
    }
  return items;
}
