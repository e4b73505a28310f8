// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/entry.h"
#include "core/whiteout.h"
#include "repo/objects.h"

/* Whiteout markers of a commit in a checkout: the passthrough model (.ostree-wh.NAME becomes a 0:0
 * device) and the layer model (.wh.NAME removes NAME while layers are united). Forms and errors are
 * core/whiteout's. */

G_BEGIN_DECLS

/* What a file of the commit means. */
typedef struct
{
  UlWhiteoutKind kind;
  UlWhiteoutForm form;
  const char *deleted; /* points into the name it was read from */
  UlFileMeta meta;     /* of the marker; empty for UL_WHITEOUT_NONE */
} UlCheckoutMarker;

void ul_checkout_marker_clear (UlCheckoutMarker *marker);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlCheckoutMarker, ul_checkout_marker_clear)

/* By the models that are switched on. The object is looked at only if the name begins like a
 * marker. */
gboolean ul_checkout_whiteouts_read (const UlCheckoutPlan *plan, const char *name,
                                     const UlChecksum *checksum, UlCheckoutMarker *out_marker,
                                     GError **error);

/* Before anything of a directory is placed: markers are valid, none collides with the name it's
 * for, and what the layer model deletes goes. */
gboolean ul_checkout_whiteouts_enter_dir (UlCheckoutDir *dir, GError **error);

/* The same for a single file that is checked out. */
gboolean ul_checkout_whiteouts_enter_file (UlCheckoutDir *dir, const char *name,
                                           const UlChecksum *checksum, GError **error);

/* Make the device, by the union mode. */
gboolean ul_checkout_whiteouts_place (const UlCheckoutEntry *entry, GError **error);

/* Can 0:0 devices be made in directory @dfd? If not, and the tree has a marker,
 * UL_ERROR_UNSUPPORTED. The test is to make one and remove it, so the tree is only searched where
 * it fails. @path is the target, @name what @root is called if it's a file. */
gboolean ul_checkout_whiteouts_preflight (const UlCheckoutPlan *plan, int dfd, const char *path,
                                          const UlEntry *root, const char *name, GError **error);

G_END_DECLS
