// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/repo.h"

/* From what a user types to an image of the repository. Any thread. */

G_BEGIN_DECLS

/* Fewer digits of an ID are taken for a name. */
#define UL_IMAGE_MIN_ID 4

/* The full name of the image of @repo or its parents that is meant by @text, owned: the image
 * called so (ul_image_name_normalize ()); else the one whose ID, the digest of its config, begins
 * with @text: UL_IMAGE_MIN_ID or more hex digits, with or without `sha256:` before them. Without
 * either the name, whose image isn't there. UL_ERROR_INVALID for what can't be a name, and for an
 * ID that several names have. Images that can't be read have no ID. */
gboolean ul_image_resolve (UlRepo *repo, const char *text, char **out_name, GError **error);

/* The digits in @text, a pointer into it, if it may begin an ID; else NULL. */
const char *ul_image_id_digits (const char *text);

G_END_DECLS
