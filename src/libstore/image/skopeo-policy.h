// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* The policy about signatures, containers-policy.json(5). The proxy of skopeo 1.9.3 doesn't ask it
 * (by experiment: it opens images that a policy rejects), so that one which says more than "accept
 * anything" takes a copy by skopeo (image/registry.h). */

G_BEGIN_DECLS

/* UL_ERROR_UNSUPPORTED for a policy at @path with any other requirement, for whatever transport;
 * UL_ERROR_CORRUPT for what is none. */
gboolean ul_skopeo_check_policy (const char *path, GError **error);

G_END_DECLS
