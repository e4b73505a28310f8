// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/store-change-private.h"
#include "image/store-repair.h"

/* For store-repair*.c. */

G_BEGIN_DECLS

typedef struct
{
  UlStore *store;
  const UlStoreRepairOptions *options;
  UlStoreChange *change; /* has the lock of changes; NULL in a dry run */
  gboolean sees_trusted; /* trusted.* xattrs */
  GPtrArray *actions;    /* UlStoreRepairAction */

  /* Of the layers that are being mended. A dry run looks here for what it hasn't written. */
  GHashTable *layers;   /* id -> UlStoreLayer */
  GHashTable *links;    /* id -> its link, as it is or will be */
  GHashTable *owners;   /* link -> id of the layer that has it */
  GHashTable *lowers;   /* id -> its `lower`, the same way */
  GHashTable *recorded; /* id -> the link that layers above it know */
  GHashTable *targets;  /* id -> a name below overlay/l/ that leads to its diff */
} UlStoreRepair;

/* Note what is to be done. FALSE if that's all, in a dry run. */
gboolean ul_store_repair_begin (UlStoreRepair *self, const char *object, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* In a store for all users, let all read it; a missing one and a symlink are passed over. */
gboolean ul_store_repair_mode (UlStoreRepair *self, int dfd, const char *name, const char *object,
                               GError **error);

gboolean ul_store_repair_is_dry (const UlStoreRepair *self);

/* Whose containers read the tree: root's, users', or both? */
gboolean ul_store_repair_both_opaque (const UlStoreRepair *self);

/* Find out what is known of the links of @layers, for all that follows. */
gboolean ul_store_repair_index_layers (UlStoreRepair *self, const GPtrArray *layers,
                                       GError **error);
/* The files of all @layers, which are those of the index, and their entries: *out_changed, those
 * have another text. */
gboolean ul_store_repair_layers (UlStoreRepair *self, const GPtrArray *layers,
                                 gboolean *out_changed, GError **error);
/* The tree of a layer. */
gboolean ul_store_repair_diff (UlStoreRepair *self, const UlStoreLayer *layer, GError **error);
gboolean ul_store_repair_images (UlStoreRepair *self, const GPtrArray *images,
                                 gboolean *out_changed, GError **error);

G_END_DECLS
