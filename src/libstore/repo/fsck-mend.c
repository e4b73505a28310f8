// SPDX-License-Identifier: LGPL-2.1-or-later

/* What fsck changes: corrupt objects go if asked, the commits that lack objects become partial, and
 * deleted parents get a tombstone if asked. The check ran without a lock. So what it found is
 * looked at again under the exclusive lock, and whoever made it sound meanwhile wins. */

#include <fcntl.h>

#include "core/commit.h"
#include "repo/fsck-private.h"
#include "repo/lock.h"
#include "repo/objects.h"
#include "repo/tombstone.h"
#include "util/error.h"
#include "util/fd.h"

gboolean
ul_fsck_is_still_corrupt (UlRepo *repo, const UlFsckFinding *finding, UlHasher *hasher)
{
  g_autoptr (GError) error = NULL;
  UlChecksum actual;
  guint64 bytes;
  if (!ul_objects_verify (repo, finding->type, &finding->checksum, hasher, &actual, &bytes, &error))
    return g_error_matches (error, UL_ERROR, UL_ERROR_CORRUPT);
  return !ul_checksum_equal (&finding->checksum, &actual);
}

static gboolean
remove_corrupt (UlRepo *repo, UlFsckResult *result, UlRepair *repair, GError **error)
{
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  for (guint i = 0; i < result->findings->len; i++)
    {
      UlFsckFinding *finding = result->findings->pdata[i];
      gboolean own;
      if (finding->kind != UL_FSCK_CORRUPT_OBJECT || finding->repair != UL_REPAIR_NONE
          || !ul_fsck_is_still_corrupt (repo, finding, hasher))
        continue;
      if (!ul_objects_has_own (repo, finding->type, &finding->checksum, &own, error))
        return FALSE;
      if (!own)
        continue; /* what a parent repository has isn't ours to remove */
      if (repair != NULL ? !ul_repair_set_aside (repair, finding, error)
                         : !ul_objects_delete (repo, finding->type, &finding->checksum, error))
        return FALSE;
      finding->deleted = TRUE;
    }
  return TRUE;
}

static gboolean
mark_commit (UlRepo *repo, const UlChecksum *commit, UlFsckFinding *finding, UlFsckResult *result,
             GError **error)
{
  gboolean has;
  gboolean partial;
  if (!ul_objects_has_own (repo, UL_OBJECT_COMMIT, commit, &has, error)
      || !ul_objects_commit_is_partial (repo, commit, &partial, error))
    return FALSE;
  if (!has || partial)
    return TRUE;
  if (!ul_objects_mark_commit_partial (repo, commit, error))
    return FALSE;
  g_array_append_vals (finding->marked, commit, 1);
  g_ptr_array_add (result->partial, ul_checksum_dup_hex (commit));
  g_ptr_array_add (result->partial_by_fsck, ul_checksum_dup_hex (commit));
  return TRUE;
}

/* For what is missing, not only for what was deleted: a run that was killed between deleting and
 * marking is made good. */
static gboolean
mark_partial (UlRepo *repo, UlFsckResult *result, GError **error)
{
  for (guint i = 0; i < result->findings->len; i++)
    {
      UlFsckFinding *finding = result->findings->pdata[i];
      gboolean has;
      if (finding->kind != UL_FSCK_MISSING_OBJECT && !finding->deleted)
        continue;
      if (!ul_objects_has (repo, finding->type, &finding->checksum, &has, error))
        return FALSE;
      for (guint k = 0; !has && k < finding->commits->len; k++)
        if (!mark_commit (repo, &g_array_index (finding->commits, UlChecksum, k), finding, result,
                          error))
          return FALSE;
    }
  return TRUE;
}

static gboolean
add_tombstones (UlRepo *repo, UlFsckResult *result, GError **error)
{
  for (guint i = 0; i < result->findings->len; i++)
    {
      UlFsckFinding *finding = result->findings->pdata[i];
      gboolean has;
      if (finding->kind != UL_FSCK_MISSING_PARENT)
        continue;
      if (!ul_objects_has (repo, UL_OBJECT_TOMBSTONE_COMMIT, &finding->checksum, &has, error)
          || (!has
              && !ul_tombstone_write (repo, &finding->checksum, ul_repo_fsync_enabled (repo),
                                      error)))
        return FALSE;
      finding->tombstoned = !has;
      result->n_tombstones += !has;
    }
  return TRUE;
}

/* A prune that ran beside the check took the commit and what it needed, or a writer brought what
 * was missing. Of a commit that is gone, a ref that names it is a finding of its own. */
static gboolean
is_settled (UlRepo *repo, const UlFsckFinding *finding, gboolean *out_settled, GError **error)
{
  gboolean has;
  *out_settled = FALSE;
  if (finding->kind != UL_FSCK_MISSING_OBJECT || finding->repair != UL_REPAIR_NONE)
    return TRUE;
  if (!ul_objects_has (repo, finding->type, &finding->checksum, &has, error))
    return FALSE;
  *out_settled = has || finding->type == UL_OBJECT_COMMIT || finding->commits->len == 0;
  return TRUE;
}

static gboolean
drop_settled (UlRepo *repo, UlFsckResult *result, GError **error)
{
  for (guint i = result->findings->len; i-- > 0;)
    {
      gboolean settled;
      if (!is_settled (repo, result->findings->pdata[i], &settled, error))
        return FALSE;
      if (settled)
        g_ptr_array_remove_index (result->findings, i);
    }
  return TRUE;
}

/* Without the lock: is there anything to do? */
static gboolean
wants_change (UlRepo *repo, const UlFsckOptions *options, const UlFsckResult *result,
              gboolean *out_wants, GError **error)
{
  *out_wants = FALSE;
  for (guint i = 0; i < result->findings->len && !*out_wants; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      gboolean has = TRUE;
      if (finding->kind == UL_FSCK_MISSING_PARENT && options->add_tombstones
          && !ul_objects_has (repo, UL_OBJECT_TOMBSTONE_COMMIT, &finding->checksum, &has, error))
        return FALSE;
      *out_wants = !has || finding->kind == UL_FSCK_MISSING_OBJECT
                   || (finding->kind == UL_FSCK_CORRUPT_OBJECT
                       && (options->delete_corrupt || options->repair))
                   || (finding->kind == UL_FSCK_MISSING_COMMIT && options->repair);
    }
  return TRUE;
}

static gboolean
change (UlRepo *repo, const UlFsckOptions *options, UlFsckResult *result, UlRepair *repair,
        GError **error)
{
  const gboolean removes = repair != NULL || options->delete_corrupt;
  return (!options->add_tombstones || add_tombstones (repo, result, error))
         && (!removes || remove_corrupt (repo, result, repair, error))
         && mark_partial (repo, result, error)
         && (repair == NULL || ul_repair_finish (repair, error));
}

gboolean
ul_fsck_mend (UlRepo *repo, const UlFsckOptions *options, UlFsckResult *result, UlRepair *repair,
              GError **error)
{
  gboolean may = result->mend_error == NULL;
  ul_autofd int lock_fd = -1;
  if (repair != NULL)
    may = ul_repair_lock (repair, &result->mend_error)
          && ul_repair_publish (repair, &result->mend_error);
  else if (may)
    {
      if (!wants_change (repo, options, result, &may, error))
        return FALSE;
      may = may && ul_repo_lock (repo, UL_LOCK_EXCLUSIVE, &lock_fd, &result->mend_error);
    }
  /* Under the lock, so that a commit made since the check is marked, too; and when all that can be
   * there is, so that there is a way to what is still missing. */
  if (!ul_fsck_find_commits (repo, options->repair, result, error))
    return FALSE;
  if (may && drop_settled (repo, result, &result->mend_error))
    change (repo, options, result, repair, &result->mend_error);
  return TRUE;
}
