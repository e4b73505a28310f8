// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Reading storage.conf of the tools for containers (containers-storage.conf(5)). */

G_BEGIN_DECLS

/* The primary store of root: graphroot in @conf, which has to be there; without it (NULL) in
 * /etc/containers/storage.conf, or if that isn't there in /usr/share/containers/storage.conf; else
 * /var/lib/containers/storage. UL_ERROR_UNSUPPORTED for a graphroot that isn't written plainly.
 * Free it. */
gboolean ul_store_graphroot (const char *conf, char **out, GError **error);

G_END_DECLS
