// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/store-names.h"
#include "image/store-change.h"
#include "image/store-private.h"
#include "util/tmpfile.h"

/* For store-change.c and the phases of a change. */

G_BEGIN_DECLS

/* In overlay/ under its temporary name; its tar-split has the same in overlay-layers/. */
typedef struct
{
  UlStoreLayer *layer; /* NULL once it's published */
  char link[UL_STORE_LINK_LEN + 1];
  char *lower; /* NULL on a base */
  char tmp[UL_TMP_NAME_MAX];
  gboolean has_tar_split;
} UlStorePreparedLayer;

/* In overlay-images/ under its temporary name. */
typedef struct
{
  UlStoreImage *image;
  gboolean remove_nameless;
  char tmp[UL_TMP_NAME_MAX];
} UlStorePreparedImage;

struct _UlStoreChange
{
  UlStore *store;
  UlLockWait wait;
  int lock_fd;
  GPtrArray *layers;         /* UlStorePreparedLayer */
  GPtrArray *images;         /* UlStorePreparedImage */
  GPtrArray *removed_layers; /* char *: ids */
  GPtrArray *removed_images;
  gboolean committed;
  void (*hook) (const char *step, gpointer data);
  gpointer hook_data;
};

static inline void
ul_store_change_step (const UlStoreChange *change, const char *step)
{
  if (change->hook != NULL)
    change->hook (step, change->hook_data);
}

/* Nothing in these lists stands on a layer that goes: else UL_ERROR_INVALID. */
gboolean ul_store_check_unused (const UlStoreChange *change, const GPtrArray *layers,
                                const GPtrArray *images, GError **error);

/* store-prepare.c: decide on names and links, by what is prepared and published. */
gboolean ul_store_plan_layer (const UlStoreChange *change, UlStorePreparedLayer *prepared,
                              const UlStoreLayerSource *source, GError **error);
/* Make the directories. On failure they are removed. That of one layer in any thread. */
gboolean ul_store_prepare_layer (const UlStoreChange *change, UlStorePreparedLayer *prepared,
                                 const UlStoreLayerSource *source, GError **error);
gboolean ul_store_prepare_image (const UlStoreChange *change, UlStorePreparedImage *prepared,
                                 const UlStoreImageSpec *spec, GError **error);

/* What still has its temporary name. */
void ul_store_remove_prepared_layer (const UlStore *store, const UlStorePreparedLayer *prepared);

/* The parent is published, by us or by somebody who was faster and made another link: say so in the
 * `lower` of what is prepared. */
gboolean ul_store_settle_lower (const UlStore *store, UlStorePreparedLayer *prepared,
                                GError **error);

/* store-publish.c, each with the lock of its list. */
gboolean ul_store_publish_layers (UlStoreChange *change, GError **error);
gboolean ul_store_publish_images (UlStoreChange *change, GError **error);
gboolean ul_store_unlist_layers (UlStoreChange *change, GError **error);

/* The lock of a list, and its new content, for who has it. */
gboolean ul_store_lock_list (const UlStoreChange *change, int dfd, const UlStoreList *list,
                             int *out_fd, GError **error);
gboolean ul_store_write_list (const UlStoreChange *change, int dfd, const UlStoreList *list,
                              int lock, GBytes *content, GError **error);

/* overlay/l/@link_id, in place of what is called so. */
gboolean ul_store_place_link (const UlStore *store, const char *link_id, const char *id,
                              GError **error);

/* What @change makes of @images. Ids of those that go are added to @dropped. */
void ul_store_apply_images (const UlStoreChange *change, GPtrArray *images, GPtrArray *dropped);

/* store-pending.c: note which layers and images may be there without being in the lists, so that
 * the next change removes them if this one is killed; NULL: none. */
gboolean ul_store_pending_write (const UlStore *store, const GPtrArray *lines, GError **error);
gboolean ul_store_pending_clear (const UlStore *store, GError **error);
/* Remove them, but for those that are in the lists now, and all that has a temporary name. Without
 * a note no lock is taken. */
gboolean ul_store_clean (const UlStoreChange *change, GError **error);

/* Give what is called @name, if anything is, a temporary name, by which ul_store_clean () removes
 * it: what is half gone has no other. */
gboolean ul_store_move_aside (int dfd, const char *name, GError **error);

/* The same with all that there is of one that isn't in the list any more. The caller has the list's
 * lock: without it somebody could have added the same again. */
gboolean ul_store_move_layer_aside (const UlStore *store, const char *id, GError **error);
gboolean ul_store_move_image_aside (const UlStore *store, const char *id, GError **error);

G_END_DECLS
