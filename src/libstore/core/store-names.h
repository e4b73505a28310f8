// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"

/* What containers/storage calls things: ids of layers, the links by which overlay mounts name them,
 * files beside an image. All of them are functions of what they stand for, so that a store that is
 * built again has the same. Source: stores written by podman 4.3.1 and 5.4.2. */

G_BEGIN_DECLS

#define UL_STORE_LINK_LEN         26
#define UL_STORE_MAX_BIG_DATA_KEY 189 /* bytes, so that the file's name has at most 255 */

/* 64 lowercase hex digits: an id of a layer or image, as all tools make them. */
gboolean ul_store_is_id (const char *text);

/* The id of the layer that @diff_id makes on top of layer @parent (NULL: on nothing). It's not
 * OCI's chain ID. */
void ul_store_layer_id (const char *parent, const UlChecksum *diff_id, UlChecksum *out);

/* The name of layer @id below overlay/l/. Others have random ones there; containers record the
 * link, so that it must not change when a store is built again. */
void ul_store_link_id (const char *id, char out[UL_STORE_LINK_LEN + 1]);

/* Can it be such a link? Other tools make them in other forms. It stands in mount options. */
gboolean ul_store_is_link (const char *text);

/* What the file `lower` says of a layer whose parent has the link @link, and @parent_lower in its
 * own (NULL: it's a base). */
char *ul_store_lower (const char *link, const char *parent_lower);

/* The name of the file that big data @key of an image is in: lowercase letters, digits and dots
 * stay; others are base64. NULL for a key that can't be a file's name. */
char *ul_store_big_data_name (const char *key);

G_END_DECLS
