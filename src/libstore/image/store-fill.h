// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/store-change.h"
#include "image/store-diff.h"

/* Images of a repository into a container store. */

G_BEGIN_DECLS

typedef struct
{
  guint images;    /* added or changed */
  guint unchanged; /* that were there as they are */
  guint layers;    /* added */
  UlStoreDiffStats diff;
} UlStoreFillStats;

/* Add @image with the layers that aren't there to @change; an image that loses its last name to it
 * goes. What was there before as it is stays. @io_stats: added to. */
gboolean ul_store_fill (UlStoreChange *change, const UlStore *store, UlRepo *repo,
                        const UlImage *image, const UlStoreDiffOptions *options,
                        UlStoreFillStats *io_stats, GError **error);

G_END_DECLS
