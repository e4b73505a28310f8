// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* A layout as a tar, which is an oci-archive: sorted, 0:0, without times, so that the same image is
 * the same file. Private to image/. */

G_BEGIN_DECLS

/* Write the layout at @layout, of which nothing else than an image's files is there, to @path,
 * which gets its name when it's complete and durable, in place of what has it. */
gboolean ul_export_archive_write (int layout, const char *path, GError **error);

G_END_DECLS
