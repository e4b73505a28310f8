// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "repo/repo.h"

/* The tar of a layer, put together again byte for byte from its tar-split and the files of its
 * commit. Nothing is believed of either: each content is compared with the size and CRC-64 that are
 * noted for it, the whole with the diff ID. Memory: a line of the tar-split, and the directories on
 * the way to one file; content goes through in pieces. */

G_BEGIN_DECLS

/* Bytes of the tar, in order. */
typedef gboolean (*UlLayerTarSink) (const guint8 *bytes, gsize len, gpointer data, GError **error);

/* @tar_split: gzipped, read from its offset on; borrowed. What @sink got is the layer only if this
 * returns TRUE, as its digest is known at the end. UL_ERROR_CORRUPT, with the path in the archive
 * where it's about one file; UL_ERROR_NOT_FOUND for objects that aren't there; errors of @sink. */
gboolean ul_layer_tar_write (UlRepo *repo, const UlChecksum *commit, const UlChecksum *diff_id,
                             int tar_split, UlLayerTarSink sink, gpointer data, GError **error);

G_END_DECLS
