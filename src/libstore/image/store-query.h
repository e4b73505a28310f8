// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/store.h"

/* What the lists of a container store say together. */

G_BEGIN_DECLS

/* The image that a user means by @text: one of its names, which may be short for one in full; its
 * id, or the beginning of that (ul_image_id_digits ()). *out is NULL if there is none;
 * UL_ERROR_INVALID for the beginning of several. */
gboolean ul_store_resolve_image (const UlStore *store, const char *text, const UlStoreImage **out,
                                 GError **error);

/* The layers of @image, topmost first, of const UlStoreLayer, the store's. It ends before one that
 * isn't there. */
GPtrArray *ul_store_layers_of (const UlStore *store, const UlStoreImage *image);

/* Whose layer is it? Of const UlStoreImage, in the list's order. */
GPtrArray *ul_store_images_with (const UlStore *store, const UlStoreLayer *layer);

/* Sum of what the layers' tars have; -1: one isn't there, or doesn't say it. */
gint64 ul_store_image_size (const UlStore *store, const UlStoreImage *image);

/* Is the layer's tree there, in the store or by a symlink elsewhere? */
gboolean ul_store_layer_has_diff (const UlStore *store, const UlStoreLayer *layer,
                                  gboolean *out_has, GError **error);

/* FALSE if its tree is known not to be there. */
gboolean ul_store_layer_is_whole (const UlStore *store, const UlStoreLayer *layer);

/* The layer of that id if it's whole; NULL if there is none. */
const UlStoreLayer *ul_store_find_whole_layer (const UlStore *store, const char *id);

G_END_DECLS
