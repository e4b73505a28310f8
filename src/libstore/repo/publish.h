// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/object.h"
#include "repo/transaction.h"

/* From staging into objects/, durably. Private to repo/. */

G_BEGIN_DECLS

typedef struct
{
  guint8 type;
  gboolean complete; /* staged; else only claimed by a writer that failed */
  gboolean replace;  /* what has this name in objects/ is broken */
  UlChecksum checksum;
} UlStaged;

typedef enum
{
  UL_SYNC_NONE,
  UL_SYNC_BATCH, /* syncfs, for everything at once */
  UL_SYNC_EACH,  /* objects were synced one by one; directories are, too */
} UlSync;

typedef struct
{
  UlRepo *repo;
  int staging_dfd;
  gboolean make_directories; /* those of objects/ are made there, to inherit its ACL, not renamed */
  UlSync sync;
  UlTransactionHook hook;
  gpointer hook_data;
} UlPublish;

/* @staged: a set of UlStaged. Whole directories come first, in no order of reference; among single
 * objects content comes before what refers to it. Commits come last of all, so nothing is reached
 * before it's complete. In a batch whatever else is in the staging directory is durable on return,
 * too, also if there are no objects. */
gboolean ul_publish (const UlPublish *self, GHashTable *staged, GError **error);

G_END_DECLS
