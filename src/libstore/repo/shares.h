// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/object.h"
#include "repo/df.h"

/* What groups of commits take, and what any of them have in common: for each set of groups the
 * objects that these have and no other. From that follows what each takes in all, alone, and with
 * whatever others. Sizes are those of repo/df.h; what only a parent repository has takes nothing
 * here. Takes no lock; 45 to 50 bytes an object, and one walk of its trees for each group.
 *
 * One thread at a time; it works with several. */

G_BEGIN_DECLS

typedef struct _UlShares UlShares;

/* @jobs: 0: all CPUs. @progress may be NULL; it's borrowed. */
UlShares *ul_shares_new (UlRepo *repo, guint jobs, UlProgress *progress);
void ul_shares_free (UlShares *shares);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlShares, ul_shares_free)

/* One more group: what these commits (UlChecksum) reach, and of the history of each what @depth
 * says. What isn't there is passed over. *out_group: its number, from 0. */
gboolean ul_shares_add (UlShares *shares, const GArray *commits, UlPruneDepth depth,
                        guint *out_group, GError **error);

/* Does @group have the object? */
gboolean ul_shares_has (UlShares *shares, guint group, UlObjectType type,
                        const UlChecksum *checksum);

/* @groups: the numbers of a set, rising. */
typedef void (*UlSharesFunc) (const guint *groups, guint n, const UlDfSize *size, gpointer data);

/* Call @func for each set of groups that has objects. */
void ul_shares_foreach (UlShares *shares, UlSharesFunc func, gpointer data);

/* Directories that are missing or broken, so that what is below isn't counted. */
guint64 ul_shares_missing (UlShares *shares);

G_END_DECLS
