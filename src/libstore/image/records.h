// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/documents.h"
#include "repo/repo.h"

/* Images and their layers as commits of a repository: the one place that knows the refs and the
 * metadata keys (docs/design/images.md, "In the repository").
 *
 *   image/<name>            files manifest and config (index, if it came out of one), verbatim
 *   image/layer/<id>        the layer's tree
 *   image/tar-split/<diff>  one file, from which and the tree the layer's tar can be made again
 *   image/blob/<digest>     one file, a layer as it came packed, where that was asked for
 *
 * What is loaded is verified: digests, layers against the config, that the commit names these.
 * Any thread. */

G_BEGIN_DECLS

#define UL_IMAGE_LAYER_PREFIX     "image/layer/"
#define UL_IMAGE_TAR_SPLIT_PREFIX "image/tar-split/"
#define UL_IMAGE_BLOB_PREFIX      "image/blob/"

#define UL_IMAGE_MANIFEST_FILE  "manifest"
#define UL_IMAGE_CONFIG_FILE    "config"
#define UL_IMAGE_INDEX_FILE     "index"
#define UL_IMAGE_TAR_SPLIT_FILE "tar-split.gz"
#define UL_IMAGE_BLOB_FILE      "blob"
#define UL_IMAGE_BLOB_SPLIT     "gzip-split"

#define UL_IMAGE_KEY_NAME       "underlay.image.name"
#define UL_IMAGE_KEY_MEDIA_TYPE "underlay.image.media-type"
#define UL_IMAGE_KEY_LAYERS     "underlay.image.layers"
#define UL_LAYER_KEY_DIFF_ID    "underlay.layer.diff-id"
#define UL_LAYER_KEY_PARENT     "underlay.layer.parent"
#define UL_LAYER_KEY_SIZE       "underlay.layer.size"

typedef struct
{
  char *id; /* 64 hex digits */
  UlChecksum commit;
  UlChecksum diff_id;
  char *parent; /* a layer's id, NULL for a base */
  guint64 size; /* bytes of the tar */
} UlImageLayer;

typedef struct
{
  char *name; /* in full */
  UlChecksum commit;
  UlImageDocuments *documents;
  GPtrArray *layers; /* of UlImageLayer, the lowest first: as many as the manifest has */
} UlImage;

/* The id of a layer of tar @diff_id upon layer @parent (NULL: none), ul_store_layer_id (). */
void ul_image_layer_id (const char *parent, const UlChecksum *diff_id,
                        char out[UL_CHECKSUM_HEX_LEN + 1]);

char *ul_image_layer_ref (const char *id);
char *ul_image_tar_split_ref (const UlChecksum *diff_id);
char *ul_image_blob_ref (const UlChecksum *digest);

/* Metadata of commits, floating. @layers: ids, NULL-terminated. */
GVariant *ul_image_layer_metadata (const char *parent, const UlChecksum *diff_id, guint64 size);
GVariant *ul_image_metadata (const char *name, const char *media_type, const char *const *layers);

/* Layer @id, *out NULL if there is none or not the whole of it. */
gboolean ul_image_layer_find (UlRepo *repo, const char *id, UlImageLayer **out, GError **error);
void ul_image_layer_free (UlImageLayer *layer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlImageLayer, ul_image_layer_free)

/* The image called @name, which is given in full. UL_ERROR_NOT_FOUND for none, or if a layer isn't
 * there; UL_ERROR_CORRUPT. */
UlImage *ul_image_load (UlRepo *repo, const char *name, GError **error);
/* The same of an image whose layers need not be there: layers is NULL. */
UlImage *ul_image_load_documents (UlRepo *repo, const char *name, GError **error);
void ul_image_free (UlImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlImage, ul_image_free)

/* The ids of its layers by its config, the lowest first: char *, owned. */
GPtrArray *ul_image_layer_ids (const UlImage *image);
/* Bytes of the tars of all layers. */
guint64 ul_image_size (const UlImage *image);

/* All names, sorted: char *, owned. Whatever their refs hold: it's loading them that may fail. */
gboolean ul_image_list (UlRepo *repo, GPtrArray **out_names, GError **error);

/* The gzipped tar-split of a layer, to be read from its start. */
gboolean ul_image_open_tar_split (UlRepo *repo, const UlChecksum *diff_id, int *out_fd,
                                  GError **error);
/* The same as an object: its file's checksum. */
gboolean ul_image_find_tar_split (UlRepo *repo, const UlChecksum *diff_id, UlChecksum *out,
                                  GError **error);

/* What is kept of the blob of that digest, to be read from its start, not verified; *out_fd is -1
 * for nothing. *out_is_split: its gzip-split (core/gzip-split.h); else the blob itself. */
gboolean ul_image_open_blob (UlRepo *repo, const UlChecksum *digest, int *out_fd,
                             gboolean *out_is_split, GError **error);

G_END_DECLS
