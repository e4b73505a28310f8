// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/stat.h>

#include "core/whiteout.h"
#include "image/store.h"

/* For store-*.c. */

G_BEGIN_DECLS

#define UL_STORE_OVERLAY "overlay"
#define UL_STORE_LAYERS  "overlay-layers"
#define UL_STORE_IMAGES  "overlay-images"

/* In UL_STORE_LAYERS behind "<id>.". */
#define UL_STORE_TAR_SPLIT "tar-split.gz"

/* One of the two lists: its directory has it and its lock. */
typedef struct
{
  const char *name; /* of the file, for messages, too */
  const char *lock;
} UlStoreList;

extern const UlStoreList ul_store_layers_list;
extern const UlStoreList ul_store_images_list;

struct _UlStore
{
  char *path; /* for messages */
  int dfd;
  int overlay_dfd;
  int layers_dfd;
  int images_dfd;
  mode_t dir_mode;
  mode_t file_mode;
  GPtrArray *layers; /* UlStoreLayer */
  GPtrArray *images; /* UlStoreImage */
  GTree *by_id; /* of layers, by id; of two with one id the first. Not hashed: whoever wrote the
                   list chose them */
};

/* Read a list from its file; a missing one is empty. The caller has its lock. */
GPtrArray *ul_store_read_layers (const UlStore *store, GError **error);
GPtrArray *ul_store_read_images (const UlStore *store, GError **error);

/* Read both again, with their locks. */
gboolean ul_store_reload (UlStore *store, const UlLockWait *wait, GError **error);

const UlStoreLayer *ul_store_layer_in (const GPtrArray *layers, const char *id);
const UlStoreImage *ul_store_image_in (const GPtrArray *images, const char *id);

/* What a file of a layer's tree says as a layer's marker, if it can be one: a name that itself
 * begins as a marker is kept for other uses. */
UlWhiteoutKind ul_store_marker_of (const char *name, const struct stat *st, const char **out_name);

/* Add @ours, with its names and files, to @images, or to the one of that id; its names are taken
 * from others. Ids of those that go, as they have no other name, are added to @dropped. */
void ul_store_apply_image (const UlStoreImage *ours, gboolean remove_nameless, GPtrArray *images,
                           GPtrArray *dropped);

/* Directory @name with @mode, whatever the umask; one that is there is left as it is. */
gboolean ul_store_make_dir (int dfd, const char *name, mode_t mode, GError **error);

/* A file that says one thing about a layer (link, lower): the library makes it 0644, whatever the
 * store's mode. *out is NULL where it isn't there. */
gboolean ul_store_read_text (int dfd, const char *path, char **out, GError **error);
/* Durable if @sync, but for the directory entry. */
gboolean ul_store_write_text (int dfd, const char *name, const char *text, gboolean sync,
                              GError **error);

/* File @name with @mode, in place of what is there. Until it has its name it has none, or a
 * temporary one. Durable if @sync, but for the directory entry. */
gboolean ul_store_write_file (int dfd, const char *name, GBytes *content, mode_t mode,
                              gboolean sync, GError **error);

G_END_DECLS
