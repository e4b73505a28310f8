// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/store-json.h"

/* overlay-images/images.json of containers/storage. Source: files written by podman 4.3.1 and
 * 5.4.2. */

G_BEGIN_DECLS

/* The key of the manifest, which is also under UL_STORE_MANIFEST_PREFIX and its digest. The
 * config's key is its digest alone. */
#define UL_STORE_MANIFEST        "manifest"
#define UL_STORE_MANIFEST_PREFIX "manifest-"

/* A file beside an image: ul_store_big_data_name () of the key. */
typedef struct
{
  char *key;
  gint64 size; /* bytes; -1: not said */
  gboolean has_digest;
  UlChecksum digest;
} UlStoreBigData;

typedef struct
{
  char *id;    /* the config's digest */
  char *layer; /* the topmost one's id; NULL: none */
  gboolean has_digest;
  UlChecksum digest;        /* of the manifest */
  GPtrArray *names;         /* char *: full references */
  GPtrArray *names_history; /* char * */
  GArray *big_data;         /* UlStoreBigData, in the file's order */
  char *created;            /* a time as RFC 3339 has it, or NULL */
  char *metadata;           /* a document of its own, or NULL */
  char *text;               /* the entry as it is in the file; NULL before ul_store_image_seal () */
} UlStoreImage;

/* Nothing is said but the id. */
UlStoreImage *ul_store_image_new (const char *id);
void ul_store_image_free (UlStoreImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlStoreImage, ul_store_image_free)

/* Say that there is a file under @key; what was said of one of that key is replaced. */
void ul_store_image_add_big_data (UlStoreImage *image, const char *key, gint64 size,
                                  const UlChecksum *digest);
const UlStoreBigData *ul_store_image_find_big_data (const UlStoreImage *image, const char *key);

gboolean ul_store_image_has_name (const UlStoreImage *image, const char *name);

/* Give a sealed image other names: the text stays what it is otherwise. */
void ul_store_image_set_names (UlStoreImage *image, GPtrArray *names);

/* Write what @image says to its text. What was there before stays if it's in no member of ours. */
void ul_store_image_seal (UlStoreImage *image);

/* Of UlStoreImage, with their texts. What is in no member of ours is passed over. */
GPtrArray *ul_store_images_parse (GBytes *bytes, const char *name, GError **error);

/* The file of these images' texts. */
GBytes *ul_store_images_format (const GPtrArray *images);

G_END_DECLS
