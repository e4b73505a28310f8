// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/prune.h"

#include "repo/lock.h"
#include "repo/objects.h"
#include "repo/prune-private.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/sort.h"

void
ul_prune_result_clear (UlPruneResult *result)
{
  g_clear_pointer (&result->commits, g_ptr_array_unref);
}

static gboolean
scan_again (UlPruneScan *scan, GError **error)
{
  const UlPruneJob *job = scan->job;
  ul_prune_scan_clear (scan);
  ul_prune_scan_init (scan, job);
  return ul_prune_scan_run (scan, error);
}

/* Nobody deletes anything while this lock is held. */
static gboolean
scan_locked (UlPruneScan *scan, GError **error)
{
  ul_autofd int lock_fd = -1;
  return ul_repo_lock (scan->job->repo, UL_LOCK_SHARED, &lock_fd, error)
         && scan_again (scan, error);
}

/* @cause: what the scan without a lock did not find, or NULL. Another prune may have taken it; only
 * under the lock is that an error. */
static gboolean
dry_run (UlPruneScan *scan, const GError *cause, UlPruneResult *result, GError **error)
{
  g_autoptr (GError) lock_error = NULL;
  if (cause != NULL && !scan_locked (scan, &lock_error))
    {
      /* Who may not lock gets the first error, which is as true. */
      g_propagate_error (error, g_error_copy (cause));
      return FALSE;
    }
  result->n_objects = scan->n_objects;
  return ul_prune_sweep (scan, result, error);
}

static gboolean
run_locked (UlPruneScan *scan, gboolean scanned, UlPruneResult *result, GError **error)
{
  gboolean valid = FALSE;
  ul_autofd int lock_fd = -1;
  ul_prune_step (scan->job, "scanned");
  if (!ul_repo_lock (scan->job->repo, UL_LOCK_EXCLUSIVE, &lock_fd, error)
      || (scanned && !ul_prune_scan_update (scan, &valid, error))
      || (!valid && !scan_again (scan, error)))
    return FALSE;
  result->n_objects = scan->n_objects;
  return ul_prune_sweep (scan, result, error);
}

static gboolean
check_options (UlRepo *repo, const UlPruneOptions *options, GError **error)
{
  gboolean has;
  if (!options->dry_run && ul_repo_tmp_dfd (repo) < 0)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "pruning repo %s: it is not writable",
                     ul_repo_path (repo));
  if (options->static_deltas_only && options->delete_commit == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "Which commit's static deltas?");
  if (options->delete_commit == NULL || options->static_deltas_only)
    return TRUE;
  if (!ul_objects_has_own (repo, UL_OBJECT_COMMIT, options->delete_commit, &has, error))
    return FALSE;
  g_autofree char *name = ul_object_to_string (options->delete_commit, UL_OBJECT_COMMIT);
  return has || ul_throw (error, UL_ERROR_NOT_FOUND, "No such metadata object %s", name);
}

static guint64
set_memory (const UlPruneScan *scan)
{
  guint64 bytes = 0;
  for (guint i = UL_OBJECT_FILE; i <= UL_OBJECT_DIRMETA; i++)
    bytes += ul_checksum_set_memory (scan->reached[i]);
  return bytes;
}

gboolean
ul_prune_run (UlRepo *repo, const UlPruneOptions *options, UlPruneResult *out_result,
              GError **error)
{
  if (!check_options (repo, options, error))
    return FALSE;
  UlPruneJob job = { .repo = repo, .options = options };
  const gint64 keep_secs = ul_repo_keep_unreferenced_secs (repo);
  job.has_recent = options->has_keep_unreferenced || keep_secs > 0;
  job.recent = options->has_keep_unreferenced ? options->keep_unreferenced
                                              : g_get_real_time () / G_USEC_PER_SEC - keep_secs;

  g_auto (UlPruneResult) result = { .commits = g_ptr_array_new_with_free_func (g_free) };
  g_auto (UlPruneScan) scan;
  ul_prune_scan_init (&scan, &job);
  g_autoptr (GError) cause = NULL;
  const gboolean scanned = ul_prune_scan_run (&scan, &cause);
  if (!scanned && !g_error_matches (cause, UL_ERROR, UL_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  if (!(options->dry_run ? dry_run (&scan, cause, &result, error)
                         : run_locked (&scan, scanned, &result, error)))
    return FALSE;
  result.n_recent = scan.n_recent;
  result.n_set_bytes = set_memory (&scan);
  g_ptr_array_sort (result.commits, ul_compare_strings);
  *out_result = result;
  result = (UlPruneResult){ 0 };
  return TRUE;
}
