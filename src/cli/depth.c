// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/depth.h"

gboolean
ul_depth_parse (const char *text, UlPruneDepth *out)
{
  gint64 depth;
  if (!g_ascii_string_to_signed (text, 10, -1, G_MAXINT, &depth, NULL))
    return FALSE;
  *out = (UlPruneDepth){ .limited = depth >= 0, .parents = depth >= 0 ? (guint) depth : 0 };
  return TRUE;
}
