// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/store-json.h"

/* overlay-layers/layers.json of containers/storage. Source: files written by podman 4.3.1 and
 * 5.4.2. */

G_BEGIN_DECLS

/* How the blob was compressed that a layer came from. */
typedef enum
{
  UL_STORE_UNCOMPRESSED,
  UL_STORE_BZIP2,
  UL_STORE_GZIP,
  UL_STORE_XZ,
  UL_STORE_ZSTD,
} UlStoreCompression;

/* Members that make a layer useless in an additional store. */
typedef enum
{
  UL_STORE_LAYER_UIDMAP = 1 << 0,
  UL_STORE_LAYER_GIDMAP = 1 << 1,
  UL_STORE_LAYER_MOUNTLABEL = 1 << 2,
  UL_STORE_LAYER_INCOMPLETE = 1 << 3,
  UL_STORE_LAYER_TOC_DIGEST = 1 << 4,
} UlStoreLayerForbidden;

typedef struct
{
  char *id;
  char *parent;  /* NULL on a base */
  char *created; /* a time as RFC 3339 has it, or NULL */
  gboolean has_diff;
  gboolean has_compressed;
  UlChecksum diff_digest; /* of the tar as it is unpacked */
  UlChecksum compressed_digest;
  gint64 diff_size; /* bytes; -1: not said */
  gint64 compressed_size;
  gint64 compression; /* UlStoreCompression, or a newer one's number */
  GArray *uids;       /* guint32: owners in it */
  GArray *gids;
  guint forbidden; /* UlStoreLayerForbidden */
  guint removable; /* those of them that the layer is the same without */
  char *text;      /* the entry as it is in the file; NULL before ul_store_layer_seal () */
} UlStoreLayer;

/* Nothing is said but the id. */
UlStoreLayer *ul_store_layer_new (const char *id);
void ul_store_layer_free (UlStoreLayer *layer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlStoreLayer, ul_store_layer_free)

/* Write what @layer says to its text. Without forbidden members, and whatever was there before. */
void ul_store_layer_seal (UlStoreLayer *layer);

/* Is the id the function of parent and diff ID that it should be? */
gboolean ul_store_layer_has_right_id (const UlStoreLayer *layer);

/* Take these members out of the text of @layer, which are removable. */
void ul_store_layer_remove (UlStoreLayer *layer, guint members);

/* Of UlStoreLayer, with their texts. What is in no member of ours is passed over. */
GPtrArray *ul_store_layers_parse (GBytes *bytes, const char *name, GError **error);

/* The file of these layers' texts. */
GBytes *ul_store_layers_format (const GPtrArray *layers);

G_END_DECLS
