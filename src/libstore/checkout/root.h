// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/objects.h"

/* What of a commit a checkout is of. */

G_BEGIN_DECLS

/* What is at @subpath (NULL: the root) of the commit. Nothing there is UL_ERROR_NOT_FOUND, or, with
 * @noent_ok, *out_found FALSE. */
gboolean ul_checkout_root_find (UlRepo *repo, const UlChecksum *checksum, const char *subpath,
                                gboolean noent_ok, gboolean *out_found, UlEntry *out_root,
                                GError **error);

G_END_DECLS
