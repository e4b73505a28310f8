// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/dir.h"
#include "repo/objects.h"

/* What is to be changed in a checkout of one tree, A, to make it a checkout of another, B: the
 * difference of the two, by the names that a checkout gives them (a whiteout marker may be a device
 * of another name). Grouped by directory; about 300 bytes a change. */

G_BEGIN_DECLS

typedef enum
{
  UL_CHANGE_NOTHING,
  UL_CHANGE_FILE,
  UL_CHANGE_WHITEOUT, /* a marker that becomes a device */
  UL_CHANGE_DIR,
} UlChangeKind;

/* What one of the trees has at a name. */
typedef struct
{
  UlChangeKind kind;
  UlChecksum checksum; /* of the file or marker, or the dirtree */
  UlChecksum meta;     /* of the directory's dirmeta */
} UlChangeSide;

typedef struct
{
  char *name;
  UlChangeSide a;
  UlChangeSide b;
  gboolean is_done; /* found out by the check: B's stands there already */
} UlChange;

/* A directory in which something changes, or is on the way to one. */
typedef struct _UlChangedDir UlChangedDir;
struct _UlChangedDir
{
  UlChangedDir *parent; /* NULL: the root */
  char *path;           /* "/", "/a/b" */
  const char *name;     /* in the parent; "" for the root */
  guint depth;          /* 1: the root */
  GPtrArray *changes;   /* of UlChange, by name */
  gboolean in_a;
  gboolean in_b;
  gboolean meta_changes;
  UlChecksum a_meta; /* of the dirmeta; valid if in_a, as those of B if in_b */
  UlChecksum b_meta;
  UlChecksum b_tree; /* of the dirtree */

  UlCheckoutDir *open; /* for whoever walks: NULL where it isn't there */
  GPtrArray *rests;    /* of char *: names that an update that was killed has left; NULL: none */
};

typedef struct
{
  GPtrArray *dirs; /* of UlChangedDir, by path, so that a parent comes first; empty: no change */
  gsize n_changes;
  guint max_depth;
  gboolean make_whiteouts; /* B has devices that A doesn't */
} UlChanges;

/* @a and @b are directories of commits. UL_ERROR_INVALID if B has a name beside the marker for it.
 */
gboolean ul_changes_find (const UlCheckoutPlan *plan, const UlEntry *a, const UlEntry *b,
                          UlChanges *out_changes, GError **error);
void ul_changes_clear (UlChanges *changes);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlChanges, ul_changes_clear)

/* NULL if nothing changes at @name. */
UlChange *ul_changed_dir_find (const UlChangedDir *dir, const char *name);

/* A file, symlink or whiteout: something that is placed as a whole. */
static inline gboolean
ul_change_is_leaf (const UlChangeSide *side)
{
  return side->kind == UL_CHANGE_FILE || side->kind == UL_CHANGE_WHITEOUT;
}

G_END_DECLS
