// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/print.h"
#include "image/records.h"

/* What `image diff` says of two images beside their files: layers and configs. */

G_BEGIN_DECLS

/* A layer of either image. */
typedef struct
{
  char change;               /* '=' in both, 'D' only in the first, 'A' only in the second */
  const UlImageLayer *layer; /* borrowed */
  gboolean elsewhere;        /* the other image has this tar, too, upon other layers */
} UlImageDiffLayer;

/* Of UlImageDiffLayer: the lowest that both have, then the rest of @a, then that of @b. */
GArray *ul_image_diff_layers (const UlImage *a, const UlImage *b);

void ul_image_diff_print_layers (const GArray *layers);
void ul_image_diff_print_config (const GPtrArray *changes);
/* The same in a line of numbers. */
void ul_image_diff_count_layers (const GArray *layers);
void ul_image_diff_count_config (const GPtrArray *changes);

/* Members "layers" and "config" of the object that is open; null without them. */
void ul_image_diff_json_layers (JsonBuilder *builder, const GArray *layers);
void ul_image_diff_json_config (JsonBuilder *builder, const GPtrArray *changes);

G_END_DECLS
