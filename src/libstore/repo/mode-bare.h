// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/mode.h"

/* Pieces of bare mode that bare-split-xattrs shares; @with_xattrs says who keeps the xattrs. */

G_BEGIN_DECLS

gboolean ul_mode_bare_store_symlink (const UlStore *store, const UlFileMeta *meta,
                                     gboolean with_xattrs, GError **error);
gboolean ul_mode_bare_store_regular (const UlStore *store, const UlFileMeta *meta,
                                     const UlSource *source, gboolean with_xattrs, GError **error);

G_END_DECLS
