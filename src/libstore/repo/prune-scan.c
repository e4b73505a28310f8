// SPDX-License-Identifier: LGPL-2.1-or-later

/* What kept commits reach, and what there is besides. All of it is done without a lock first, so it
 * may meet what other processes are about to do; ul_prune_scan_update () says under the lock
 * whether that still holds. */

#include "core/commit.h"
#include "repo/mode.h"
#include "repo/objects.h"
#include "repo/prune-private.h"
#include "repo/reach.h"
#include "util/error.h"
#include "util/pool.h"

void
ul_prune_scan_init (UlPruneScan *scan, const UlPruneJob *job)
{
  *scan = (UlPruneScan){ .job = job };
  for (guint i = UL_OBJECT_FILE; i <= UL_OBJECT_DIRMETA; i++)
    scan->reached[i] = ul_checksum_set_new (0);
  scan->absent = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
}

void
ul_prune_scan_clear (UlPruneScan *scan)
{
  for (guint i = UL_OBJECT_FILE; i <= UL_OBJECT_DIRMETA; i++)
    g_clear_pointer (&scan->reached[i], ul_checksum_set_free);
  for (guint i = 0; i < G_N_ELEMENTS (scan->candidates); i++)
    g_clear_pointer (&scan->candidates[i], g_array_unref);
  g_clear_pointer (&scan->absent, g_array_unref);
  g_clear_pointer (&scan->commits, g_array_unref);
  g_clear_pointer (&scan->plan, g_hash_table_unref);
}

/* Listing: the 256 directories of objects/, in parallel. */

typedef struct
{
  UlPruneScan *scan;
  UlObjectFunc found;
  GMutex lock; /* guards what follows */
  GArray *commits;
} Listing;

/* What one directory gives. */
typedef struct
{
  Listing *listing;
  GArray *commits;    /* of UlChecksum */
  GArray *candidates; /* of UlPruneCandidate */
  guint64 n_objects;
  guint64 n_recent;
} Part;

static gboolean
find_commit (UlObjectType type, const UlChecksum *checksum, gpointer data, GError **error)
{
  Part *part = data;
  if (type == UL_OBJECT_COMMIT)
    g_array_append_vals (part->commits, checksum, 1);
  return TRUE;
}

gboolean
ul_prune_scan_needs (UlPruneScan *scan, UlObjectType type, const UlChecksum *checksum)
{
  switch (type)
    {
    case UL_OBJECT_FILE:
    case UL_OBJECT_DIRTREE:
    case UL_OBJECT_DIRMETA:
      return ul_checksum_set_contains (scan->reached[type], checksum);
    case UL_OBJECT_FILE_XATTRS_LINK:
      return ul_checksum_set_contains (scan->reached[UL_OBJECT_FILE], checksum);
    case UL_OBJECT_COMMITMETA:
      return ul_prune_plan_kept (scan->plan, checksum) != NULL;
    case UL_OBJECT_PAYLOAD_LINK:
    case UL_OBJECT_FILE_XATTRS:
      return FALSE;
    case UL_OBJECT_COMMIT: /* by the plan */
    case UL_OBJECT_TOMBSTONE_COMMIT:
      return TRUE;
    }
  return TRUE;
}

static gboolean
find_candidate (UlObjectType type, const UlChecksum *checksum, gpointer data, GError **error)
{
  Part *part = data;
  UlPruneScan *scan = part->listing->scan;
  /* As ostree counts. */
  part->n_objects += type <= UL_OBJECT_COMMIT || type == UL_OBJECT_PAYLOAD_LINK ? 1 : 0;
  if (ul_prune_scan_needs (scan, type, checksum))
    return TRUE;
  /* An xattrs link goes with its file. */
  if (ul_prune_is_recent (scan->job, type == UL_OBJECT_FILE_XATTRS_LINK ? UL_OBJECT_FILE : type,
                          checksum))
    {
      part->n_recent++;
      if (type != UL_OBJECT_DIRTREE)
        return TRUE;
    }
  const UlPruneCandidate candidate = { .checksum = *checksum, .type = (guint8) type };
  g_array_append_val (part->candidates, candidate);
  return TRUE;
}

static gboolean
list_directory (gpointer item, gpointer worker, gpointer data, GError **error)
{
  const guint8 first = (guint8) (GPOINTER_TO_UINT (item) - 1);
  Listing *listing = data;
  UlPruneScan *scan = listing->scan;
  g_autoptr (GArray) commits = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  g_autoptr (GArray) candidates = g_array_new (FALSE, FALSE, sizeof (UlPruneCandidate));
  Part part = { .listing = listing, .commits = commits, .candidates = candidates };
  if (!ul_objects_foreach_in (scan->job->repo, first, listing->found, &part, error))
    return FALSE;

  g_mutex_lock (&listing->lock);
  g_array_append_vals (listing->commits, commits->data, commits->len);
  scan->n_objects += part.n_objects;
  scan->n_recent += part.n_recent;
  if (candidates->len > 0)
    {
      /* Exactly as large as it has to be. */
      GArray *exact = g_array_sized_new (FALSE, FALSE, sizeof (UlPruneCandidate), candidates->len);
      g_array_append_vals (exact, candidates->data, candidates->len);
      scan->candidates[first] = exact;
    }
  g_mutex_unlock (&listing->lock);
  return TRUE;
}

/* @out_commits may be NULL. */
static gboolean
list_objects (UlPruneScan *scan, UlObjectFunc found, GArray **out_commits, GError **error)
{
  Listing listing = { .scan = scan, .found = found };
  g_autoptr (GArray) commits = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  listing.commits = commits;
  g_mutex_init (&listing.lock);
  const UlPoolOptions options
      = { .jobs = scan->job->options->jobs, .run = list_directory, .data = &listing };
  g_autoptr (UlPool) pool = ul_pool_new (&options);
  for (guint i = 1; i <= 256; i++)
    ul_pool_push (pool, GUINT_TO_POINTER (i));
  const gboolean ok = ul_pool_finish (pool, error);
  g_mutex_clear (&listing.lock);
  if (!ok)
    return FALSE;
  if (out_commits != NULL)
    {
      g_array_sort (commits, ul_checksum_compare_func);
      *out_commits = g_steal_pointer (&commits);
    }
  return TRUE;
}

/* Reaching */

static gboolean
claim (UlObjectType type, const UlChecksum *checksum, gpointer data)
{
  UlPruneScan *scan = data;
  return ul_checksum_set_add (scan->reached[type], checksum);
}

static GPtrArray *
reach (UlPruneScan *scan, const GArray *trees)
{
  const UlReach options = {
    .repo = scan->job->repo,
    .jobs = scan->job->options->jobs,
    .claim = claim,
    .data = scan,
    .progress = scan->job->options->progress,
  };
  return ul_reach_walk (&options, trees);
}

static gboolean
is_absent (const UlReachFault *fault)
{
  return g_error_matches (fault->cause, UL_ERROR, UL_ERROR_NOT_FOUND);
}

/* With @partial, what is absent is noted; else it's an error like any other. */
static gboolean
reach_all (UlPruneScan *scan, const GArray *trees, gboolean partial, GError **error)
{
  g_autoptr (GPtrArray) faults = reach (scan, trees);
  for (guint i = 0; i < faults->len; i++)
    {
      UlReachFault *fault = faults->pdata[i];
      if (!partial || !is_absent (fault))
        {
          g_propagate_error (error, g_steal_pointer (&fault->cause));
          return FALSE;
        }
      g_array_append_val (scan->absent, fault->tree);
    }
  return TRUE;
}

/* The roots of the commits that @plan keeps and @known doesn't (NULL: none). */
static GArray *
collect_roots (UlPruneScan *scan, UlPrunePlan *plan, UlPrunePlan *known, gboolean partial)
{
  GArray *trees = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, plan);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const UlPruneCommit *commit = value;
      if (!commit->kept || commit->partial != partial
          || (known != NULL && ul_prune_plan_kept (known, &commit->checksum) != NULL))
        continue;
      claim (UL_OBJECT_DIRMETA, &commit->meta, scan);
      g_array_append_val (trees, commit->tree);
    }
  return trees;
}

/* Whole commits first: below those nothing may be absent. */
static gboolean
reach_commits (UlPruneScan *scan, UlPrunePlan *plan, UlPrunePlan *known, GError **error)
{
  g_autoptr (GArray) whole = collect_roots (scan, plan, known, FALSE);
  g_autoptr (GArray) partial = collect_roots (scan, plan, known, TRUE);
  return reach_all (scan, whole, FALSE, error) && reach_all (scan, partial, TRUE, error);
}

/* Recent dirtrees that nothing reaches are kept with all that they need, as far as that's there. */
static void
reach_recent (UlPruneScan *scan)
{
  g_autoptr (GArray) trees = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  if (!scan->job->has_recent)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (scan->candidates); i++)
    for (guint k = 0; scan->candidates[i] != NULL && k < scan->candidates[i]->len; k++)
      {
        const UlPruneCandidate *candidate
            = &g_array_index (scan->candidates[i], UlPruneCandidate, k);
        if (candidate->type == UL_OBJECT_DIRTREE
            && ul_prune_is_recent (scan->job, UL_OBJECT_DIRTREE, &candidate->checksum))
          g_array_append_val (trees, candidate->checksum);
      }
  g_autoptr (GPtrArray) faults = reach (scan, trees);
  (void) faults;
}

gboolean
ul_prune_scan_run (UlPruneScan *scan, GError **error)
{
  if (!list_objects (scan, find_commit, &scan->commits, error)
      || !ul_prune_plan (scan->job, scan->commits, NULL, &scan->plan, error))
    return FALSE;
  if (scan->job->options->commit_only)
    {
      scan->n_objects = scan->commits->len;
      return TRUE;
    }
  if (!reach_commits (scan, scan->plan, NULL, error)
      || !list_objects (scan, find_candidate, NULL, error))
    return FALSE;
  reach_recent (scan);
  return TRUE;
}

/* A pull may have brought what a partial commit lacked, or made a commit whole: then what is below
 * hasn't been seen. */
static gboolean
has_changed (UlPruneScan *scan, UlPrunePlan *plan, gboolean *out_changed, GError **error)
{
  *out_changed = FALSE;
  for (guint i = 0; i < scan->absent->len && !*out_changed; i++)
    if (!ul_objects_has (scan->job->repo, UL_OBJECT_DIRTREE,
                         &g_array_index (scan->absent, UlChecksum, i), out_changed, error))
      return FALSE;
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, plan);
  while (!*out_changed && g_hash_table_iter_next (&iter, NULL, &value))
    {
      const UlPruneCommit *now = value;
      const UlPruneCommit *then = ul_prune_plan_kept (scan->plan, &now->checksum);
      *out_changed = now->kept && then != NULL && then->partial && !now->partial;
    }
  return TRUE;
}

gboolean
ul_prune_scan_update (UlPruneScan *scan, gboolean *out_valid, GError **error)
{
  g_autoptr (GArray) commits = NULL;
  g_autoptr (GHashTable) plan = NULL;
  gboolean changed;
  if (!list_objects (scan, find_commit, &commits, error)
      || !ul_prune_plan (scan->job, commits, scan->commits, &plan, error)
      || !has_changed (scan, plan, &changed, error))
    return FALSE;
  *out_valid = !changed;
  if (changed)
    return TRUE;
  if (!scan->job->options->commit_only && !reach_commits (scan, plan, scan->plan, error))
    return FALSE;
  g_hash_table_unref (scan->plan);
  g_array_unref (scan->commits);
  scan->plan = g_steal_pointer (&plan);
  scan->commits = g_steal_pointer (&commits);
  return TRUE;
}
