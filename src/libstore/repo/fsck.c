// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/fsck.h"

#include "core/commit.h"
#include "repo/fsck-private.h"
#include "repo/objects.h"
#include "repo/traverse.h"
#include "util/pool.h"
#include "util/sort.h"

#define BATCH 32

typedef struct
{
  UlObjectType type;
  UlChecksum checksum;
} Object;

typedef struct
{
  guint n;
  Object objects[BATCH];
} Batch;

struct _UlFsckWalk
{
  UlFsckCheck *check;
  UlTraversal *traversal;
  UlPool *pool;     /* of the pass that runs */
  Batch *batch;     /* being filled by the walking thread */
  UlHasher *hasher; /* the walking thread's */
};
typedef UlFsckWalk Walk;

static gboolean
verify_object (UlFsckCheck *check, UlObjectType type, const UlChecksum *checksum, UlHasher *hasher,
               GError **error)
{
  UlChecksum actual;
  guint64 bytes = 0;
  GError *cause = NULL;
  if (ul_objects_verify (check->repo, type, checksum, hasher, &actual, &bytes, &cause))
    ul_fsck_compare (check, type, checksum, &actual);
  else if (!ul_fsck_judge (check, type, checksum, cause, error))
    return FALSE;
  __atomic_fetch_add (&check->result->n_bytes, bytes, __ATOMIC_RELAXED);
  ul_progress_add (check->options->progress, bytes, bytes);
  ul_progress_add (check->options->progress, done, 1);
  return TRUE;
}

static gpointer
worker_new (gpointer data)
{
  return ul_hasher_new ();
}

static void
worker_free (gpointer hasher)
{
  ul_hasher_free (hasher);
}

static gboolean
verify_batch (gpointer item, gpointer worker, gpointer data, GError **error)
{
  const Batch *batch = item;
  for (guint i = 0; i < batch->n; i++)
    if (!verify_object (data, batch->objects[i].type, &batch->objects[i].checksum, worker, error))
      return FALSE;
  return TRUE;
}

static gboolean
flush (Walk *walk)
{
  return walk->batch == NULL || walk->batch->n == 0
         || ul_pool_push (walk->pool, g_steal_pointer (&walk->batch));
}

static gboolean
push (Walk *walk, UlObjectType type, const UlChecksum *checksum)
{
  if (walk->batch == NULL)
    walk->batch = g_new0 (Batch, 1);
  walk->batch->objects[walk->batch->n++] = (Object){ .type = type, .checksum = *checksum };
  /* A failed pool has the error; ul_pool_finish () gives it. */
  return walk->batch->n < BATCH || flush (walk);
}

static gboolean
visit (UlObjectType type, const UlChecksum *checksum, GVariant *variant, gpointer data,
       GError **error)
{
  Walk *walk = data;
  UlFsckCheck *check = walk->check;
  check->result->n_objects++;
  ul_progress_add (check->options->progress, total, 1);
  if (variant != NULL) /* loaded already: hash it here rather than read it twice */
    {
      UlChecksum actual;
      ul_hasher_start (walk->hasher);
      ul_hasher_update (walk->hasher, g_variant_get_data (variant), g_variant_get_size (variant));
      ul_hasher_finish (walk->hasher, &actual);
      ul_fsck_compare (check, type, checksum, &actual);
      ul_progress_add (check->options->progress, done, 1);
      return TRUE;
    }
  return push (walk, type, checksum);
}

static gboolean
broken (UlObjectType type, const UlChecksum *checksum, GError *cause, gpointer data, GError **error)
{
  UlFsckCheck *check = ((Walk *) data)->check;
  check->result->n_objects++;
  return ul_fsck_judge (check, type, checksum, cause, error);
}

static gboolean
check_parent (UlFsckCheck *check, const UlChecksum *checksum, const UlCommit *commit,
              GError **error)
{
  gboolean has;
  if (!commit->has_parent)
    return TRUE;
  if (!ul_objects_has (check->repo, UL_OBJECT_COMMIT, &commit->parent, &has, error))
    return FALSE;
  if (!has)
    {
      g_autofree char *parent = ul_checksum_dup_hex (&commit->parent);
      const UlFsckFinding *finding
          = ul_fsck_find (check, UL_FSCK_MISSING_PARENT, UL_OBJECT_COMMIT, &commit->parent, NULL,
                          g_strdup_printf ("Parent commit missing: %s", parent));
      g_array_append_vals (finding->commits, checksum, 1);
    }
  return TRUE;
}

/* *out_skip: what it lacks is known to somebody else. A repair wants to know it itself. */
static gboolean
note_partial (UlFsckCheck *check, const UlChecksum *checksum, gboolean *out_skip, GError **error)
{
  gboolean by_fsck;
  if (!ul_objects_commit_marked_by_fsck (check->repo, checksum, &by_fsck, error))
    return FALSE;
  if (by_fsck)
    g_ptr_array_add (check->result->partial_by_fsck, ul_checksum_dup_hex (checksum));
  g_ptr_array_add (check->result->partial, ul_checksum_dup_hex (checksum));
  *out_skip = !(by_fsck && check->options->repair);
  check->result->n_partial += *out_skip ? 1 : 0;
  return TRUE;
}

static gboolean
check_commit (Walk *walk, const UlChecksum *checksum, gboolean named, GError **error)
{
  UlFsckCheck *check = walk->check;
  gboolean partial;
  if (!ul_objects_commit_is_partial (check->repo, checksum, &partial, error)
      || (partial && !note_partial (check, checksum, &partial, error)))
    return FALSE;
  if (partial && !named)
    return TRUE;
  check->result->n_commits += partial ? 0 : 1;
  check->result->n_objects++;
  ul_progress_add (check->options->progress, total, 1);
  if (!verify_object (check, UL_OBJECT_COMMIT, checksum, walk->hasher, error))
    return FALSE;

  g_auto (UlCommit) commit = { 0 };
  if (partial || !ul_objects_load_commit (check->repo, checksum, &commit, NULL))
    return TRUE; /* found already */
  return check_parent (check, checksum, &commit, error)
         && ul_traversal_walk (walk->traversal, &commit.tree, &commit.meta, error);
}

static gboolean
collect_commit (UlObjectType type, const UlChecksum *checksum, gpointer data, GError **error)
{
  if (type == UL_OBJECT_COMMIT)
    g_array_append_val ((GArray *) data, *checksum);
  return TRUE;
}

gboolean
ul_fsck_list_commits (UlRepo *repo, GArray **out_commits, GError **error)
{
  g_autoptr (GArray) commits = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  for (; repo != NULL; repo = ul_repo_parent (repo))
    if (!ul_objects_foreach (repo, collect_commit, commits, error))
      return FALSE;
  g_array_sort (commits, ul_checksum_compare_func);
  /* A parent may have some of the same. */
  for (guint i = commits->len; i-- > 1;)
    if (ul_checksum_equal (&g_array_index (commits, UlChecksum, i - 1),
                           &g_array_index (commits, UlChecksum, i)))
      g_array_remove_index (commits, i);
  *out_commits = g_steal_pointer (&commits);
  return TRUE;
}

/* Those that refs name before objects/ is listed, so that workers have something to do meanwhile.
 */
static gboolean
walk_commits (Walk *walk, gpointer data, GError **error)
{
  g_autoptr (GArray) commits = NULL;
  GArray *named = walk->check->named;
  g_array_sort (named, ul_checksum_compare_func);
  for (guint i = 0; i < named->len; i++)
    {
      const UlChecksum *commit = &g_array_index (named, UlChecksum, i);
      const gboolean again = i > 0 && ul_checksum_equal (commit - 1, commit);
      if (!again && !check_commit (walk, commit, TRUE, error))
        return FALSE;
    }
  if (!ul_fsck_list_commits (walk->check->repo, &commits, error))
    return FALSE;
  for (guint i = 0; i < commits->len; i++)
    {
      const UlChecksum *commit = &g_array_index (commits, UlChecksum, i);
      if (!g_array_binary_search (named, commit, ul_checksum_compare_func, NULL)
          && !check_commit (walk, commit, FALSE, error))
        return FALSE;
    }
  return TRUE;
}

/* Steps of the walk, with workers beside it. */
typedef gboolean (*Pass) (Walk *walk, gpointer data, GError **error);

static gboolean
run_pass (UlFsckCheck *check, Pass pass, gpointer data, GError **error)
{
  Walk *walk = check->walk;
  const UlPoolOptions pool_options = {
    .jobs = check->options->jobs,
    .run = verify_batch,
    .item_free = g_free,
    .worker_new = worker_new,
    .worker_free = worker_free,
    .data = check,
  };
  g_autoptr (UlPool) pool = ul_pool_new (&pool_options);
  g_autoptr (GError) walk_error = NULL;
  walk->pool = pool;
  const gboolean walked = pass (walk, data, &walk_error) && flush (walk);
  g_clear_pointer (&walk->batch, g_free);
  if (!ul_pool_finish (pool, error))
    return FALSE;
  if (!walked)
    g_propagate_error (error, g_steal_pointer (&walk_error));
  return walked;
}

typedef struct
{
  const UlFsckFound *found;
  guint n;
} Found;

static gboolean
walk_found (Walk *walk, gpointer data, GError **error)
{
  const Found *all = data;
  for (guint i = 0; i < all->n; i++)
    {
      const UlFsckFound *found = &all->found[i];
      g_auto (UlCommit) commit = { 0 };
      if (found->type == UL_OBJECT_DIRTREE)
        {
          if (!ul_traversal_enter (walk->traversal, found->variant, error))
            return FALSE;
        }
      else if (!ul_commit_parse (found->variant, &commit, error)
               || !ul_traversal_walk (walk->traversal, &commit.tree, &commit.meta, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ul_fsck_go_on (UlFsckCheck *check, const UlFsckFound *found, guint n, GError **error)
{
  Found all = { .found = found, .n = n };
  return run_pass (check, walk_found, &all, error);
}

static gboolean
push_unreached (UlObjectType type, const UlChecksum *checksum, gpointer data, GError **error)
{
  Walk *walk = data;
  if ((type != UL_OBJECT_FILE && type != UL_OBJECT_DIRTREE && type != UL_OBJECT_DIRMETA)
      || ul_traversal_has (walk->traversal, type, checksum))
    return TRUE;
  walk->check->result->n_objects++;
  ul_progress_add (walk->check->options->progress, total, 1);
  return push (walk, type, checksum);
}

static gboolean
walk_unreached (Walk *walk, gpointer data, GError **error)
{
  return ul_objects_foreach (walk->check->repo, push_unreached, walk, error);
}

/* What is missing by now was pruned. */
static void
drop_missing (GPtrArray *findings, guint from)
{
  for (guint i = findings->len; i-- > from;)
    if (((UlFsckFinding *) findings->pdata[i])->kind == UL_FSCK_MISSING_OBJECT)
      g_ptr_array_remove_index (findings, i);
}

gboolean
ul_fsck_check_unreached (UlFsckCheck *check, GError **error)
{
  GPtrArray *findings = check->result->findings;
  const guint before = findings->len;
  if (!run_pass (check, walk_unreached, NULL, error))
    return FALSE;
  drop_missing (findings, before);
  for (guint i = before; i < findings->len; i++)
    ((UlFsckFinding *) findings->pdata[i])->unreached = TRUE;
  return TRUE;
}

static gboolean
check_all (UlFsckCheck *check, UlRepair **out_repair, GError **error)
{
  const UlTraversalFuncs funcs = { .visit = visit, .broken = broken, .data = check->walk };
  g_autoptr (UlTraversal) traversal = ul_traversal_new (check->repo, &funcs);
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  *check->walk = (Walk){ .check = check, .traversal = traversal, .hasher = hasher };
  *out_repair = NULL;
  return ul_fsck_check_refs (check, error) && run_pass (check, walk_commits, NULL, error)
         && (!check->options->repair || ul_repair_fetch (check, out_repair, error));
}

gboolean
ul_fsck_run (UlRepo *repo, const UlFsckOptions *options, UlFsckResult *out_result, GError **error)
{
  g_auto (UlFsckResult) result = { 0 };
  result.findings = ul_fsck_findings_new ();
  result.partial = g_ptr_array_new_with_free_func (g_free);
  result.partial_by_fsck = g_ptr_array_new_with_free_func (g_free);
  result.completed = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) named = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  Walk walk;
  UlFsckCheck check
      = { .repo = repo, .options = options, .result = &result, .walk = &walk, .named = named };
  g_autoptr (UlRepair) repair = NULL;
  g_mutex_init (&check.lock);
  const gboolean ok = check_all (&check, &repair, error);
  g_mutex_clear (&check.lock);
  if (!ok)
    return FALSE;
  ul_fsck_sort (result.findings);
  if (!ul_fsck_mend (repo, options, &result, repair, error))
    return FALSE;
  g_ptr_array_sort (result.partial, ul_compare_strings);
  g_ptr_array_sort (result.partial_by_fsck, ul_compare_strings);
  *out_result = result;
  result = (UlFsckResult){ 0 };
  return TRUE;
}
