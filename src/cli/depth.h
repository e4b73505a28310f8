// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/prune.h"

G_BEGIN_DECLS

/* How much of a history: a number of parents, or -1 for all. FALSE for anything else. */
gboolean ul_depth_parse (const char *text, UlPruneDepth *out);

G_END_DECLS
