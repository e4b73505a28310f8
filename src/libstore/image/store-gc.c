// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-gc.h"

#include <fcntl.h>

#include "image/store-repair.h"
#include "util/error.h"
#include "util/fd.h"

#define MAX_LAYERS (64 * 1024 * 1024) /* bytes of a list */

void
ul_store_hold_free (UlStoreHold *hold)
{
  g_free (hold->layer);
  g_free (hold->by);
  g_free (hold);
}

static void
add_hold (GPtrArray *holds, const char *layer, char *by)
{
  UlStoreHold *hold = g_new (UlStoreHold, 1);
  hold->layer = g_strdup (layer);
  hold->by = by;
  g_ptr_array_add (holds, hold);
}

/* Is it one of ours, and not of @other's own? */
static gboolean
is_ours (const UlStore *store, const UlStore *other, const char *layer)
{
  return layer != NULL && ul_store_find_layer (other, layer) == NULL
         && ul_store_find_layer (store, layer) != NULL;
}

/* @layers: of @other, which is at @root. */
static void
hold_parents (const UlStore *store, const UlStore *other, const GPtrArray *layers, const char *root,
              GPtrArray *io_holds)
{
  for (guint i = 0; i < layers->len; i++)
    {
      const UlStoreLayer *layer = layers->pdata[i];
      if (is_ours (store, other, layer->parent))
        add_hold (io_holds, layer->parent, g_strdup_printf ("layer %s in %s", layer->id, root));
    }
}

static void
hold_tops (const UlStore *store, const UlStore *other, const char *root, GPtrArray *io_holds)
{
  const GPtrArray *images = ul_store_images (other);
  for (guint i = 0; i < images->len; i++)
    {
      const UlStoreImage *image = images->pdata[i];
      const char *name = image->names->len > 0 ? image->names->pdata[0] : image->id;
      if (is_ours (store, other, image->layer))
        add_hold (io_holds, image->layer, g_strdup_printf ("image %s in %s", name, root));
    }
}

/* Layers of containers that don't outlive a boot are in a list of their own. */
static gboolean
find_volatile_holds (const UlStore *store, const UlStore *other, const char *root,
                     GPtrArray *io_holds, GError **error)
{
  g_autofree char *path = g_build_filename (root, "overlay-layers/volatile-layers.json", NULL);
  g_autoptr (GBytes) bytes = NULL;
  if (!ul_fd_read_file_at (AT_FDCWD, path, MAX_LAYERS, TRUE, &bytes, error))
    return FALSE;
  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    return TRUE;
  g_autoptr (GPtrArray) layers = ul_store_layers_parse (bytes, path, error);
  if (layers == NULL)
    return FALSE;
  hold_parents (store, other, layers, root, io_holds);
  return TRUE;
}

gboolean
ul_store_find_holds (const UlStore *store, const char *root, const UlLockWait *wait,
                     GPtrArray *io_holds, gboolean *out_found, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (UlStore) other = ul_store_open (AT_FDCWD, root, 0, wait, &failure);
  *out_found = other != NULL;
  if (other != NULL)
    {
      hold_parents (store, other, ul_store_layers (other), root, io_holds);
      hold_tops (store, other, root, io_holds);
      return find_volatile_holds (store, other, root, io_holds, error);
    }
  if (g_error_matches (failure, UL_ERROR, UL_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

gboolean
ul_store_check_no_containers (const UlStore *store, GError **error)
{
  guint n;
  if (!ul_store_count_containers (store, &n, error))
    return FALSE;
  return n == 0
         || ul_throw (
             error, UL_ERROR_UNSUPPORTED,
             "the store has %u container%s of its own, so that layers are podman's to remove", n,
             n == 1 ? "" : "s");
}

/* @layer and all below it. */
static void
mark (const UlStore *store, GHashTable *needed, const char *layer)
{
  while (layer != NULL && !g_hash_table_contains (needed, layer))
    {
      const UlStoreLayer *found = ul_store_find_layer (store, layer);
      if (found == NULL)
        return;
      g_hash_table_add (needed, found->id);
      layer = found->parent;
    }
}

gboolean
ul_store_gc (UlStoreChange *change, const UlStore *store, GPtrArray *holds, GPtrArray **out_removed,
             GPtrArray **out_held, GError **error)
{
  const GPtrArray *layers = ul_store_layers (store);
  const GPtrArray *images = ul_store_images (store);
  g_autoptr (GHashTable) needed = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) removed = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) held = g_ptr_array_new ();
  if (!ul_store_check_no_containers (store, error))
    return FALSE;
  for (guint i = 0; i < images->len; i++)
    mark (store, needed, ((const UlStoreImage *) images->pdata[i])->layer);
  for (guint i = 0; i < holds->len; i++)
    if (!g_hash_table_contains (needed, ((const UlStoreHold *) holds->pdata[i])->layer))
      g_ptr_array_add (held, holds->pdata[i]);
  for (guint i = 0; i < held->len; i++)
    mark (store, needed, ((const UlStoreHold *) held->pdata[i])->layer);
  for (guint i = 0; i < layers->len; i++)
    {
      const UlStoreLayer *layer = layers->pdata[i];
      if (g_hash_table_contains (needed, layer->id))
        continue;
      g_ptr_array_add (removed, g_strdup (layer->id));
      if (!ul_store_change_remove_layer (change, layer->id, error))
        return FALSE;
    }
  *out_removed = g_steal_pointer (&removed);
  *out_held = g_steal_pointer (&held);
  return TRUE;
}
