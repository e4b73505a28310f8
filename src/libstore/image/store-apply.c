// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-change-private.h"

/* What a change makes of the list of images, as it is when the change is published. */

static void
drop_image (GPtrArray *images, const UlStoreImage *image, GPtrArray *dropped)
{
  g_ptr_array_add (dropped, g_strdup (image->id));
  g_ptr_array_remove (images, (gpointer) image);
}

static void
add_names (GPtrArray *names, const GPtrArray *more)
{
  for (guint i = 0; i < more->len; i++)
    if (!g_ptr_array_find_with_equal_func (names, more->pdata[i], g_str_equal, NULL))
      g_ptr_array_add (names, g_strdup (more->pdata[i]));
}

/* Take the names that @ours has from @image. FALSE if it had none of them. */
static gboolean
take_names (UlStoreImage *image, const UlStoreImage *ours)
{
  g_autoptr (GPtrArray) left = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < image->names->len; i++)
    if (!ul_store_image_has_name (ours, image->names->pdata[i]))
      g_ptr_array_add (left, g_strdup (image->names->pdata[i]));
  if (left->len == image->names->len)
    return FALSE;
  ul_store_image_set_names (image, left);
  return TRUE;
}

static void
take_names_from_others (const UlStoreImage *ours, gboolean remove_nameless, GPtrArray *images,
                        GPtrArray *dropped)
{
  for (guint i = images->len; i-- > 0;)
    {
      UlStoreImage *image = g_ptr_array_index (images, i);
      if (!g_str_equal (image->id, ours->id) && take_names (image, ours) && image->names->len == 0
          && remove_nameless)
        drop_image (images, image, dropped);
    }
}

/* @image is there, and gets what @ours has. */
static void
update_image (UlStoreImage *image, const UlStoreImage *ours)
{
  add_names (image->names, ours->names);
  add_names (image->names_history, ours->names_history);
  for (guint i = 0; i < ours->big_data->len; i++)
    {
      const UlStoreBigData *data = &g_array_index (ours->big_data, UlStoreBigData, i);
      ul_store_image_add_big_data (image, data->key, data->size, &data->digest);
    }
  g_free (image->layer);
  image->layer = g_strdup (ours->layer);
  image->has_digest = TRUE;
  image->digest = ours->digest;
  ul_store_image_seal (image);
}

static UlStoreImage *
new_image (const UlStoreImage *ours)
{
  UlStoreImage *image = ul_store_image_new (ours->id);
  image->created = g_strdup (ours->created);
  update_image (image, ours);
  return image;
}

void
ul_store_apply_image (const UlStoreImage *ours, gboolean remove_nameless, GPtrArray *images,
                      GPtrArray *dropped)
{
  UlStoreImage *image = (UlStoreImage *) ul_store_image_in (images, ours->id);
  take_names_from_others (ours, remove_nameless, images, dropped);
  if (image != NULL)
    update_image (image, ours);
  else
    g_ptr_array_add (images, new_image (ours));
}

void
ul_store_apply_images (const UlStoreChange *change, GPtrArray *images, GPtrArray *dropped)
{
  for (guint i = 0; i < change->removed_images->len; i++)
    {
      const UlStoreImage *image = ul_store_image_in (images, change->removed_images->pdata[i]);
      if (image != NULL)
        drop_image (images, image, dropped);
    }
  for (guint i = 0; i < change->images->len; i++)
    {
      const UlStorePreparedImage *prepared = g_ptr_array_index (change->images, i);
      ul_store_apply_image (prepared->image, prepared->remove_nameless, images, dropped);
    }
}
