// SPDX-License-Identifier: LGPL-2.1-or-later

/* Which commits are kept. A commit is kept if any head keeps it, in whatever order heads are looked
 * at: a commit that is reached again with more parents to go is gone through again. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/commit.h"
#include "repo/objects.h"
#include "repo/prune-private.h"
#include "repo/refs.h"
#include "util/error.h"

typedef struct
{
  const UlPruneJob *job;
  UlPrunePlan *plan;
} Planner;

const UlPruneCommit *
ul_prune_plan_kept (UlPrunePlan *plan, const UlChecksum *commit)
{
  const UlPruneCommit *found = g_hash_table_lookup (plan, commit);
  return found != NULL && found->kept ? found : NULL;
}

gboolean
ul_prune_is_recent (const UlPruneJob *job, UlObjectType type, const UlChecksum *checksum)
{
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  struct stat st;
  if (!job->has_recent)
    return FALSE;
  ul_object_loose_path (checksum, type, ul_repo_is_compressed (job->repo), path);
  /* Not mtime, which objects have at 0. ctime is that of the rename or link that brought it here.
   */
  return fstatat (ul_repo_objects_dfd (job->repo), path, &st, AT_SYMLINK_NOFOLLOW) == 0
         && st.st_ctime >= job->recent;
}

static gboolean
is_doomed (const UlPruneJob *job, const UlChecksum *commit)
{
  const UlPruneOptions *options = job->options;
  return options->delete_commit != NULL && !options->static_deltas_only
         && ul_checksum_equal (options->delete_commit, commit);
}

static gboolean
load (const UlPruneJob *job, UlPruneCommit *found, GError **error)
{
  g_autoptr (GVariant) variant = NULL;
  g_auto (UlCommit) commit = { 0 };
  UlChecksum actual;
  if (!ul_objects_load_if_exists (job->repo, UL_OBJECT_COMMIT, &found->checksum, &variant, error))
    return FALSE;
  if (variant == NULL)
    return TRUE;
  ul_checksum_of_data (g_variant_get_data (variant), g_variant_get_size (variant), &actual);
  if (!ul_checksum_equal (&found->checksum, &actual))
    {
      g_autofree char *name = ul_object_to_string (&found->checksum, UL_OBJECT_COMMIT);
      return ul_throw (error, UL_ERROR_CORRUPT, "corrupt object %s: its checksum differs", name);
    }
  if (!ul_commit_parse (variant, &commit, error)
      || !ul_objects_commit_is_partial (job->repo, &found->checksum, &found->partial, error))
    return FALSE;
  found->present = TRUE;
  found->has_parent = commit.has_parent;
  if (commit.has_parent)
    found->parent = commit.parent;
  found->timestamp = commit.timestamp;
  found->tree = commit.tree;
  found->meta = commit.meta;
  return TRUE;
}

static gboolean
look_at (Planner *planner, const UlChecksum *checksum, UlPruneCommit **out, GError **error)
{
  UlPruneCommit *found = g_hash_table_lookup (planner->plan, checksum);
  if (found == NULL)
    {
      g_autofree UlPruneCommit *commit = g_new0 (UlPruneCommit, 1);
      commit->checksum = *checksum;
      if (!is_doomed (planner->job, checksum) && !load (planner->job, commit, error))
        return FALSE;
      found = g_steal_pointer (&commit);
      g_hash_table_insert (planner->plan, found, found);
    }
  *out = found;
  return TRUE;
}

static gboolean
is_deeper (UlPruneDepth a, UlPruneDepth b)
{
  return b.limited && (!a.limited || a.parents > b.parents);
}

/* Up to @depth parents; a history may end with a commit that isn't there. */
static gboolean
keep_by_depth (Planner *planner, UlPruneCommit *at, UlPruneDepth depth, GError **error)
{
  while (at->present && (!at->walked || is_deeper (depth, at->depth)))
    {
      at->kept = at->walked = TRUE;
      at->depth = depth;
      if (!at->has_parent || (depth.limited && depth.parents-- == 0))
        return TRUE;
      if (!look_at (planner, &at->parent, &at, error))
        return FALSE;
    }
  return TRUE;
}

/* The first one whatever its age, and as many as are not too old before the first that is. */
static gboolean
keep_by_age (Planner *planner, UlPruneCommit *at, GError **error)
{
  const gint64 since = planner->job->options->keep_younger;
  at->kept = TRUE;
  while (at->present && !at->walked_by_age && (gint64) at->timestamp >= since)
    {
      at->kept = at->walked_by_age = TRUE;
      if (!at->has_parent)
        return TRUE;
      if (!look_at (planner, &at->parent, &at, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_selective (const UlPruneOptions *options)
{
  return options->has_keep_younger || options->n_retain > 0 || options->only_branches != NULL;
}

/* The last one given counts. */
static const UlPruneRetain *
find_retain (const UlPruneOptions *options, const char *refspec)
{
  for (gsize i = options->n_retain; i > 0; i--)
    if (g_str_equal (options->retain[i - 1].refspec, refspec))
      return &options->retain[i - 1];
  return NULL;
}

/* @refspec: NULL for a ref of another collection, which no option names. */
static gboolean
keep_head (Planner *planner, const char *refspec, UlPruneCommit *head, GError **error)
{
  const UlPruneOptions *options = planner->job->options;
  const UlPruneDepth all = { 0 };
  const gboolean pruned = options->only_branches == NULL
                          || (refspec != NULL && g_strv_contains (options->only_branches, refspec));
  const UlPruneRetain *retain = refspec != NULL ? find_retain (options, refspec) : NULL;
  if (retain != NULL && !keep_by_depth (planner, head, retain->depth, error))
    return FALSE;
  if (options->has_keep_younger && pruned)
    return keep_by_age (planner, head, error);
  if (retain != NULL)
    return TRUE;
  return keep_by_depth (planner, head, pruned ? options->depth : all, error);
}

/* @label: as messages name the ref. */
static gboolean
add_head (Planner *planner, const char *refspec, const char *label, const UlChecksum *checksum,
          GError **error)
{
  const UlPruneOptions *options = planner->job->options;
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (checksum, hex);
  if (is_doomed (planner->job, checksum))
    return ul_throw (error, UL_ERROR_EXISTS, "Commit '%s' is referenced by %s", hex, label);
  UlPruneCommit *head;
  if (!look_at (planner, checksum, &head, error))
    return FALSE;
  /* Its objects may be there and be all that is left of it. */
  if (!head->present)
    return ul_throw (error, UL_ERROR_NOT_FOUND,
                     "No such metadata object %s.commit, which is referenced by %s", hex, label);
  if (!options->refs_only && !is_selective (options))
    return TRUE; /* like every commit that is there */
  return keep_head (planner, refspec, head, error);
}

static gboolean
check_only_branches (const UlPruneOptions *options, const GPtrArray *refs, GError **error)
{
  for (const char *const *name = options->only_branches; name != NULL && *name != NULL; name++)
    {
      gboolean found = FALSE;
      for (guint i = 0; i < refs->len && !found; i++)
        found = g_str_equal (((const UlRef *) refs->pdata[i])->refspec, *name);
      if (!found)
        return ul_throw (error, UL_ERROR_INVALID, "Refspec '%s' not found", *name);
    }
  return TRUE;
}

static gboolean
add_refs (Planner *planner, GError **error)
{
  g_autoptr (GPtrArray) refs = NULL;
  if (!ul_refs_list (planner->job->repo, NULL, UL_REFS_LIST_ALL, &refs, error)
      || !check_only_branches (planner->job->options, refs, error))
    return FALSE;
  for (guint i = 0; i < refs->len; i++)
    {
      const UlRef *ref = refs->pdata[i];
      g_autofree char *label = g_strdup_printf ("'%s'", ref->refspec);
      if (!add_head (planner, ref->refspec, label, &ref->checksum, error))
        return FALSE;
    }
  return TRUE;
}

/* Those of the repository's own collection are its local refs. */
static gboolean
add_collection_refs (Planner *planner, GError **error)
{
  const char *own = ul_repo_collection_id (planner->job->repo);
  g_autoptr (GPtrArray) refs = NULL;
  if (!ul_refs_list_collections (planner->job->repo, NULL, &refs, error))
    return FALSE;
  for (guint i = 0; i < refs->len; i++)
    {
      const UlCollectionRef *ref = refs->pdata[i];
      g_autofree char *label = g_strdup_printf ("(%s, %s)", ref->collection_id, ref->ref);
      if (g_strcmp0 (ref->collection_id, own) != 0
          && !add_head (planner, NULL, label, &ref->checksum, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
keeps_unreferenced (const UlPruneJob *job, const GArray *earlier, const UlChecksum *commit)
{
  const UlPruneOptions *options = job->options;
  return (!options->refs_only && !is_selective (options))
         || (earlier != NULL
             && !g_array_binary_search ((GArray *) earlier, commit, ul_checksum_compare_func, NULL))
         || ul_prune_is_recent (job, UL_OBJECT_COMMIT, commit);
}

static gboolean
add_unreferenced (Planner *planner, const GArray *present, const GArray *earlier, GError **error)
{
  const UlPruneOptions *options = planner->job->options;
  for (guint i = 0; i < present->len; i++)
    {
      const UlChecksum *checksum = &g_array_index (present, UlChecksum, i);
      UlPruneCommit *commit;
      if (ul_prune_plan_kept (planner->plan, checksum) != NULL || is_doomed (planner->job, checksum)
          || !keeps_unreferenced (planner->job, earlier, checksum))
        continue;
      if (!look_at (planner, checksum, &commit, error)
          || !keep_by_depth (planner, commit, options->depth, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ul_prune_plan (const UlPruneJob *job, const GArray *present, const GArray *earlier,
               UlPrunePlan **out_plan, GError **error)
{
  g_autoptr (GHashTable) plan
      = g_hash_table_new_full (ul_checksum_hash, ul_checksum_equal_func, NULL, g_free);
  Planner planner = { .job = job, .plan = plan };
  if (!add_refs (&planner, error) || !add_collection_refs (&planner, error)
      || !add_unreferenced (&planner, present, earlier, error))
    return FALSE;
  *out_plan = g_steal_pointer (&plan);
  return TRUE;
}
