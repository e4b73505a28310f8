// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/transaction.h"

/* The xattrs of bare-split-xattrs: an object HASH.file-xattrs holds the serialised a(ayay), and for
 * each content object a hardlink to it, CHECKSUM.file-xattrs-link (a copy where the file system
 * allows no more links). Private to repo/. */

G_BEGIN_DECLS

gboolean ul_split_xattrs_stage (UlTransaction *transaction, const UlChecksum *file,
                                GVariant *xattrs, GError **error);
gboolean ul_split_xattrs_load (UlRepo *repo, const UlChecksum *file, GVariant **out_xattrs,
                               GError **error);

G_END_DECLS
