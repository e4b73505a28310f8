// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "image/layout.h"

/* What reading and writing a layout have in common. */

G_BEGIN_DECLS

#define UL_LAYOUT_VERSION_FILE "oci-layout"
#define UL_LAYOUT_INDEX_FILE   "index.json"

/* Is it a layout of version 1.0.x? */
gboolean ul_layout_check_version (const UlMembers *members, GError **error);

/* The bytes of its index, not looked at. */
GBytes *ul_layout_read_index (const UlMembers *members, GError **error);

G_END_DECLS
