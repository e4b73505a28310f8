// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/repo.h"

/* Which images have a layer. */

G_BEGIN_DECLS

/* From ids of layers (char *) to sorted names of the images of this repository that have them
 * (GPtrArray of char *). Images that can't be read are left out, layers that no image has aren't in
 * it. */
gboolean ul_image_users (UlRepo *repo, GHashTable **out, GError **error);

G_END_DECLS
