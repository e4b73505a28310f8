// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/fsck.h"

#include <string.h>

#include "core/commit.h"
#include "repo/fsck-private.h"
#include "repo/lock.h"
#include "repo/objects.h"
#include "repo/refs.h"
#include "repo/traverse.h"
#include "util/error.h"
#include "util/pool.h"

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

typedef struct
{
  UlRepo *repo;
  const UlFsckOptions *options;
  UlFsckResult *result;
  UlPool *pool;
  Batch *batch;     /* being filled by the walking thread */
  UlHasher *hasher; /* the walking thread's */
  GArray *named;    /* of UlChecksum: the commits that refs point to */
  GMutex lock;      /* guards result->findings and the sums */
} Check;

static void
finding_free (gpointer data)
{
  UlFsckFinding *finding = data;
  g_free (finding->ref);
  g_free (finding->message);
  g_free (finding);
}

void
ul_fsck_result_clear (UlFsckResult *result)
{
  g_clear_pointer (&result->findings, g_ptr_array_unref);
  g_clear_pointer (&result->partial, g_ptr_array_unref);
}

static int
compare_findings (gconstpointer a, gconstpointer b)
{
  const UlFsckFinding *x = *(UlFsckFinding *const *) a;
  const UlFsckFinding *y = *(UlFsckFinding *const *) b;
  if (x->kind != y->kind)
    return (int) x->kind - (int) y->kind;
  if (x->type != y->type)
    return (int) x->type - (int) y->type;
  const int order = memcmp (&x->checksum, &y->checksum, sizeof x->checksum);
  return order != 0 ? order : g_strcmp0 (x->ref, y->ref);
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static UlFsckFinding *
find (Check *check, UlFsckKind kind, UlObjectType type, const UlChecksum *checksum, const char *ref,
      char *message)
{
  UlFsckFinding *finding = g_new0 (UlFsckFinding, 1);
  finding->kind = kind;
  finding->type = type;
  finding->checksum = *checksum;
  finding->ref = g_strdup (ref);
  finding->message = message;
  g_mutex_lock (&check->lock);
  g_ptr_array_add (check->result->findings, finding);
  g_mutex_unlock (&check->lock);
  return finding;
}

/* Errors that say nothing about the object: the check itself can't be made. */
static gboolean
is_our_own (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
         || g_error_matches (error, UL_ERROR, UL_ERROR_NO_SPACE);
}

/* Turn a failed load into a finding. Takes @cause. */
static gboolean
judge (Check *check, UlObjectType type, const UlChecksum *checksum, GError *cause, GError **error)
{
  g_autoptr (GError) owned = cause;
  g_autofree char *name = ul_object_to_string (checksum, type);
  if (is_our_own (owned))
    {
      g_propagate_error (error, g_steal_pointer (&owned));
      return FALSE;
    }
  if (g_error_matches (owned, UL_ERROR, UL_ERROR_NOT_FOUND))
    find (check, UL_FSCK_MISSING_OBJECT, type, checksum, NULL,
          g_strdup_printf ("Object missing: %s", name));
  else
    {
      UlFsckFinding *finding
          = find (check, UL_FSCK_CORRUPT_OBJECT, type, checksum, NULL, g_strdup (owned->message));
      finding->unreadable = owned->domain != UL_ERROR;
    }
  return TRUE;
}

static void
compare (Check *check, UlObjectType type, const UlChecksum *expected, const UlChecksum *actual)
{
  if (ul_checksum_equal (expected, actual))
    return;
  char want[UL_CHECKSUM_HEX_LEN + 1];
  char got[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (expected, want);
  ul_checksum_to_hex (actual, got);
  find (check, UL_FSCK_CORRUPT_OBJECT, type, expected, NULL,
        g_strdup_printf ("Corrupted %s object; checksum expected='%s' actual='%s'",
                         ul_object_type_name (type), want, got));
}

static gboolean
verify_object (Check *check, UlObjectType type, const UlChecksum *checksum, UlHasher *hasher,
               GError **error)
{
  UlChecksum actual;
  guint64 bytes = 0;
  GError *cause = NULL;
  if (ul_objects_verify (check->repo, type, checksum, hasher, &actual, &bytes, &cause))
    compare (check, type, checksum, &actual);
  else if (!judge (check, type, checksum, cause, error))
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
flush (Check *check)
{
  return check->batch == NULL || check->batch->n == 0
         || ul_pool_push (check->pool, g_steal_pointer (&check->batch));
}

static gboolean
visit (UlObjectType type, const UlChecksum *checksum, GVariant *variant, gpointer data,
       GError **error)
{
  Check *check = data;
  check->result->n_objects++;
  ul_progress_add (check->options->progress, total, 1);
  if (variant != NULL) /* loaded already: hash it here rather than read it twice */
    {
      UlChecksum actual;
      ul_hasher_start (check->hasher);
      ul_hasher_update (check->hasher, g_variant_get_data (variant), g_variant_get_size (variant));
      ul_hasher_finish (check->hasher, &actual);
      compare (check, type, checksum, &actual);
      ul_progress_add (check->options->progress, done, 1);
      return TRUE;
    }
  if (check->batch == NULL)
    check->batch = g_new0 (Batch, 1);
  check->batch->objects[check->batch->n++] = (Object){ .type = type, .checksum = *checksum };
  /* A failed pool has the error; ul_pool_finish () gives it. */
  return check->batch->n < BATCH || flush (check);
}

static gboolean
broken (UlObjectType type, const UlChecksum *checksum, GError *cause, gpointer data, GError **error)
{
  Check *check = data;
  check->result->n_objects++;
  return judge (check, type, checksum, cause, error);
}

static gboolean
check_parent (Check *check, const UlChecksum *checksum, const UlCommit *commit, GError **error)
{
  gboolean has;
  if (!commit->has_parent)
    return TRUE;
  if (!ul_objects_has (check->repo, UL_OBJECT_COMMIT, &commit->parent, &has, error))
    return FALSE;
  if (!has)
    {
      g_autofree char *parent = ul_checksum_dup_hex (&commit->parent);
      find (check, UL_FSCK_MISSING_PARENT, UL_OBJECT_COMMIT, &commit->parent, NULL,
            g_strdup_printf ("Parent commit missing: %s", parent));
    }
  return TRUE;
}

static gboolean
check_commit (Check *check, UlTraversal *traversal, const UlChecksum *checksum, GError **error)
{
  gboolean partial;
  if (!ul_objects_commit_is_partial (check->repo, checksum, &partial, error))
    return FALSE;
  if (partial)
    {
      gboolean by_fsck;
      if (!ul_objects_commit_marked_by_fsck (check->repo, checksum, &by_fsck, error))
        return FALSE;
      check->result->n_partial_by_fsck += by_fsck ? 1 : 0;
      check->result->n_partial++;
      g_ptr_array_add (check->result->partial, ul_checksum_dup_hex (checksum));
      return TRUE;
    }
  check->result->n_commits++;
  check->result->n_objects++;
  ul_progress_add (check->options->progress, total, 1);
  if (!verify_object (check, UL_OBJECT_COMMIT, checksum, check->hasher, error))
    return FALSE;

  g_autoptr (GVariant) variant = NULL;
  g_auto (UlCommit) commit = { 0 };
  if (!ul_objects_load (check->repo, UL_OBJECT_COMMIT, checksum, &variant, NULL)
      || !ul_commit_parse (variant, &commit, NULL))
    return TRUE; /* found already */
  return check_parent (check, checksum, &commit, error)
         && ul_traversal_walk (traversal, &commit.tree, &commit.meta, error);
}

static gboolean
collect_commit (UlObjectType type, const UlChecksum *checksum, gpointer data, GError **error)
{
  if (type == UL_OBJECT_COMMIT)
    g_array_append_val ((GArray *) data, *checksum);
  return TRUE;
}

static int
compare_checksums (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (UlChecksum));
}

gboolean
ul_fsck_list_commits (UlRepo *repo, GArray **out_commits, GError **error)
{
  g_autoptr (GArray) commits = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  if (!ul_objects_foreach (repo, collect_commit, commits, error))
    return FALSE;
  g_array_sort (commits, compare_checksums);
  *out_commits = g_steal_pointer (&commits);
  return TRUE;
}

/* Those that refs name before objects/ is listed, so that workers have something to do meanwhile.
 */
static gboolean
walk_commits (Check *check, GError **error)
{
  const UlTraversalFuncs funcs = { .visit = visit, .broken = broken, .data = check };
  g_autoptr (UlTraversal) traversal = ul_traversal_new (check->repo, &funcs);
  g_autoptr (GArray) commits = NULL;
  GArray *named = check->named;
  g_array_sort (named, compare_checksums);
  for (guint i = 0; i < named->len; i++)
    {
      const UlChecksum *commit = &g_array_index (named, UlChecksum, i);
      const gboolean again = i > 0 && ul_checksum_equal (commit - 1, commit);
      if (!again && !check_commit (check, traversal, commit, error))
        return FALSE;
    }
  if (!ul_fsck_list_commits (check->repo, &commits, error))
    return FALSE;
  for (guint i = 0; i < commits->len; i++)
    {
      const UlChecksum *commit = &g_array_index (commits, UlChecksum, i);
      if (!g_array_binary_search (named, commit, compare_checksums, NULL)
          && !check_commit (check, traversal, commit, error))
        return FALSE;
    }
  return flush (check);
}

static gboolean
check_objects (Check *check, GError **error)
{
  const UlPoolOptions pool_options = {
    .jobs = check->options->jobs,
    .run = verify_batch,
    .item_free = g_free,
    .worker_new = worker_new,
    .worker_free = worker_free,
    .data = check,
  };
  g_autoptr (UlPool) pool = ul_pool_new (&pool_options);
  check->pool = pool;
  g_autoptr (GError) walk_error = NULL;
  const gboolean walked = walk_commits (check, &walk_error);
  g_clear_pointer (&check->batch, g_free);
  check->pool = NULL;
  if (!ul_pool_finish (pool, error))
    return FALSE;
  if (!walked)
    g_propagate_error (error, g_steal_pointer (&walk_error));
  return walked;
}

void
ul_fsck_find (gpointer check, UlFsckKind kind, const UlChecksum *checksum, const char *ref,
              char *message)
{
  find (check, kind, UL_OBJECT_COMMIT, checksum, ref, message);
}

void
ul_fsck_add_named (gpointer data, const UlChecksum *commit)
{
  g_array_append_val (((Check *) data)->named, *commit);
}

gboolean
ul_fsck_run (UlRepo *repo, const UlFsckOptions *options, UlFsckResult *out_result, GError **error)
{
  g_auto (UlFsckResult) result = { 0 };
  result.findings = g_ptr_array_new_with_free_func (finding_free);
  result.partial = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  g_autoptr (GArray) named = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  Check check = {
    .repo = repo,
    .options = options,
    .result = &result,
    .hasher = hasher,
    .named = named,
  };
  g_mutex_init (&check.lock);
  const gboolean ok
      = ul_fsck_check_refs (repo, options, &check, error) && check_objects (&check, error);
  g_mutex_clear (&check.lock);
  if (!ok)
    return FALSE;
  g_ptr_array_sort (result.findings, compare_findings);
  g_ptr_array_sort (result.partial, compare_strings);
  if (!ul_fsck_mend (repo, options, &result, error))
    return FALSE;
  *out_result = result;
  result = (UlFsckResult){ 0 };
  return TRUE;
}
