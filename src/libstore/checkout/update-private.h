// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/changes.h"
#include "checkout/update.h"

/* The two passes of an update over what changes, both with a walk in path order and workers. */

G_BEGIN_DECLS

typedef struct
{
  UlCheckoutPlan *plan;
  UlCheckoutPlan *found; /* for what is there, which may be linked where what comes will not be */
  UlChanges *changes;
  gboolean resumes; /* an update between the two was interrupted */
  /* It was, or something was done that no record knows of: look for what was left, and remove it.
   */
  gboolean may_have_rests;
  int fd;         /* of the directory, O_RDONLY; borrowed */
  gint64 removed; /* names */
} UlUpdate;

/* Is everything that changes as A or as B has it? Notes what is done already, and what was left
 * over. Changes nothing. */
gboolean ul_update_check (UlUpdate *self, GError **error);

/* Is the whole directory A, but for what the check has looked at? */
gboolean ul_update_check_rest (UlUpdate *self, const UlChecksum *a, gboolean full, GError **error);

/* Make it B. After a failure each name is as A or B has it, or missing where a directory takes the
 * place of something else. */
gboolean ul_update_apply (UlUpdate *self, GError **error);

/* The walk: @enter for each directory whose parent is there, which sets dir->open if this is, and
 * @leave when all below it is done. */
typedef struct
{
  gboolean (*enter) (UlUpdate *self, UlChangedDir *dir, gpointer data, GError **error);
  gboolean (*leave) (UlUpdate *self, UlChangedDir *dir, gpointer data, GError **error);
  gpointer data;
} UlUpdateWalk;

gboolean ul_update_walk (UlUpdate *self, const UlUpdateWalk *walk, GError **error);

/* Does it get its metadata anew? */
static inline gboolean
ul_update_touches (const UlChangedDir *dir)
{
  return dir->changes->len > 0 || dir->meta_changes || !dir->in_a || !dir->in_b;
}

/* Open the directory without following a symlink or going into a mount, or the root again. -1 with
 * errno, EXDEV for a mount. */
int ul_update_open_dir (const UlUpdate *self, const UlChangedDir *dir);

/* How many threads are worth it; 0: one a CPU. */
guint ul_update_jobs (const UlUpdate *self);

G_END_DECLS
