// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/store-images.h"
#include "core/store-layers.h"
#include "util/lockfile.h"

/* A store of containers/storage with the overlay driver: layers as directories, and images made of
 * them, which podman, buildah and CRI-O use as an additional image store. docs/formats.md says what
 * is in one. This is what its two lists say; image/store-change.h changes one, image/store-verify.h
 * looks whether the rest is as they say.
 *
 * An open store is what it was when it was opened, or when a change of it was begun or committed,
 * or it was repaired: these read its lists again, and what was taken from them before is gone. One
 * thread at a time. */

G_BEGIN_DECLS

typedef struct _UlStore UlStore;

typedef enum
{
  UL_STORE_CREATE = 1 << 0, /* make what isn't there */
  /* Of a new one: all users may read it (0755 and 0644, not 0700 and 0600). */
  UL_STORE_SHARED = 1 << 1,
} UlStoreFlags;

/* The store in directory @path below @dfd. @wait is for locks, which somebody who changes it has
 * for moments; NULL: not at all. UL_ERROR_NOT_FOUND, UL_ERROR_INVALID for a directory that is none,
 * UL_ERROR_CORRUPT and UL_ERROR_UNSUPPORTED for its lists, UL_ERROR_LOCKED. */
UlStore *ul_store_open (int dfd, const char *path, UlStoreFlags flags, const UlLockWait *wait,
                        GError **error);
void ul_store_free (UlStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlStore, ul_store_free)

/* May all users read it? */
gboolean ul_store_is_shared (const UlStore *store);

/* Of const UlStoreLayer and const UlStoreImage, in the order of their lists; the store's. */
const GPtrArray *ul_store_layers (const UlStore *store);
const GPtrArray *ul_store_images (const UlStore *store);

/* NULL if there is none. @name is one of an image's names, or its id. */
const UlStoreLayer *ul_store_find_layer (const UlStore *store, const char *id);
const UlStoreImage *ul_store_find_image (const UlStore *store, const char *name);

G_END_DECLS
