// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-query.h"

#include <errno.h>
#include <sys/stat.h>

#include "core/image-name.h"
#include "image/resolve.h"
#include "image/store-private.h"
#include "util/error.h"

/* *out_whole: the last one is a base. */
static GPtrArray *
walk_layers (const UlStore *store, const UlStoreImage *image, gboolean *out_whole)
{
  GPtrArray *found = g_ptr_array_new ();
  const char *id = image->layer;
  while (id != NULL)
    {
      const UlStoreLayer *layer = ul_store_find_layer (store, id);
      /* Parents may be a circle. */
      if (layer == NULL || g_ptr_array_find (found, layer, NULL))
        break;
      g_ptr_array_add (found, (gpointer) layer);
      id = layer->parent;
    }
  *out_whole = id == NULL;
  return found;
}

static gboolean
find_id (const UlStore *store, const char *digits, const UlStoreImage **out, GError **error)
{
  *out = NULL;
  for (guint i = 0; i < store->images->len; i++)
    {
      const UlStoreImage *image = g_ptr_array_index (store->images, i);
      if (!g_str_has_prefix (image->id, digits))
        continue;
      if (*out != NULL && !g_str_equal ((*out)->id, image->id))
        return ul_throw (error, UL_ERROR_INVALID, "%s: image IDs %s and %s begin with %s",
                         store->path, (*out)->id, image->id, digits);
      if (*out == NULL)
        *out = image;
    }
  return TRUE;
}

gboolean
ul_store_resolve_image (const UlStore *store, const char *text, const UlStoreImage **out,
                        GError **error)
{
  g_autofree char *full = NULL;
  const char *digits = ul_image_id_digits (text);
  const UlStoreImage *found = ul_store_find_image (store, text);
  if (found == NULL && ul_image_name_normalize (text, &full, NULL))
    found = ul_store_find_image (store, full);
  if (found == NULL && digits != NULL)
    return find_id (store, digits, out, error);
  *out = found;
  return TRUE;
}

GPtrArray *
ul_store_layers_of (const UlStore *store, const UlStoreImage *image)
{
  gboolean whole;
  return walk_layers (store, image, &whole);
}

GPtrArray *
ul_store_images_with (const UlStore *store, const UlStoreLayer *layer)
{
  GPtrArray *found = g_ptr_array_new ();
  for (guint i = 0; i < store->images->len; i++)
    {
      UlStoreImage *image = g_ptr_array_index (store->images, i);
      g_autoptr (GPtrArray) layers = ul_store_layers_of (store, image);
      if (g_ptr_array_find (layers, layer, NULL))
        g_ptr_array_add (found, image);
    }
  return found;
}

gint64
ul_store_image_size (const UlStore *store, const UlStoreImage *image)
{
  gboolean whole;
  gint64 sum = 0;
  g_autoptr (GPtrArray) layers = walk_layers (store, image, &whole);
  for (guint i = 0; i < layers->len; i++)
    {
      const UlStoreLayer *layer = g_ptr_array_index (layers, i);
      if (layer->diff_size < 0 || layer->diff_size > G_MAXINT64 - sum)
        return -1;
      sum += layer->diff_size;
    }
  return whole ? sum : -1;
}

gboolean
ul_store_layer_has_diff (const UlStore *store, const UlStoreLayer *layer, gboolean *out_has,
                         GError **error)
{
  struct stat st;
  g_autofree char *path = g_strdup_printf ("%s/diff", layer->id);
  const gboolean there = fstatat (store->overlay_dfd, path, &st, 0) == 0;
  if (!there && errno != ENOENT && errno != ENOTDIR)
    return ul_throw_errno (error, "%s: stat %s", store->path, path);
  *out_has = there && S_ISDIR (st.st_mode);
  return TRUE;
}

gboolean
ul_store_layer_is_whole (const UlStore *store, const UlStoreLayer *layer)
{
  gboolean has_diff;
  return !ul_store_layer_has_diff (store, layer, &has_diff, NULL) || has_diff;
}

const UlStoreLayer *
ul_store_find_whole_layer (const UlStore *store, const char *id)
{
  const UlStoreLayer *layer = ul_store_find_layer (store, id);
  return layer != NULL && ul_store_layer_is_whole (store, layer) ? layer : NULL;
}
