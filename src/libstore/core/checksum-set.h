// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"

/* A set of checksums in little memory: 35 to 40 bytes each once there are more than some thousand,
 * also while it grows; with a value for each, so much more. Checksums may be anything, also what
 * somebody chose in order to collide. All functions may be called from any thread at once. */

G_BEGIN_DECLS

typedef struct _UlChecksumSet UlChecksumSet;

/* @value_size: bytes kept with each checksum, 0 for none. */
UlChecksumSet *ul_checksum_set_new (gsize value_size);
void ul_checksum_set_free (UlChecksumSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlChecksumSet, ul_checksum_set_free)

/* TRUE if it wasn't there; its value is zeros then. */
gboolean ul_checksum_set_add (UlChecksumSet *set, const UlChecksum *checksum);

gboolean ul_checksum_set_contains (UlChecksumSet *set, const UlChecksum *checksum);

/* @value is unaligned, and valid only during the call. Not to use the set from within. */
typedef void (*UlChecksumSetFunc) (const UlChecksum *checksum, gpointer value, gpointer data);

/* Call @func on the value of @checksum, while no other thread can. FALSE if it isn't there. */
gboolean ul_checksum_set_update (UlChecksumSet *set, const UlChecksum *checksum,
                                 UlChecksumSetFunc func, gpointer data);

/* Copy the value of @checksum to @value. FALSE if it isn't there. */
gboolean ul_checksum_set_get (UlChecksumSet *set, const UlChecksum *checksum, gpointer value);

/* Add @checksum if it isn't there, and give it this value. */
void ul_checksum_set_put (UlChecksumSet *set, const UlChecksum *checksum, gconstpointer value);

/* Call @func on each, in an order that means nothing. */
void ul_checksum_set_foreach (UlChecksumSet *set, UlChecksumSetFunc func, gpointer data);

guint64 ul_checksum_set_size (UlChecksumSet *set);

/* What the set takes now. */
guint64 ul_checksum_set_memory (UlChecksumSet *set);

G_END_DECLS
