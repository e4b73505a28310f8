// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/from-layer.h"

/* Which contents of a layer's archive no tree holds, so that its tar-split has to keep them as
 * bytes: those that a later entry of the same name replaced, of whiteouts, of what is left out.
 * About 100 bytes an entry, for the rare layer that ul_layer_has_lost_content (). One thread. */

G_BEGIN_DECLS

typedef struct _UlLayerKeep UlLayerKeep;

/* Reads all of the archive @tar. @layer was made of it, and stays; it needs not be finished. */
UlLayerKeep *ul_layer_keep_new (const UlLayer *layer, const UlStream *tar, GError **error);
void ul_layer_keep_free (UlLayerKeep *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlLayerKeep, ul_layer_keep_free)

/* UlTarSplitKeep, for the same archive once. */
gboolean ul_layer_keep_ask (const char *name, guint64 size, gpointer self);

G_END_DECLS
