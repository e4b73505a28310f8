// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/print.h"
#include "image/records.h"

/* What `image list` and `image show` both print of an image. */

G_BEGIN_DECLS

/* The first digits of an ID, enough for people. */
#define UL_IMAGE_SHORT_ID 12

/* When it was created, in UTC by strftime's @format; NULL if it isn't said. */
char *ul_image_created (const UlOciConfig *config, const char *format);

/* "linux/arm64/v8", NULL if it isn't said. */
char *ul_image_platform (const UlOciConfig *config);

/* The members id, manifest, platform, size, timestamp, created of the object that is open; null
 * with @image NULL. */
void ul_json_image_summary (JsonBuilder *builder, const UlImage *image);

/* A digest as documents write it. */
void ul_json_add_digest (JsonBuilder *builder, const char *name, const UlChecksum *digest);

/* Why it can't be read, for a row that begins with its name already. */
const char *ul_image_cause (const GError *failure, const char *name);

G_END_DECLS
