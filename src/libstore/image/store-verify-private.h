// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/store-private.h"
#include "image/store-verify.h"

/* For store-verify*.c. */

G_BEGIN_DECLS

typedef struct
{
  const UlStore *store;
  gboolean full;
  gboolean sees_trusted; /* trusted.* xattrs */
  GHashTable *layers;    /* id -> const UlStoreLayer */
  GHashTable *used;      /* set of ids: layers of images */
  GPtrArray *faults;     /* UlStoreFault */
} UlStoreVerify;

void ul_store_verify_add (UlStoreVerify *self, UlStoreFaultCode code, const char *object,
                          const char *format, ...) G_GNUC_PRINTF (4, 5);
/* Can the last one that was added be mended? Not as its code says. */
void ul_store_verify_set_repairable (UlStoreVerify *self, gboolean repairable);

/* In a shared store: may all users read it? A missing one isn't looked at. */
gboolean ul_store_verify_mode (UlStoreVerify *self, int dfd, const char *name, const char *object,
                               GError **error);

gboolean ul_store_verify_layer (UlStoreVerify *self, const UlStoreLayer *layer, GError **error);
gboolean ul_store_verify_diff (UlStoreVerify *self, int dfd, const char *object, GError **error);
gboolean ul_store_verify_image (UlStoreVerify *self, const UlStoreImage *image, GError **error);

G_END_DECLS
