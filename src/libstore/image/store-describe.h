// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/tar-frame.h"
#include "image/records.h"
#include "image/store-change.h"

/* What a store says of layers and images of a repository, the same wherever the store is. For
 * store-*.c and embed.c. */

G_BEGIN_DECLS

/* Layer @index of @image; not sealed, and without the owners in it. */
UlStoreLayer *ul_store_describe_layer (const UlImage *image, guint index);

/* Owners in a layer: containers with a namespace of their own need to know how many ids that takes.
 */
typedef struct
{
  GHashTable *uids;
  GHashTable *gids;
} UlStoreOwners;

void ul_store_owners_init (UlStoreOwners *owners);
void ul_store_owners_clear (UlStoreOwners *owners);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlStoreOwners, ul_store_owners_clear)

/* Those of an entry of its tar. */
void ul_store_owners_see (UlStoreOwners *owners, const UlTarStat *stat);
/* Say in @layer which there are. */
void ul_store_owners_give (const UlStoreOwners *owners, UlStoreLayer *layer);
/* All at once. @tar_split: of the layer, read from its start; borrowed. */
gboolean ul_store_read_owners (int tar_split, UlStoreLayer *layer, GError **error);

/* An image for a store, with what its spec points to. It points into itself, and into the image. */
typedef struct
{
  UlStoreImageSpec spec;
  const char *names[2];
  char *created;
} UlStoreImageText;

/* UL_ERROR_UNSUPPORTED for an image without layers. */
gboolean ul_store_describe_image (const UlImage *image, UlStoreImageText *out, GError **error);
void ul_store_image_text_clear (UlStoreImageText *text);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlStoreImageText, ul_store_image_text_clear)

/* The entry for @spec; not sealed, and without big data. */
UlStoreImage *ul_store_image_of_spec (const UlStoreImageSpec *spec);

/* Writes file @name of an image. */
typedef gboolean (*UlStorePutFile) (const char *name, GBytes *content, gpointer data,
                                    GError **error);

/* Say in @image that it has its documents, and write each. The manifest comes last: it's what
 * changes in an image that is there already. */
gboolean ul_store_put_big_data (UlStoreImage *image, const UlStoreImageSpec *spec,
                                UlStorePutFile func, gpointer data, GError **error);

/* Of a set of ids as pointers: an array of guint32, ascending. */
GArray *ul_store_sorted_ids (GHashTable *set);

G_END_DECLS
