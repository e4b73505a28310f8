// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/object.h"
#include "repo/repo.h"

/* What a repair takes out of objects/, kept for whoever wants to look at it until it is cleared:
 * extensions/underlay/quarantine/DATE/CHECKSUM.TYPE, and in DATE/notes a line about each. Neither
 * tool looks for objects there. Putting in and clearing need the exclusive lock. One thread.
 * Private to repo/, but for ul_quarantine_clear (). */

G_BEGIN_DECLS

#define UL_QUARANTINE_DIR "extensions/underlay/quarantine"

typedef struct
{
  UlRepo *repo;
  char *name; /* of the directory of this run, below the repository; NULL: nothing is in it yet */
  int dfd;
} UlQuarantine;

#define UL_QUARANTINE_INIT(r)                                                                      \
  {                                                                                                \
    .repo = (r), .dfd = -1                                                                         \
  }
void ul_quarantine_clear_state (UlQuarantine *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlQuarantine, ul_quarantine_clear_state)

/* Give what stands under an object's name a second name in quarantine, before something else takes
 * the first; what can't have two (a directory, on a file system without links) is moved. Nothing
 * under that name is fine. @note: one line. */
gboolean ul_quarantine_keep (UlQuarantine *self, UlObjectType type, const UlChecksum *checksum,
                             const char *note, GError **error);

/* Move it there. */
gboolean ul_quarantine_move (UlQuarantine *self, UlObjectType type, const UlChecksum *checksum,
                             const char *note, GError **error);

/* Make all of it durable. */
gboolean ul_quarantine_sync (UlQuarantine *self, GError **error);

/* Remove what all repairs have put there. Takes the exclusive lock. *out_n: how many objects. */
gboolean ul_quarantine_clear (UlRepo *repo, guint64 *out_n, GError **error);

G_END_DECLS
