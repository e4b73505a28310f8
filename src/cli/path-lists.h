// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

/* Files with one path a line that commit and checkout take. Paths are from the root of the tree
 * ("/a/b") and taken as they stand, spaces and all; empty lines are ignored. */

G_BEGIN_DECLS

/* --skip-list: a set of paths. */
GHashTable *ul_path_list_read_skip (const char *file, GError **error);

/* --statoverride: `MODE PATH` or `=MODE PATH`, MODE decimal or 0x hexadecimal. The first form ORs
 * the bits in, the second replaces them; given both, it is first replaced, then ORed. path ->
 * UlStatOverride. */
GHashTable *ul_path_list_read_statoverride (const char *file, GError **error);

G_END_DECLS
