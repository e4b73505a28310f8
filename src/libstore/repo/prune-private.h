// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum-set.h"
#include "core/object.h"
#include "repo/prune.h"

/* The parts of a prune: which commits are kept in prune-plan.c, what they reach and what of the
 * rest is there in prune-scan.c, deleting in prune-sweep.c, static deltas in prune-deltas.c.
 * Private to repo/. */

G_BEGIN_DECLS

/* A commit that was looked at. */
typedef struct
{
  UlChecksum checksum; /* first: the key */
  gboolean present;
  gboolean partial;
  gboolean has_parent;
  UlChecksum parent;
  guint64 timestamp;
  UlChecksum tree;
  UlChecksum meta;

  gboolean kept;
  /* How far parents have been followed from here, and whether by age. */
  gboolean walked;
  UlPruneDepth depth;
  gboolean walked_by_age;
} UlPruneCommit;

typedef struct
{
  UlRepo *repo;
  const UlPruneOptions *options;
  gboolean has_recent; /* are recent unreferenced objects kept, and since when? */
  gint64 recent;
} UlPruneJob;

/* UlChecksum -> UlPruneCommit */
typedef GHashTable UlPrunePlan;

/* Decide on the commits @present (of UlChecksum, sorted). @earlier: those that were present when
 * the prune began, NULL for all; the others are kept. */
gboolean ul_prune_plan (const UlPruneJob *job, const GArray *present, const GArray *earlier,
                        UlPrunePlan **out_plan, GError **error);

/* NULL if it isn't kept. */
const UlPruneCommit *ul_prune_plan_kept (UlPrunePlan *plan, const UlChecksum *commit);

/* Did it come here so recently that it's kept? FALSE if it is gone. */
gboolean ul_prune_is_recent (const UlPruneJob *job, UlObjectType type, const UlChecksum *checksum);

/* Something that no kept commit reaches. */
typedef struct
{
  UlChecksum checksum;
  guint8 type;
} UlPruneCandidate;

typedef struct
{
  const UlPruneJob *job;
  UlPrunePlan *plan;
  GArray *commits; /* of UlChecksum: all that there are, sorted */
  /* By type: what is reached. */
  UlChecksumSet *reached[UL_OBJECT_DIRMETA + 1];
  GArray *absent;          /* of UlChecksum: dirtrees that partial commits lack */
  GArray *candidates[256]; /* of UlPruneCandidate, by the first byte; NULL: none */
  guint64 n_objects;
  guint64 n_recent;
} UlPruneScan;

void ul_prune_scan_init (UlPruneScan *scan, const UlPruneJob *job);
void ul_prune_scan_clear (UlPruneScan *scan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlPruneScan, ul_prune_scan_clear)

/* Everything, from an empty scan. */
gboolean ul_prune_scan_run (UlPruneScan *scan, GError **error);

/* Under the lock: add what came in since. *out_valid is FALSE if the scan has to be made anew. */
gboolean ul_prune_scan_update (UlPruneScan *scan, gboolean *out_valid, GError **error);

/* Does a kept commit need it? FALSE also for objects that say so themselves, by what they belong
 * to: xattrs and links to payloads. */
gboolean ul_prune_scan_needs (UlPruneScan *scan, UlObjectType type, const UlChecksum *checksum);

/* Delete or, in a dry run, count. Needs the exclusive lock unless it is one. */
gboolean ul_prune_sweep (UlPruneScan *scan, UlPruneResult *result, GError **error);

/* Delete static deltas, and indexes of such, to commits that aren't there (any more), or are
 * delete_commit of static_deltas_only. */
gboolean ul_prune_deltas (const UlPruneJob *job, guint64 *out_deleted, GError **error);

static inline void
ul_prune_step (const UlPruneJob *job, const char *step)
{
  if (job->options->hook != NULL)
    job->options->hook (step, job->options->hook_data);
}

G_END_DECLS
