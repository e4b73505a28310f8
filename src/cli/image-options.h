// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/commit.h"
#include "core/oci-platform.h"

/* Values of options that verbs about images share with each other or with commit. */

G_BEGIN_DECLS

/* error or skip, of --devices. */
gboolean ul_cli_parse_devices (const char *value, UlDevicePolicy *out, GError **error);

/* OS/ARCHITECTURE[/VARIANT], of --platform; NULL: Linux on this machine. */
UlOciPlatform *ul_cli_platform (const char *value, GError **error);

/* NAME... of images as a user gives them, in full: char *, owned, NULL-terminated. */
gboolean ul_cli_image_names (char **argv, GPtrArray **out, GError **error);

G_END_DECLS
