// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "repo/repo.h"

/* Tombstones: objects CHECKSUM.tombstone-commit that say that a commit was deleted on purpose. A
 * pull takes one for the commit. Private to repo/. */

G_BEGIN_DECLS

/* Write the tombstone of @commit, or write it again. Needs the exclusive lock. @sync: its content
 * is durable on return, not its name. */
gboolean ul_tombstone_write (UlRepo *repo, const UlChecksum *commit, gboolean sync, GError **error);

G_END_DECLS
