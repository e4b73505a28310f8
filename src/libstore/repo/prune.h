// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "repo/repo.h"
#include "util/progress.h"

/* Deleting what nothing needs any more: commits that no rule keeps, and objects that no kept commit
 * reaches. What is looked for runs without a lock beside writers; only for deleting is the
 * repository's exclusive lock taken, and what came in meanwhile is looked at first. Why nothing
 * that is needed can be lost: docs/design/prune.md. 35 to 40 bytes an object. */

G_BEGIN_DECLS

/* How far a history is kept; zeros: all of it. */
typedef struct
{
  gboolean limited;
  guint parents; /* if limited: besides the newest commit */
} UlPruneDepth;

typedef struct
{
  const char *refspec;
  UlPruneDepth depth;
} UlPruneRetain;

/* Tests look in here: called, on any thread, before each step. Steps: "scanned" (the lock comes
 * next), "tombstone", "commit" (once per commit), "commits-synced", "delta", "tree" (once per
 * dirtree), "trees-synced", "object" (once per other object), "objects-synced", "xattrs". */
typedef void (*UlPruneHook) (const char *step, gpointer data);

typedef struct
{
  guint jobs;           /* 0: all CPUs */
  gboolean dry_run;     /* only count; takes no lock */
  gboolean commit_only; /* delete commits and leave the objects to another prune */

  /* Which commits are kept. Without any of these: every commit that is there. With refs_only: what
   * refs of any kind name, and `depth` parents. The others imply refs_only. */
  gboolean refs_only;
  UlPruneDepth depth;
  const char *const *only_branches; /* refspecs, NULL-terminated or NULL; the others keep all of
                                       their history */
  /* Keep the newest commit of each ref, and its parents up to the first one with an earlier
   * timestamp. Goes before `depth`. */
  gboolean has_keep_younger;
  gint64 keep_younger;
  /* For these refs instead of `depth`, besides what keep_younger keeps. */
  const UlPruneRetain *retain;
  gsize n_retain;

  /* Delete this commit first, and leave a tombstone (which core.tombstone-commits is set for); an
   * error if a ref names it. With static_deltas_only not the commit but the static deltas to it. */
  const UlChecksum *delete_commit;
  gboolean static_deltas_only;

  /* Keep what came into the repository since this time, in seconds, as if a ref named it; without
   * has_..., core.keep-unreferenced-secs says so. */
  gboolean has_keep_unreferenced;
  gint64 keep_unreferenced;

  UlProgress *progress; /* may be NULL */
  UlPruneHook hook;     /* NULL: none */
  gpointer hook_data;
} UlPruneOptions;

typedef struct
{
  guint64 n_objects;  /* there were: commits, dirtrees, dirmetas, files; commits with commit_only */
  guint64 n_deleted;  /* of them; with dry_run, what would be */
  guint64 n_bytes;    /* that these took, by their size */
  guint64 n_recent;   /* that nothing reaches and are kept as recent */
  GPtrArray *commits; /* of char *: the checksums of those deleted, also delete_commit, sorted */
  guint64 n_deltas;   /* deleted static deltas */
  guint64 n_set_bytes; /* memory that reachability took */
} UlPruneResult;

void ul_prune_result_clear (UlPruneResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlPruneResult, ul_prune_result_clear)

/* Nothing is deleted after an error in what has to be read: UL_ERROR_CORRUPT or UL_ERROR_NOT_FOUND
 * for a commit or dirtree that a kept commit needs, or for a ref whose commit is missing.
 * UL_ERROR_EXISTS if a ref names delete_commit, UL_ERROR_LOCKED if the lock can't be had. After an
 * error while deleting everything that is kept is still whole. Durable on return, unless core.fsync
 * is off. */
gboolean ul_prune_run (UlRepo *repo, const UlPruneOptions *options, UlPruneResult *out_result,
                       GError **error);

G_END_DECLS
