// SPDX-License-Identifier: LGPL-2.1-or-later

/* What fsck changes when asked: corrupt objects go, the commits that needed them become partial,
 * and deleted parents get a tombstone. */

#include <fcntl.h>

#include "core/commit.h"
#include "repo/fsck-private.h"
#include "repo/lock.h"
#include "repo/objects.h"
#include "repo/traverse.h"
#include "util/error.h"
#include "util/fd.h"

static gboolean
delete_corrupt (UlRepo *repo, UlFsckResult *result, gboolean *out_any, GError **error)
{
  *out_any = FALSE;
  for (guint i = 0; i < result->findings->len; i++)
    {
      UlFsckFinding *finding = result->findings->pdata[i];
      if (finding->kind != UL_FSCK_CORRUPT_OBJECT || finding->unreadable)
        continue;
      if (!ul_objects_delete (repo, finding->type, &finding->checksum, error))
        return FALSE;
      finding->deleted = TRUE;
      *out_any = TRUE;
    }
  return TRUE;
}

typedef struct
{
  UlRepo *repo;
  gboolean incomplete;
} Completeness;

static gboolean
visit (UlObjectType type, const UlChecksum *checksum, GVariant *variant, gpointer data,
       GError **error)
{
  Completeness *state = data;
  gboolean has = TRUE;
  if (variant == NULL && !ul_objects_has (state->repo, type, checksum, &has, error))
    return FALSE;
  state->incomplete |= !has;
  return TRUE;
}

static gboolean
broken (UlObjectType type, const UlChecksum *checksum, GError *cause, gpointer data, GError **error)
{
  ((Completeness *) data)->incomplete = TRUE;
  g_error_free (cause);
  return TRUE;
}

static gboolean
mark_if_incomplete (UlRepo *repo, const UlChecksum *checksum, UlFsckResult *result, GError **error)
{
  g_autoptr (GVariant) variant = NULL;
  g_auto (UlCommit) commit = { 0 };
  gboolean partial;
  if (!ul_objects_commit_is_partial (repo, checksum, &partial, error))
    return FALSE;
  if (partial)
    return TRUE;
  if (!ul_objects_load (repo, UL_OBJECT_COMMIT, checksum, &variant, error)
      || !ul_commit_parse (variant, &commit, error))
    return FALSE;

  Completeness state = { .repo = repo };
  const UlTraversalFuncs funcs = { .visit = visit, .broken = broken, .data = &state };
  g_autoptr (UlTraversal) traversal = ul_traversal_new (repo, &funcs);
  if (!ul_traversal_walk (traversal, &commit.tree, &commit.meta, error))
    return FALSE;
  if (!state.incomplete)
    return TRUE;
  result->n_partial_by_fsck++;
  g_ptr_array_add (result->partial, ul_checksum_dup_hex (checksum));
  return ul_objects_mark_commit_partial (repo, checksum, error);
}

static gboolean
mark_partial (UlRepo *repo, UlFsckResult *result, GError **error)
{
  g_autoptr (GArray) commits = NULL;
  if (!ul_fsck_list_commits (repo, &commits, error))
    return FALSE;
  for (guint i = 0; i < commits->len; i++)
    if (!mark_if_incomplete (repo, &g_array_index (commits, UlChecksum, i), result, error))
      return FALSE;
  return TRUE;
}

static gboolean
has_missing (const UlFsckResult *result)
{
  for (guint i = 0; i < result->findings->len; i++)
    if (((const UlFsckFinding *) result->findings->pdata[i])->kind == UL_FSCK_MISSING_OBJECT)
      return TRUE;
  return FALSE;
}

static gboolean
write_tombstone (UlRepo *repo, const UlChecksum *commit, GError **error)
{
  g_autofree char *hex = ul_checksum_dup_hex (commit);
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "commit", g_variant_new_bytestring (hex));
  g_autoptr (GVariant) tombstone = g_variant_ref_sink (g_variant_builder_end (&builder));

  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (commit, UL_OBJECT_TOMBSTONE_COMMIT, FALSE, path);
  const char dir[3] = { path[0], path[1], '\0' };
  const int dfd = ul_repo_objects_dfd (repo);
  return ul_fd_make_dirs_at (dfd, dir, 0777, error)
         && ul_fd_replace_file_at (dfd, path, g_variant_get_data (tombstone),
                                   g_variant_get_size (tombstone), 0644,
                                   ul_repo_fsync_enabled (repo), error);
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
          || (!has && !write_tombstone (repo, &finding->checksum, error)))
        return FALSE;
      finding->tombstoned = !has;
      result->n_tombstones += !has;
    }
  return TRUE;
}

gboolean
ul_fsck_mend (UlRepo *repo, const UlFsckOptions *options, UlFsckResult *result, GError **error)
{
  if (!options->delete_corrupt && !options->add_tombstones)
    return TRUE;
  ul_autofd int lock_fd = -1;
  if (!ul_repo_lock (repo, UL_LOCK_EXCLUSIVE, 0, &lock_fd, error))
    return FALSE;
  if (options->add_tombstones && !add_tombstones (repo, result, error))
    return FALSE;
  gboolean deleted = FALSE;
  if (options->delete_corrupt && !delete_corrupt (repo, result, &deleted, error))
    return FALSE;
  /* Also for what is only missing: a run that was killed between deleting and marking is made good.
   */
  const gboolean incomplete = deleted || (options->delete_corrupt && has_missing (result));
  return !incomplete || mark_partial (repo, result, error);
}
