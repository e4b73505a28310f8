// SPDX-License-Identifier: LGPL-2.1-or-later

/* Deleting. At any time, also after a power cut, what is left is whole: commits go before what they
 * reach, dirtrees before what is in them, files before their xattrs, and between one and the next
 * what was deleted is made durable. A commit's mark as partial goes after the commit, which would
 * be taken for whole otherwise. So a prune that was killed leaves garbage at worst, which the next
 * one finds.
 *
 * Dirtrees go before files, though nothing reaches them any more, because whoever finds a dirtree
 * may rely on what is in it. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "repo/mode.h"
#include "repo/objects.h"
#include "repo/prune-private.h"
#include "repo/tombstone.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/pool.h"

/* What of the candidates is deleted in one go. */
typedef enum
{
  PHASE_TREES,
  PHASE_OBJECTS,
  PHASE_XATTRS_LINKS,
  PHASE_XATTRS,
} Phase;

typedef struct
{
  UlPruneScan *scan;
  UlPruneResult *result; /* counters: atomic */
  Phase phase;
} Sweep;

static gboolean
sync_objects (const UlPruneJob *job, const char *step, GError **error)
{
  if (ul_repo_fsync_enabled (job->repo) && syncfs (ul_repo_objects_dfd (job->repo)) != 0)
    return ul_throw_errno (error, "syncfs");
  ul_prune_step (job, step);
  return TRUE;
}

static Phase
phase_of (UlObjectType type)
{
  switch (type)
    {
    case UL_OBJECT_DIRTREE:
      return PHASE_TREES;
    case UL_OBJECT_FILE_XATTRS_LINK:
      return PHASE_XATTRS_LINKS;
    case UL_OBJECT_FILE_XATTRS:
      return PHASE_XATTRS;
    default:
      return PHASE_OBJECTS;
    }
}

static const char *
step_of (Phase phase)
{
  return phase == PHASE_TREES ? "tree" : phase == PHASE_OBJECTS ? "object" : "xattrs";
}

/* A payload link is a symlink to a file object, "../aa/bb....file". */
static gboolean
leads_to_kept_file (UlPruneScan *scan, int dfd, const char *name)
{
  char target[PATH_MAX];
  UlChecksum checksum;
  UlObjectType type;
  gboolean compressed;
  const ssize_t n = readlinkat (dfd, name, target, sizeof target - 1);
  if (n < 6 || strncmp (target, "../", 3) != 0 || target[5] != '/')
    return FALSE;
  target[n] = target[5] = '\0';
  return ul_object_parse_loose (target + 3, target + 6, &checksum, &type, &compressed)
         && type == UL_OBJECT_FILE && ul_prune_scan_needs (scan, type, &checksum);
}

static gboolean
is_garbage (UlPruneScan *scan, int dfd, const char *name, const UlPruneCandidate *candidate,
            const struct stat *st)
{
  const UlObjectType type = (UlObjectType) candidate->type;
  if (ul_prune_scan_needs (scan, type, &candidate->checksum))
    return FALSE;
  if (type == UL_OBJECT_PAYLOAD_LINK)
    return !leads_to_kept_file (scan, dfd, name);
  /* Every link of a file is a name of it, or a copy, which doesn't need it. */
  if (type == UL_OBJECT_FILE_XATTRS)
    return ul_repo_mode_ops (scan->job->repo)->split_xattrs && st->st_nlink == 1;
  return TRUE;
}

static gboolean
delete_name (int dfd, const char *name, GError **error)
{
  if (unlinkat (dfd, name, 0) == 0 || errno == ENOENT)
    return TRUE;
  /* What a broken repository has under an object's name may be a directory. */
  if (errno == EISDIR)
    return ul_fd_remove_tree_at (dfd, name, error);
  return ul_throw_errno (error, "deleting object %s", name);
}

static gboolean
sweep_candidate (Sweep *sweep, int dfd, const UlPruneCandidate *candidate, GError **error)
{
  UlPruneScan *scan = sweep->scan;
  const UlObjectType type = (UlObjectType) candidate->type;
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (&candidate->checksum, type, ul_repo_is_compressed (scan->job->repo), path);
  const char *name = path + 3;
  struct stat st;
  if (fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || ul_throw_errno (error, "stat object %s", path);
  if (!is_garbage (scan, dfd, name, candidate, &st))
    return TRUE;
  if (!scan->job->options->dry_run)
    {
      ul_prune_step (scan->job, step_of (sweep->phase));
      if (!delete_name (dfd, name, error))
        return FALSE;
    }
  ul_progress_add (scan->job->options->progress, done, 1);
  /* What ostree doesn't count. */
  if (type == UL_OBJECT_COMMITMETA || sweep->phase >= PHASE_XATTRS_LINKS)
    return TRUE;
  __atomic_fetch_add (&sweep->result->n_deleted, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add (&sweep->result->n_bytes, (guint64) st.st_size, __ATOMIC_RELAXED);
  return TRUE;
}

static gboolean
sweep_directory (gpointer item, gpointer worker, gpointer data, GError **error)
{
  const guint first = GPOINTER_TO_UINT (item) - 1;
  Sweep *sweep = data;
  const GArray *candidates = sweep->scan->candidates[first];
  char dir[3];
  g_snprintf (dir, sizeof dir, "%02x", first);
  ul_autofd int dfd
      = openat (ul_repo_objects_dfd (sweep->scan->job->repo), dir, O_DIRECTORY | O_CLOEXEC);
  if (dfd < 0)
    return errno == ENOENT || ul_throw_errno (error, "open objects/%s", dir);
  for (guint i = 0; i < candidates->len; i++)
    {
      const UlPruneCandidate *candidate = &g_array_index (candidates, UlPruneCandidate, i);
      if (phase_of ((UlObjectType) candidate->type) == sweep->phase
          && !sweep_candidate (sweep, dfd, candidate, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
sweep_phase (UlPruneScan *scan, UlPruneResult *result, Phase phase, GError **error)
{
  Sweep sweep = { .scan = scan, .result = result, .phase = phase };
  const UlPoolOptions options
      = { .jobs = scan->job->options->jobs, .run = sweep_directory, .data = &sweep };
  g_autoptr (UlPool) pool = ul_pool_new (&options);
  for (guint i = 0; i < G_N_ELEMENTS (scan->candidates); i++)
    if (scan->candidates[i] != NULL)
      ul_pool_push (pool, GUINT_TO_POINTER (i + 1));
  return ul_pool_finish (pool, error);
}

static gboolean
has_candidates (const UlPruneScan *scan, Phase phase)
{
  for (guint i = 0; i < G_N_ELEMENTS (scan->candidates); i++)
    for (guint k = 0; scan->candidates[i] != NULL && k < scan->candidates[i]->len; k++)
      {
        const UlPruneCandidate *candidate
            = &g_array_index (scan->candidates[i], UlPruneCandidate, k);
        if (phase_of ((UlObjectType) candidate->type) == phase)
          return TRUE;
      }
  return FALSE;
}

static gboolean
sweep_objects (UlPruneScan *scan, UlPruneResult *result, GError **error)
{
  static const struct
  {
    Phase phase;
    const char *then; /* NULL: nothing relies on it */
  } phases[] = {
    { PHASE_TREES, "trees-synced" },
    { PHASE_OBJECTS, "objects-synced" },
    { PHASE_XATTRS_LINKS, NULL },
    { PHASE_XATTRS, NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (phases); i++)
    {
      if (!has_candidates (scan, phases[i].phase))
        continue;
      if (!sweep_phase (scan, result, phases[i].phase, error))
        return FALSE;
      if (!scan->job->options->dry_run && phases[i].then != NULL
          && !sync_objects (scan->job, phases[i].then, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
count_commit (UlPruneScan *scan, const UlChecksum *commit, UlPruneResult *result, GError **error)
{
  const UlPruneOptions *options = scan->job->options;
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  struct stat st;
  ul_object_loose_path (commit, UL_OBJECT_COMMIT, FALSE, path);
  if (fstatat (ul_repo_objects_dfd (scan->job->repo), path, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return ul_throw_errno (error, "stat object %s", path);
  g_ptr_array_add (result->commits, ul_checksum_dup_hex (commit));
  /* ostree deletes this one before it begins to count. */
  if (options->delete_commit != NULL && ul_checksum_equal (options->delete_commit, commit))
    {
      result->n_objects--;
      return TRUE;
    }
  result->n_deleted++;
  result->n_bytes += (guint64) st.st_size;
  return TRUE;
}

static gboolean
delete_commits (const UlPruneJob *job, const GArray *gone, GError **error)
{
  const gboolean tombstones = ul_repo_tombstone_commits (job->repo);
  for (guint i = 0; i < gone->len; i++)
    {
      const UlChecksum *commit = &g_array_index (gone, UlChecksum, i);
      if (tombstones)
        {
          ul_prune_step (job, "tombstone");
          if (!ul_tombstone_write (job->repo, commit, FALSE, error))
            return FALSE;
        }
      ul_prune_step (job, "commit");
      if (!ul_objects_delete (job->repo, UL_OBJECT_COMMIT, commit, error))
        return FALSE;
    }
  if (gone->len > 0 && !sync_objects (job, "commits-synced", error))
    return FALSE;
  for (guint i = 0; i < gone->len; i++)
    {
      const UlChecksum *commit = &g_array_index (gone, UlChecksum, i);
      if (!ul_objects_delete (job->repo, UL_OBJECT_COMMITMETA, commit, error)
          || !ul_objects_unmark_commit (job->repo, commit, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
sweep_commits (UlPruneScan *scan, UlPruneResult *result, GError **error)
{
  g_autoptr (GArray) gone = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  for (guint i = 0; i < scan->commits->len; i++)
    {
      const UlChecksum *commit = &g_array_index (scan->commits, UlChecksum, i);
      if (ul_prune_plan_kept (scan->plan, commit) != NULL)
        continue;
      if (!count_commit (scan, commit, result, error))
        return FALSE;
      g_array_append_vals (gone, commit, 1);
    }
  return scan->job->options->dry_run || delete_commits (scan->job, gone, error);
}

/* As ostree does it: who deletes a commit by name wants others to know. */
static gboolean
enable_tombstones (const UlPruneJob *job, GError **error)
{
  gsize len;
  if (job->options->delete_commit == NULL || job->options->static_deltas_only
      || job->options->dry_run || ul_repo_tombstone_commits (job->repo))
    return TRUE;
  g_autoptr (GKeyFile) config = g_key_file_new ();
  g_autofree char *data = g_key_file_to_data (ul_repo_config (job->repo), &len, NULL);
  if (!g_key_file_load_from_data (config, data, len, G_KEY_FILE_KEEP_COMMENTS, error))
    return FALSE;
  g_key_file_set_boolean (config, "core", "tombstone-commits", TRUE);
  return ul_repo_write_config (job->repo, config, error);
}

gboolean
ul_prune_sweep (UlPruneScan *scan, UlPruneResult *result, GError **error)
{
  return enable_tombstones (scan->job, error) && sweep_commits (scan, result, error)
         && (scan->job->options->dry_run || ul_prune_deltas (scan->job, &result->n_deltas, error))
         && sweep_objects (scan, result, error);
}
