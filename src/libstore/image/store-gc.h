// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/store-change.h"

/* Layers of a container store that nothing needs. What containers and images in other stores stand
 * on isn't said in a store: so those who use it are asked. */

G_BEGIN_DECLS

/* Who stands on a layer of a store. */
typedef struct
{
  char *layer;
  char *by; /* "layer ID in ROOT" or "image NAME in ROOT" */
} UlStoreHold;

void ul_store_hold_free (UlStoreHold *hold);

/* Add to @io_holds (of UlStoreHold, owned) what of @store the primary store at @root stands on.
 * *out_found: FALSE, and no error, where there's no store. */
gboolean ul_store_find_holds (const UlStore *store, const char *root, const UlLockWait *wait,
                              GPtrArray *io_holds, gboolean *out_found, GError **error);

/* Containers stand on layers that no image has: what has some of its own is for podman to tidy.
 * UL_ERROR_UNSUPPORTED. */
gboolean ul_store_check_no_containers (const UlStore *store, GError **error);

/* Of a store without containers (UL_ERROR_UNSUPPORTED), remove from @change the layers that neither
 * an image of @store nor one of @holds needs. *out_removed: their ids, of g_free. *out_held: of
 * @holds (borrowed), those but for which a layer would go. */
gboolean ul_store_gc (UlStoreChange *change, const UlStore *store, GPtrArray *holds,
                      GPtrArray **out_removed, GPtrArray **out_held, GError **error);

G_END_DECLS
