// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-change-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image/store-lock.h"
#include "image/store-query.h"
#include "util/error.h"
#include "util/fd.h"

/* The token first: a reader that finds a new one and the old list reads again, as this one has the
 * lock. */
gboolean
ul_store_write_list (const UlStoreChange *change, int dfd, const UlStoreList *list, int lock,
                     GBytes *content, GError **error)
{
  if (!ul_store_lock_touch (lock, list->lock, error))
    return FALSE;
  ul_store_change_step (change, "token");
  if (!ul_store_write_file (dfd, list->name, content, change->store->file_mode, TRUE, error)
      || !ul_fd_sync_dir_at (dfd, ".", error))
    return FALSE;
  ul_store_change_step (change, "list");
  return TRUE;
}

static gboolean
give_name (int dfd, const char *from, const char *name, GError **error)
{
  return renameat (dfd, from, dfd, name) == 0
         || ul_throw_errno (error, "rename %s to %s", from, name);
}

gboolean
ul_store_place_link (const UlStore *store, const char *link_id, const char *id, GError **error)
{
  char name[UL_TMP_NAME_MAX];
  ul_tmp_name_random (name);
  g_autofree char *tmp = g_strdup_printf ("l/%s", name);
  g_autofree char *link = g_strdup_printf ("l/%s", link_id);
  g_autofree char *target = g_strdup_printf ("../%s/diff", id);
  if (symlinkat (target, store->overlay_dfd, tmp) != 0)
    return ul_throw_errno (error, "make %s", link);
  return give_name (store->overlay_dfd, tmp, link, error);
}

static gboolean
place_layer (const UlStoreChange *change, const UlStorePreparedLayer *prepared, GError **error)
{
  const UlStore *store = change->store;
  const char *id = prepared->layer->id;
  g_autofree char *tar_split = g_strdup_printf ("%s.%s", id, UL_STORE_TAR_SPLIT);
  if ((prepared->has_tar_split && !give_name (store->layers_dfd, prepared->tmp, tar_split, error))
      /* Something may be called so that no list has: a killed change left it. */
      || !ul_store_move_aside (store->overlay_dfd, id, error)
      || !give_name (store->overlay_dfd, prepared->tmp, id, error)
      || !ul_store_place_link (store, prepared->link, id, error))
    return FALSE;
  ul_store_change_step (change, "layer");
  return TRUE;
}

/* Somebody may have removed layer @id in the meantime, or be about to make it. */
static gboolean
check_below (const GPtrArray *layers, const char *what, const char *id, GError **error)
{
  const UlStoreLayer *layer = ul_store_layer_in (layers, id);
  if (layer == NULL)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "its %s %s is gone", what, id);
  return layer->forbidden == 0
         || ul_throw (error, UL_ERROR_INVALID, "its %s %s is incomplete or mapped, remove it first",
                      what, id);
}

/* Place those that nobody else has added in the meantime, or whose trees were lost, and say so in
 * @layers. */
static gboolean
place_layers (UlStoreChange *change, GPtrArray *layers, GError **error)
{
  for (guint i = 0; i < change->layers->len; i++)
    {
      UlStorePreparedLayer *prepared = g_ptr_array_index (change->layers, i);
      const UlStoreLayer *layer = prepared->layer;
      const UlStoreLayer *listed = ul_store_layer_in (layers, layer->id);
      if (listed != NULL && ul_store_layer_is_whole (change->store, listed))
        continue;
      if (layer->parent != NULL && !check_below (layers, "parent", layer->parent, error))
        return ul_prefix (error, "layer %s", layer->id);
      if (!ul_store_settle_lower (change->store, prepared, error)
          || !place_layer (change, prepared, error))
        return FALSE;
      if (listed == NULL)
        g_ptr_array_add (layers, g_steal_pointer (&prepared->layer));
    }
  return ul_fd_sync_dir_at (change->store->overlay_dfd, ".", error)
         && ul_fd_sync_dir_at (change->store->overlay_dfd, "l", error)
         && ul_fd_sync_dir_at (change->store->layers_dfd, ".", error);
}

gboolean
ul_store_lock_list (const UlStoreChange *change, int dfd, const UlStoreList *list, int *out_fd,
                    GError **error)
{
  if (!ul_store_lock_write (dfd, list->lock, change->store->file_mode, &change->wait, out_fd,
                            error))
    return FALSE;
  ul_store_change_step (change, "locked");
  return TRUE;
}

static gboolean
write_layers (const UlStoreChange *change, int lock, const GPtrArray *layers, GError **error)
{
  g_autoptr (GBytes) content = ul_store_layers_format (layers);
  return ul_store_write_list (change, change->store->layers_dfd, &ul_store_layers_list, lock,
                              content, error);
}

gboolean
ul_store_publish_layers (UlStoreChange *change, GError **error)
{
  UlStore *store = change->store;
  ul_autofd int lock = -1;
  if (!ul_store_lock_list (change, store->layers_dfd, &ul_store_layers_list, &lock, error))
    return FALSE;
  g_autoptr (GPtrArray) layers = ul_store_read_layers (store, error);
  return layers != NULL && place_layers (change, layers, error)
         && write_layers (change, lock, layers, error);
}

/* Somebody may have put something on a layer that goes in the meantime. No image comes before
 * *out_lock goes. */
static gboolean
check_removed (const UlStoreChange *change, const GPtrArray *layers, int *out_lock, GError **error)
{
  const UlStore *store = change->store;
  if (!ul_store_lock_read (store->images_dfd, ul_store_images_list.lock, &change->wait, out_lock,
                           error))
    return FALSE;
  g_autoptr (GPtrArray) images = ul_store_read_images (store, error);
  return images != NULL && ul_store_check_unused (change, layers, images, error);
}

static gboolean
move_layers_aside (const UlStoreChange *change, GError **error)
{
  for (guint i = 0; i < change->removed_layers->len; i++)
    {
      if (!ul_store_move_layer_aside (change->store, change->removed_layers->pdata[i], error))
        return FALSE;
      ul_store_change_step (change, "removed");
    }
  return TRUE;
}

gboolean
ul_store_unlist_layers (UlStoreChange *change, GError **error)
{
  UlStore *store = change->store;
  ul_autofd int lock = -1;
  ul_autofd int images_lock = -1;
  if (!ul_store_lock_list (change, store->layers_dfd, &ul_store_layers_list, &lock, error))
    return FALSE;
  g_autoptr (GPtrArray) layers = ul_store_read_layers (store, error);
  if (layers == NULL || !check_removed (change, layers, &images_lock, error))
    return FALSE;
  for (guint i = 0; i < change->removed_layers->len; i++)
    {
      gconstpointer layer = ul_store_layer_in (layers, change->removed_layers->pdata[i]);
      if (layer != NULL)
        g_ptr_array_remove (layers, (gpointer) layer);
    }
  return write_layers (change, lock, layers, error) && move_layers_aside (change, error);
}

/* Files of an image that is there already: a reader that has its old entry finds all that it names,
 * and the new manifest if we are killed here. */
static gboolean
place_big_data (const UlStore *store, const UlStorePreparedImage *prepared, GError **error)
{
  const UlStoreImage *image = prepared->image;
  for (guint i = 0; i < image->big_data->len; i++)
    {
      const char *key = g_array_index (image->big_data, UlStoreBigData, i).key;
      g_autofree char *name = ul_store_big_data_name (key);
      g_autofree char *from = g_strdup_printf ("%s/%s", prepared->tmp, name);
      g_autofree char *to = g_strdup_printf ("%s/%s", image->id, name);
      if (!give_name (store->images_dfd, from, to, error))
        return FALSE;
    }
  return ul_fd_sync_dir_at (store->images_dfd, image->id, error);
}

/* @listed are the images before the change. One that comes with several manifests is there from the
 * first on. */
static gboolean
place_images (const UlStoreChange *change, const GPtrArray *listed, GError **error)
{
  const UlStore *store = change->store;
  g_autoptr (GHashTable) placed = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < change->images->len; i++)
    {
      const UlStorePreparedImage *prepared = g_ptr_array_index (change->images, i);
      char *id = prepared->image->id;
      if (!g_hash_table_add (placed, id) || ul_store_image_in (listed, id) != NULL)
        {
          if (!place_big_data (store, prepared, error))
            return FALSE;
        }
      else if (!ul_store_move_aside (store->images_dfd, id, error)
               || !give_name (store->images_dfd, prepared->tmp, id, error))
        return FALSE;
      ul_store_change_step (change, "image");
    }
  return ul_fd_sync_dir_at (store->images_dfd, ".", error);
}

/* Those @dropped, but for one that has come again in the same change. */
static gboolean
move_images_aside (const UlStore *store, const GPtrArray *dropped, const GPtrArray *images,
                   GError **error)
{
  for (guint i = 0; i < dropped->len; i++)
    {
      const char *id = g_ptr_array_index (dropped, i);
      if (ul_store_image_in (images, id) == NULL && !ul_store_move_image_aside (store, id, error))
        return FALSE;
    }
  return TRUE;
}

/* The layers that images stand on are there. None goes before *out_lock goes. */
static gboolean
check_layers (const UlStoreChange *change, int *out_lock, GError **error)
{
  const UlStore *store = change->store;
  if (!ul_store_lock_read (store->layers_dfd, ul_store_layers_list.lock, &change->wait, out_lock,
                           error))
    return FALSE;
  g_autoptr (GPtrArray) layers = ul_store_read_layers (store, error);
  if (layers == NULL)
    return FALSE;
  for (guint i = 0; i < change->images->len; i++)
    {
      const UlStorePreparedImage *prepared = g_ptr_array_index (change->images, i);
      if (!check_below (layers, "layer", prepared->image->layer, error))
        return ul_prefix (error, "image %s", prepared->image->id);
    }
  return TRUE;
}

gboolean
ul_store_publish_images (UlStoreChange *change, GError **error)
{
  UlStore *store = change->store;
  ul_autofd int layers_lock = -1;
  ul_autofd int lock = -1;
  g_autoptr (GPtrArray) images = NULL;
  g_autoptr (GPtrArray) dropped = g_ptr_array_new_with_free_func (g_free);
  if (!check_layers (change, &layers_lock, error)
      || !ul_store_lock_list (change, store->images_dfd, &ul_store_images_list, &lock, error)
      || (images = ul_store_read_images (store, error)) == NULL
      || !place_images (change, images, error))
    return FALSE;
  ul_store_apply_images (change, images, dropped);
  g_autoptr (GBytes) content = ul_store_images_format (images);
  return ul_store_write_list (change, store->images_dfd, &ul_store_images_list, lock, content,
                              error)
         && move_images_aside (store, dropped, images, error);
}
