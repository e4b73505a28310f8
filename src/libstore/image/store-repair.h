// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/store.h"

/* Mends what ul_store_verify () calls repairable from what else is in a container store, whoever
 * made it, and nothing else: no image, layer or file with content is removed.
 * docs/design/images.md says how. */

G_BEGIN_DECLS

typedef enum
{
  UL_STORE_REPAIR_DRY_RUN = 1 << 0, /* only say what would be done; nothing is written */
  UL_STORE_REPAIR_FULL = 1 << 1,    /* the layers' trees as well */
  UL_STORE_REPAIR_OPAQUE = 1 << 2,  /* with FULL: both xattrs also if the store isn't shared */
  UL_STORE_REPAIR_SHARED = 1 << 3,  /* make it one for all users */
} UlStoreRepairFlags;

typedef struct
{
  UlStoreRepairFlags flags;
  const UlLockWait *wait; /* NULL: not at all */
  /* For tests: called before each step. */
  void (*hook) (const char *step, gpointer data);
  gpointer hook_data;
} UlStoreRepairOptions;

typedef struct
{
  char *object; /* as that of UlStoreFault */
  char *text;   /* what was done: one line */
} UlStoreRepairAction;

/* Of UlStoreRepairAction, in the order they were done; @store is then what it has become. Each step
 * leaves the store no worse, so that one that was killed is begun again. It holds the lock of
 * changes, and those of the lists while it works on what belongs to them. Durable on return.
 * UL_ERROR_LOCKED. */
GPtrArray *ul_store_repair (UlStore *store, const UlStoreRepairOptions *options, GError **error);

/* Do containers live in the store? Then it's somebody's primary one, who changes it: *out_n. */
gboolean ul_store_count_containers (const UlStore *store, guint *out_n, GError **error);

G_END_DECLS
