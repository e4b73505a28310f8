// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "repo/repo.h"

/* An archive's uncompressed-objects-cache/: files as a user checkout shows them, so that the next
 * one links instead of decompressing. Layout (aa/bbb...bb.file) and rules are those of ostree
 * 2022.7, which uses it too.
 *
 * New files are collected in a directory below tmp/ and renamed into the cache when the checkout is
 * durable: a name in the cache never stands for half a file, also after a power cut. Functions but
 * publish and free are for any thread. */

G_BEGIN_DECLS

typedef struct _UlCheckoutFileCache UlCheckoutFileCache;

/* NULL if there is to be no cache: core.enable-uncompressed-cache is off, or the repository can't
 * be written. */
UlCheckoutFileCache *ul_checkout_file_cache_open (UlRepo *repo);

/* Where a file may be linked from: in the cache, or (@fresh) collected by this checkout. */
#define UL_CHECKOUT_CACHE_PATH_MAX (UL_CHECKSUM_HEX_LEN + sizeof "/.file")
int ul_checkout_file_cache_source (UlCheckoutFileCache *self, const UlChecksum *checksum,
                                   gboolean fresh, char out_path[UL_CHECKOUT_CACHE_PATH_MAX]);

typedef enum
{
  UL_CHECKOUT_CACHE_ADDED,
  UL_CHECKOUT_CACHE_HAD,    /* another file for that object was collected before */
  UL_CHECKOUT_CACHE_CANNOT, /* it can't be linked there (another file system): do without */
} UlCheckoutCacheAdd;

/* Collect the complete open file @fd. */
UlCheckoutCacheAdd ul_checkout_file_cache_add (UlCheckoutFileCache *self,
                                               const UlChecksum *checksum, int fd);

/* Move what was collected into the cache; the caller has made it durable. */
gboolean ul_checkout_file_cache_publish (UlCheckoutFileCache *self, GError **error);

/* Drops what wasn't published. */
void ul_checkout_file_cache_free (UlCheckoutFileCache *self);

G_END_DECLS
