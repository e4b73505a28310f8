// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "util/json.h"

/* What an image runs on, written OS/ARCHITECTURE[/VARIANT] with Go's names (linux/arm/v7), and
 * which of the platforms that an index offers is taken for a wanted one. The choice is the one of
 * the containers tools (skopeo 1.9.3, by experiment), but that we know the levels of amd64.
 * os.version and the features are not looked at. */

G_BEGIN_DECLS

/* Names are "" where a document doesn't say, which matches nothing. */
typedef struct
{
  char *os;
  char *architecture;
  char *variant; /* "" where there is none */
} UlOciPlatform;

UlOciPlatform *ul_oci_platform_new (const char *os, const char *architecture, const char *variant);
void ul_oci_platform_free (UlOciPlatform *platform);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlOciPlatform, ul_oci_platform_free)

/* UL_ERROR_INVALID. An architecture may also be written as uname(2) does. */
UlOciPlatform *ul_oci_platform_parse (const char *text, GError **error);

/* Of Linux on a machine as uname(2) calls it: x86_64 is linux/amd64. Unknown ones keep their name.
 */
UlOciPlatform *ul_oci_platform_of_machine (const char *machine);

/* The optional member "platform" of a descriptor; NULL where it isn't there. */
gboolean ul_oci_platform_get (const UlJsonValue *descriptor, UlOciPlatform **out, GError **error);

char *ul_oci_platform_text (const UlOciPlatform *platform);

/* How well @offered does for @wanted: 0 is best, UL_OCI_PLATFORM_NONE not at all. Of a wanted
 * variant this one, then what the same machine runs as well, from the newest to the oldest, then
 * none. Without a wanted variant none is best, then those that the architecture's machines have.
 * What doesn't say its platform (@offered is NULL) comes last. */
#define UL_OCI_PLATFORM_NONE G_MAXUINT
guint ul_oci_platform_rank (const UlOciPlatform *wanted, const UlOciPlatform *offered);

G_END_DECLS
