// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* All of a file that the user named, or with @path NULL of standard input. Pipes are fine, so that
 * `--skip-list=<(command)` works. More than 256 MiB is an error. The bytes are followed by a NUL
 * that isn't counted. */
gboolean ul_input_read (const char *path, GBytes **out_bytes, GError **error);

G_END_DECLS
