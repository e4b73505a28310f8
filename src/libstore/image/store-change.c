// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-change-private.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "image/store-describe.h"
#include "image/store-lock.h"
#include "image/store-query.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/pool.h"

static void
free_prepared_layer (gpointer data)
{
  UlStorePreparedLayer *prepared = data;
  ul_store_layer_free (prepared->layer);
  g_free (prepared->lower);
  g_free (prepared);
}

static void
free_prepared_image (gpointer data)
{
  UlStorePreparedImage *prepared = data;
  ul_store_image_free (prepared->image);
  g_free (prepared);
}

UlStoreChange *
ul_store_change_begin (UlStore *store, const UlLockWait *wait, GError **error)
{
  g_autoptr (UlStoreChange) change = g_new0 (UlStoreChange, 1);
  change->store = store;
  change->lock_fd = -1;
  if (wait != NULL)
    change->wait = *wait;
  change->layers = g_ptr_array_new_with_free_func (free_prepared_layer);
  change->images = g_ptr_array_new_with_free_func (free_prepared_image);
  change->removed_layers = g_ptr_array_new_with_free_func (g_free);
  change->removed_images = g_ptr_array_new_with_free_func (g_free);
  if (ul_store_lock_write (store->dfd, UL_STORE_CHANGE_LOCK, 0600, &change->wait, &change->lock_fd,
                           error)
      && ul_store_make_dir (store->overlay_dfd, "l", store->dir_mode, error)
      && ul_store_reload (store, &change->wait, error) && ul_store_clean (change, error))
    return g_steal_pointer (&change);
  ul_prefix (error, "%s", store->path);
  return NULL;
}

/* What was prepared and has no other name by now. */
static void
remove_prepared (const UlStoreChange *change)
{
  for (guint i = 0; i < change->layers->len; i++)
    ul_store_remove_prepared_layer (change->store, change->layers->pdata[i]);
  for (guint i = 0; i < change->images->len; i++)
    {
      const UlStorePreparedImage *prepared = g_ptr_array_index (change->images, i);
      (void) ul_fd_remove_tree_at (change->store->images_dfd, prepared->tmp, NULL);
    }
}

void
ul_store_change_free (UlStoreChange *change)
{
  if (change == NULL)
    return;
  remove_prepared (change);
  g_ptr_array_unref (change->layers);
  g_ptr_array_unref (change->images);
  g_ptr_array_unref (change->removed_layers);
  g_ptr_array_unref (change->removed_images);
  ul_fd_clear (&change->lock_fd);
  g_free (change);
}

void
ul_store_change_set_hook (UlStoreChange *change, void (*hook) (const char *step, gpointer data),
                          gpointer data)
{
  change->hook = hook;
  change->hook_data = data;
}

static gboolean
is_prepared (const UlStoreChange *change, const char *id)
{
  for (guint i = 0; i < change->layers->len; i++)
    {
      const UlStorePreparedLayer *prepared = g_ptr_array_index (change->layers, i);
      if (prepared->layer != NULL && g_str_equal (prepared->layer->id, id))
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_removed (const GPtrArray *removed, const char *id)
{
  return g_ptr_array_find_with_equal_func ((GPtrArray *) removed, id, g_str_equal, NULL);
}

gboolean
ul_store_change_has_layer (const UlStoreChange *change, const char *id)
{
  return is_prepared (change, id)
         || (ul_store_find_whole_layer (change->store, id) != NULL
             && !is_removed (change->removed_layers, id));
}

/* May something stand on layer @id? One that somebody left incomplete goes at the library's next
 * start, and one with mapped owners is another tree. */
static gboolean
check_below (const UlStoreChange *change, const char *what, const char *id, GError **error)
{
  const UlStoreLayer *layer = ul_store_find_layer (change->store, id);
  if (!ul_store_change_has_layer (change, id))
    return ul_throw (error, UL_ERROR_NOT_FOUND, "its %s %s is not in the store", what, id);
  return layer == NULL || layer->forbidden == 0
         || ul_throw (error, UL_ERROR_INVALID, "its %s %s is incomplete or mapped, remove it first",
                      what, id);
}

/* Takes @layer. */
static gboolean
plan_layer (UlStoreChange *change, const UlStoreNewLayer *new_layer, GError **error)
{
  UlStoreLayer *layer = new_layer->layer;
  UlStorePreparedLayer *prepared = g_new0 (UlStorePreparedLayer, 1);
  prepared->layer = layer;
  gboolean ok;
  /* One that is to be removed is still there; one whose tree has gone is made anew. */
  if (is_prepared (change, layer->id) || is_removed (change->removed_layers, layer->id)
      || ul_store_find_whole_layer (change->store, layer->id) != NULL)
    ok = ul_throw (error, UL_ERROR_EXISTS, "it is in the store already");
  else
    ok = (layer->parent == NULL || check_below (change, "parent", layer->parent, error))
         && ul_store_plan_layer (change, prepared, &new_layer->source, error);
  if (ok)
    g_ptr_array_add (change->layers, prepared);
  else
    {
      ul_prefix (error, "%s: layer %s", change->store->path, layer->id);
      free_prepared_layer (prepared);
    }
  return ok;
}

/* One of those that are planned. */
typedef struct
{
  const UlStoreChange *change;
  UlStorePreparedLayer *prepared;
  const UlStoreLayerSource *source;
} Preparing;

/* UlPoolFunc */
static gboolean
prepare_layer (gpointer item, G_GNUC_UNUSED gpointer worker, G_GNUC_UNUSED gpointer data,
               GError **error)
{
  const Preparing *self = item;
  return ul_store_prepare_layer (self->change, self->prepared, self->source, error)
         || ul_prefix (error, "%s: layer %s", self->change->store->path, self->prepared->layer->id);
}

/* The layers of @change from @first on. */
static gboolean
prepare_layers (const UlStoreChange *change, guint first, const UlStoreNewLayer *layers, guint n,
                guint jobs, GError **error)
{
  const UlPoolOptions options = { .jobs = MIN (ul_pool_jobs (jobs), n), .run = prepare_layer };
  g_autofree Preparing *items = g_new (Preparing, n);
  g_autoptr (UlPool) pool = ul_pool_new (&options);
  for (guint i = 0; i < n; i++)
    {
      items[i] = (Preparing){ change, change->layers->pdata[first + i], &layers[i].source };
      if (!ul_pool_push (pool, &items[i]))
        break;
    }
  return ul_pool_finish (pool, error);
}

gboolean
ul_store_change_add_layers (UlStoreChange *change, const UlStoreNewLayer *layers, guint n,
                            guint jobs, GError **error)
{
  const guint first = change->layers->len;
  gboolean ok = TRUE;
  for (guint i = 0; i < n; i++)
    if (ok)
      ok = plan_layer (change, &layers[i], error);
    else
      ul_store_layer_free (layers[i].layer);
  if (!ok || n == 0 || !prepare_layers (change, first, layers, n, jobs, error))
    {
      for (guint i = first; i < change->layers->len; i++)
        ul_store_remove_prepared_layer (change->store, change->layers->pdata[i]);
      g_ptr_array_set_size (change->layers, (int) first);
      return n == 0;
    }
  for (guint i = 0; i < n; i++)
    {
      ul_store_layer_seal (layers[i].layer);
      ul_store_change_step (change, "prepared");
    }
  return TRUE;
}

gboolean
ul_store_change_add_layer (UlStoreChange *change, UlStoreLayer *layer,
                           const UlStoreLayerSource *source, GError **error)
{
  const UlStoreNewLayer one = { layer, *source };
  return ul_store_change_add_layers (change, &one, 1, 1, error);
}

gboolean
ul_store_change_add_image (UlStoreChange *change, const UlStoreImageSpec *spec, GError **error)
{
  UlStorePreparedImage *prepared = g_new0 (UlStorePreparedImage, 1);
  prepared->image = ul_store_image_of_spec (spec);
  prepared->remove_nameless = spec->remove_nameless;
  if (!check_below (change, "layer", spec->layer, error)
      || !ul_store_prepare_image (change, prepared, spec, error))
    {
      ul_prefix (error, "%s: image %s", change->store->path, prepared->image->id);
      free_prepared_image (prepared);
      return FALSE;
    }
  g_ptr_array_add (change->images, prepared);
  ul_store_change_step (change, "prepared");
  return TRUE;
}

gboolean
ul_store_change_remove_image (UlStoreChange *change, const char *name, GError **error)
{
  const UlStoreImage *image = ul_store_find_image (change->store, name);
  if (image == NULL)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "%s: no image %s", change->store->path, name);
  g_ptr_array_add (change->removed_images, g_strdup (image->id));
  return TRUE;
}

gboolean
ul_store_change_remove_layer (UlStoreChange *change, const char *id, GError **error)
{
  if (ul_store_find_layer (change->store, id) == NULL)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "%s: no layer %s", change->store->path, id);
  g_ptr_array_add (change->removed_layers, g_strdup (id));
  return TRUE;
}

/* Nothing that stays, or comes, may stand on what goes. */
static gboolean
check_layer_unused (const UlStoreChange *change, const UlStoreLayer *layer, GError **error)
{
  if (layer->parent == NULL || is_removed (change->removed_layers, layer->id)
      || !is_removed (change->removed_layers, layer->parent))
    return TRUE;
  return ul_throw (error, UL_ERROR_INVALID, "remove layer %s: layer %s stands on it", layer->parent,
                   layer->id);
}

static gboolean
check_image (const UlStoreChange *change, const UlStoreImage *image, GError **error)
{
  return image->layer == NULL || !is_removed (change->removed_layers, image->layer)
         || ul_throw (error, UL_ERROR_INVALID, "remove layer %s: image %s has it", image->layer,
                      image->id);
}

gboolean
ul_store_check_unused (const UlStoreChange *change, const GPtrArray *layers,
                       const GPtrArray *images, GError **error)
{
  for (guint i = 0; i < layers->len; i++)
    if (!check_layer_unused (change, layers->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < images->len; i++)
    if (!check_image (change, images->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* Before anything is done. Ids of images that go are added to @dropped. */
static gboolean
check (const UlStoreChange *change, GPtrArray *dropped, GError **error)
{
  g_autoptr (GPtrArray) images = ul_store_read_images (change->store, error);
  if (images == NULL)
    return FALSE;
  ul_store_apply_images (change, images, dropped);
  for (guint i = 0; i < change->layers->len; i++)
    {
      const UlStorePreparedLayer *prepared = g_ptr_array_index (change->layers, i);
      if (!check_layer_unused (change, prepared->layer, error))
        return FALSE;
    }
  return ul_store_check_unused (change, change->store->layers, images, error);
}

static void
add_lines (GPtrArray *lines, const char *kind, const GPtrArray *ids)
{
  for (guint i = 0; i < ids->len; i++)
    g_ptr_array_add (lines, g_strdup_printf ("%s %s", kind, (char *) ids->pdata[i]));
}

/* All that may be without a list when we are killed: what comes, and what goes. */
static GPtrArray *
list_pending (const UlStoreChange *change, const GPtrArray *dropped)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < change->layers->len; i++)
    {
      const UlStorePreparedLayer *prepared = g_ptr_array_index (change->layers, i);
      g_ptr_array_add (lines, g_strdup_printf ("layer %s", prepared->layer->id));
    }
  for (guint i = 0; i < change->images->len; i++)
    {
      const UlStorePreparedImage *prepared = g_ptr_array_index (change->images, i);
      g_ptr_array_add (lines, g_strdup_printf ("image %s", prepared->image->id));
    }
  add_lines (lines, "layer", change->removed_layers);
  add_lines (lines, "image", dropped);
  return lines;
}

static gboolean
publish (UlStoreChange *change, GError **error)
{
  if (change->layers->len > 0 && !ul_store_publish_layers (change, error))
    return FALSE;
  if (change->images->len + change->removed_images->len > 0
      && !ul_store_publish_images (change, error))
    return FALSE;
  return change->removed_layers->len == 0 || ul_store_unlist_layers (change, error);
}

/* What has gone has temporary names now: what has its own is somebody's who was quick, whatever was
 * noted. */
static gboolean
finish (const UlStoreChange *change, GError **error)
{
  UlStore *store = change->store;
  ul_store_change_step (change, "published");
  if (!ul_store_pending_clear (store, error) || !ul_store_reload (store, &change->wait, error))
    return FALSE;
  ul_store_change_step (change, "reloaded");
  if (!ul_store_clean (change, error))
    return FALSE;
  ul_store_change_step (change, "cleaned");
  return TRUE;
}

static gboolean
commit (UlStoreChange *change, GError **error)
{
  UlStore *store = change->store;
  g_autoptr (GPtrArray) dropped = g_ptr_array_new_with_free_func (g_free);
  if (!check (change, dropped, error))
    return FALSE;
  g_autoptr (GPtrArray) pending = list_pending (change, dropped);
  if (!ul_store_pending_write (store, pending, error))
    return FALSE;
  ul_store_change_step (change, "pending");
  if (syncfs (store->overlay_dfd) != 0)
    return ul_throw_errno (error, "sync");
  ul_store_change_step (change, "synced");
  return publish (change, error) && finish (change, error);
}

gboolean
ul_store_change_commit (UlStoreChange *change, GError **error)
{
  g_return_val_if_fail (!change->committed, FALSE);
  change->committed = TRUE;
  return commit (change, error) || ul_prefix (error, "%s", change->store->path);
}
