// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "repo/repo.h"

/* Which inode is which content object: what makes a commit of a hardlinked checkout cheap. Filled
 * by one readdir of objects/ (d_ino; no stat per object), then read-only, so workers may share it.
 * 40 bytes an object. */

G_BEGIN_DECLS

typedef struct _UlDevino UlDevino;

gboolean ul_devino_scan (UlRepo *repo, UlDevino **out_devino, GError **error);
gboolean ul_devino_lookup (const UlDevino *self, guint64 device, guint64 inode, UlChecksum *out);
void ul_devino_free (UlDevino *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlDevino, ul_devino_free)

G_END_DECLS
