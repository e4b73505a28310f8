// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/store.h"

/* Changing a container store. What is added is prepared under temporary names, made durable, and
 * then published; what is removed leaves the lists first. So whoever reads the store, also after a
 * kill or a power cut at any moment, sees it as it was or as it is to be, or, in a change that both
 * adds layers and something else, with new layers that no image has yet.
 *
 * One change at a time, by the lock file .underlay-store.lock. The library's own locks are held
 * only while something is published: storage.lock isn't taken, as podman with this store as its
 * primary one would wait for as long as layers are being made. Other writers are excluded for these
 * moments; what they add in between stays. */

G_BEGIN_DECLS

#define UL_STORE_CHANGE_LOCK ".underlay-store.lock"

typedef struct _UlStoreChange UlStoreChange;

typedef struct
{
  /* Make directory @name below @dfd: the layer's tree, with its owner, mode and whiteouts. It need
   * not be durable. @layer: what it's to be; who has learned only now which owners it has says so.
   */
  gboolean (*make_diff) (int dfd, const char *name, UlStoreLayer *layer, gpointer data,
                         GError **error);
  gpointer data;
  int tar_split_fd; /* a regular file, gzipped; -1: none, then images can be run, not saved */
} UlStoreLayerSource;

typedef struct
{
  const char *layer; /* the topmost one */
  GBytes *manifest;
  GBytes *config;
  GBytes *index;            /* the list that the manifest is from, or NULL */
  const char *const *names; /* full references, NULL at the end; NULL: none */
  const char *created;      /* a time as RFC 3339 has it */
  gboolean remove_nameless; /* images that lose all their names to this one go */
} UlStoreImageSpec;

/* Waits for the lock, removes what a killed change has left, and reads the lists of @store again,
 * which must stay open. @wait (NULL: not at all), too: it's also for the commit. UL_ERROR_LOCKED.
 */
UlStoreChange *ul_store_change_begin (UlStore *store, const UlLockWait *wait, GError **error);

/* Without a commit nothing has changed. */
void ul_store_change_free (UlStoreChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlStoreChange, ul_store_change_free)

/* For tests: called at each step. */
void ul_store_change_set_hook (UlStoreChange *change,
                               void (*hook) (const char *step, gpointer data), gpointer data);

/* Is or will the layer be in the store, with its tree? */
gboolean ul_store_change_has_layer (const UlStoreChange *change, const char *id);

/* Add @layer (taken, also on failure) on top of its parent, which is or will be in the store: else
 * UL_ERROR_NOT_FOUND, or UL_ERROR_INVALID if the parent is incomplete or its owners are mapped.
 * UL_ERROR_EXISTS. */
gboolean ul_store_change_add_layer (UlStoreChange *change, UlStoreLayer *layer,
                                    const UlStoreLayerSource *source, GError **error);

typedef struct
{
  UlStoreLayer *layer;
  UlStoreLayerSource source;
} UlStoreNewLayer;

/* The same with @n of them, each on top of one before or of one in the store. Their diffs are made
 * by up to @jobs threads. All or none. */
gboolean ul_store_change_add_layers (UlStoreChange *change, const UlStoreNewLayer *layers, guint n,
                                     guint jobs, GError **error);

/* Add an image, or names and a manifest to the one with this config. Its names are taken from
 * others. Errors are the same, about its layer. */
gboolean ul_store_change_add_image (UlStoreChange *change, const UlStoreImageSpec *spec,
                                    GError **error);

/* By name or id. UL_ERROR_NOT_FOUND. An image goes with all its names. Whether something that is
 * left needs a layer is looked at by the commit. Containers in other stores may stand on it:
 * nothing here says so. */
gboolean ul_store_change_remove_image (UlStoreChange *change, const char *name, GError **error);
gboolean ul_store_change_remove_layer (UlStoreChange *change, const char *id, GError **error);

/* Once. Durable on return; the store is then what it has become. UL_ERROR_INVALID: a layer can't
 * go, and nothing has changed; but if it's another writer who has put something on it just now, or
 * has removed or is unpacking a layer that this change needs (UL_ERROR_NOT_FOUND for the former),
 * what was published before that stays. */
gboolean ul_store_change_commit (UlStoreChange *change, GError **error);

G_END_DECLS
