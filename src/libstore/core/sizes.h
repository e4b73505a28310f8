// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/object.h"

/* The metadata key ostree.sizes of a commit, aay: what each object of it takes as an archive stores
 * it, and unpacked. An element is the checksum (32 bytes), the two sizes as varints (7 bits a byte,
 * the lowest first, the eighth bit: more follow), and the object's type in a byte, which old
 * versions of ostree leave out. Sorted by checksum. Source: `man ostree-show`, commits written by
 * ostree 2022.7. */

G_BEGIN_DECLS

#define UL_SIZES_KEY "ostree.sizes"

typedef struct
{
  UlChecksum checksum;
  guint64 stored;    /* bytes of the object's file in an archive */
  guint64 unpacked;  /* of its content: of a symlink, of the target */
  UlObjectType type; /* UL_OBJECT_FILE where it isn't said */
} UlSize;

/* Sorts @sizes. Floating. */
GVariant *ul_sizes_new (UlSize *sizes, gsize n);

/* Calls @func on each. UL_ERROR_CORRUPT for what is none of the above. */
typedef gboolean (*UlSizeFunc) (const UlSize *size, gpointer data, GError **error);
gboolean ul_sizes_foreach (GVariant *value, UlSizeFunc func, gpointer data, GError **error);

G_END_DECLS
