// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/store.h"

/* What is wrong with a container store as an additional image store, whoever made it: what makes
 * podman and CRI-O fail, or see something else than the image. docs/design/images.md says which
 * fault does what. Only reads, and is of use only while nobody changes the store. */

G_BEGIN_DECLS

typedef enum
{
  UL_STORE_FAULT_LOCK_MISSING,
  UL_STORE_FAULT_LOCK_EMPTY,
  UL_STORE_FAULT_MODE,
  UL_STORE_FAULT_DUPLICATE_ID,
  UL_STORE_FAULT_DUPLICATE_NAME,
  UL_STORE_FAULT_DIFF_UNKNOWN,
  UL_STORE_FAULT_FORBIDDEN,
  UL_STORE_FAULT_PARENT,
  UL_STORE_FAULT_LAYER_ID,
  UL_STORE_FAULT_DIFF,
  UL_STORE_FAULT_DIFF_SYMLINK,
  UL_STORE_FAULT_LINK,
  UL_STORE_FAULT_LINK_TARGET,
  UL_STORE_FAULT_LOWER,
  UL_STORE_FAULT_EMPTY_DIRS,
  UL_STORE_FAULT_TAR_SPLIT,
  UL_STORE_FAULT_NO_LAYER,
  UL_STORE_FAULT_TOP_LAYER,
  UL_STORE_FAULT_DOCUMENT,
  UL_STORE_FAULT_BIG_DATA,
  UL_STORE_FAULT_DIGEST,
  UL_STORE_FAULT_NO_DIGEST,
  UL_STORE_FAULT_WHITEOUT_FILE,
  UL_STORE_FAULT_WHITEOUT_XATTR,
  UL_STORE_FAULT_OPAQUE,
} UlStoreFaultCode;

typedef struct
{
  UlStoreFaultCode code;
  gboolean is_error;   /* else it's a warning: most that is done with images works */
  gboolean repairable; /* from what else is in the store */
  char *object;        /* "layer ID", "image ID", or a path in the store */
  char *text;          /* one line */
} UlStoreFault;

typedef enum
{
  UL_STORE_VERIFY_FULL = 1 << 0, /* the layers' trees as well */
} UlStoreVerifyFlags;

/* "lock-missing" and so on, as scripts may have it. */
const char *ul_store_fault_name (UlStoreFaultCode code);

/* Of UlStoreFault: those of the store, of its layers, of its images, in the lists' order. NULL only
 * if something can't be read at all. */
GPtrArray *ul_store_verify (const UlStore *store, UlStoreVerifyFlags flags, GError **error);

G_END_DECLS
