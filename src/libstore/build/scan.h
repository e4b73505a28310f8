// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/commit.h"

/* A directory as the objects that it would be in a commit, with no repository at hand: its dirtrees
 * and dirmetas in memory, files only as checksums. Nothing is written. */

G_BEGIN_DECLS

typedef struct
{
  UlChecksum tree; /* of the directory itself */
  UlChecksum meta;
  GHashTable *objects; /* UlChecksum * -> GVariant *: dirtrees and dirmetas */
} UlScan;

/* Of @modifier owners, no_xattrs and retarget_whiteouts count. What can't be committed (devices,
 * FIFOs, sockets, and whiteouts unless they're retargeted) is an entry with a checksum of its own
 * kind. @progress may be NULL. */
gboolean ul_scan_dir (const char *path, const UlModifier *modifier, guint jobs,
                      UlProgress *progress, UlScan *out, GError **error);
void ul_scan_clear (UlScan *scan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlScan, ul_scan_clear)

G_END_DECLS
