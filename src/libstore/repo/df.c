// SPDX-License-Identifier: LGPL-2.1-or-later

/* Every object is listed with its size. Then refs are walked one after the other; each object
 * remembers the ref that reached it first, or that it was more than one, and the ref that reached
 * it last, so that it counts once for each. */

#include "repo/df.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/checksum-set.h"
#include "core/commit.h"
#include "repo/objects.h"
#include "repo/reach.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/pool.h"

#define BLOCK 512 /* of st_blocks, whatever the file system's is */

/* Whom an object belongs to: 0 nobody, the index of a ref and 1, or one of these. */
#define OWNER_MANY   G_MAXUINT32
#define OWNER_COMMIT (G_MAXUINT32 - 1) /* a commit that no ref reaches */

/* Kept for each object. */
typedef struct
{
  guint32 blocks;
  guint32 owner;
  guint32 last;
} Object;

typedef struct
{
  UlRepo *repo;
  const UlDfOptions *options;
  UlDfResult *result;
  UlChecksumSet *objects[UL_OBJECT_COMMIT + 1]; /* by type, with Object */
  UlChecksumSet *missing;                       /* dirtrees */
  GMutex lock;                                  /* guards commits */
  GArray *commits;                              /* of UlChecksum: all */
} Df;

/* Reaching for one owner. */
typedef struct
{
  Df *df;
  guint32 owner;
  UlDfSize size;            /* atomic */
  UlChecksumSet *elsewhere; /* dirtrees that aren't listed */
} Walk;

static void
ref_free (gpointer data)
{
  UlDfRef *ref = data;
  g_free (ref->name);
  g_free (ref);
}

void
ul_df_result_clear (UlDfResult *result)
{
  g_clear_pointer (&result->refs, g_ptr_array_unref);
}

static void
add_blocks (const UlChecksum *checksum, gpointer value, gpointer data)
{
  Object object;
  memcpy (&object, value, sizeof object);
  const guint64 blocks = (guint64) object.blocks + *(guint64 *) data;
  object.blocks = (guint32) MIN (blocks, G_MAXUINT32);
  memcpy (value, &object, sizeof object);
}

static gboolean
list_object (UlObjectType type, const UlChecksum *checksum, gpointer data, GError **error)
{
  Df *df = data;
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  struct stat st;
  const UlObjectType counts_as = type == UL_OBJECT_COMMITMETA ? UL_OBJECT_COMMIT : type;
  if (counts_as > UL_OBJECT_COMMIT)
    return TRUE;
  ul_object_loose_path (checksum, type, ul_repo_is_compressed (df->repo), path);
  if (fstatat (ul_repo_objects_dfd (df->repo), path, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return TRUE; /* deleted meanwhile */
  guint64 blocks = (guint64) st.st_blocks;
  ul_checksum_set_add (df->objects[counts_as], checksum);
  ul_checksum_set_update (df->objects[counts_as], checksum, add_blocks, &blocks);
  if (type != UL_OBJECT_COMMIT)
    return TRUE;
  g_mutex_lock (&df->lock);
  g_array_append_vals (df->commits, checksum, 1);
  g_mutex_unlock (&df->lock);
  return TRUE;
}

static gboolean
list_directory (gpointer item, gpointer worker, gpointer data, GError **error)
{
  Df *df = data;
  return ul_objects_foreach_in (df->repo, (guint8) (GPOINTER_TO_UINT (item) - 1), list_object, df,
                                error);
}

static gboolean
list_objects (Df *df, GError **error)
{
  const UlPoolOptions options = { .jobs = df->options->jobs, .run = list_directory, .data = df };
  g_autoptr (UlPool) pool = ul_pool_new (&options);
  for (guint i = 1; i <= 256; i++)
    ul_pool_push (pool, GUINT_TO_POINTER (i));
  return ul_pool_finish (pool, error);
}

typedef struct
{
  Walk *walk;
  gboolean is_new;
} Claim;

static void
mark (const UlChecksum *checksum, gpointer value, gpointer data)
{
  Claim *claim = data;
  Walk *walk = claim->walk;
  Object object;
  memcpy (&object, value, sizeof object);
  /* What a ref reaches is no matter to a commit that none does. */
  claim->is_new = object.last != walk->owner && (walk->owner != OWNER_COMMIT || object.owner == 0);
  if (!claim->is_new)
    return;
  object.last = walk->owner;
  object.owner = object.owner == 0 ? walk->owner : OWNER_MANY;
  memcpy (value, &object, sizeof object);
  __atomic_fetch_add (&walk->size.objects, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add (&walk->size.bytes, (guint64) object.blocks * BLOCK, __ATOMIC_RELAXED);
}

static gboolean
claim (UlObjectType type, const UlChecksum *checksum, gpointer data)
{
  Walk *walk = data;
  Claim found = { .walk = walk };
  if (ul_checksum_set_update (walk->df->objects[type], checksum, mark, &found))
    return found.is_new;
  /* What isn't listed takes nothing here, but a parent repository's directory may lead back. */
  return type == UL_OBJECT_DIRTREE && ul_checksum_set_add (walk->elsewhere, checksum);
}

static void
reach (Walk *walk, const GArray *trees)
{
  g_autoptr (UlChecksumSet) elsewhere = ul_checksum_set_new (0);
  walk->elsewhere = elsewhere;
  const UlReach options = {
    .repo = walk->df->repo,
    .jobs = walk->df->options->jobs,
    .claim = claim,
    .data = walk,
    .progress = walk->df->options->progress,
  };
  g_autoptr (GPtrArray) faults = ul_reach_walk (&options, trees);
  for (guint i = 0; i < faults->len; i++)
    ul_checksum_set_add (walk->df->missing, &((const UlReachFault *) faults->pdata[i])->tree);
}

/* The roots of @commit and its parents, as far as they are there. */
static gboolean
add_history (Walk *walk, const UlChecksum *head, UlPruneDepth depth, GArray *trees,
             guint64 *out_commits, GError **error)
{
  UlChecksum at = *head;
  while (claim (UL_OBJECT_COMMIT, &at, walk))
    {
      g_auto (UlCommit) commit = { 0 };
      if (!ul_objects_load_commit (walk->df->repo, &at, &commit, error))
        return FALSE;
      claim (UL_OBJECT_DIRMETA, &commit.meta, walk);
      g_array_append_val (trees, commit.tree);
      ++*out_commits;
      if (!commit.has_parent || (depth.limited && depth.parents-- == 0))
        return TRUE;
      at = commit.parent;
    }
  return TRUE;
}

static gboolean
walk_ref (Df *df, UlDfRef *ref, guint32 owner, GError **error)
{
  Walk walk = { .df = df, .owner = owner };
  g_autoptr (GArray) trees = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  if (!add_history (&walk, &ref->commit, df->options->depth, trees, &ref->n_commits, error))
    return FALSE;
  reach (&walk, trees);
  ref->total = walk.size;
  return TRUE;
}

static gboolean
walk_unreferenced (Df *df, GError **error)
{
  const UlPruneDepth alone = { .limited = TRUE };
  Walk walk = { .df = df, .owner = OWNER_COMMIT };
  guint64 n_commits = 0;
  g_autoptr (GArray) trees = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  for (guint i = 0; i < df->commits->len; i++)
    if (!add_history (&walk, &g_array_index (df->commits, UlChecksum, i), alone, trees, &n_commits,
                      error))
      return FALSE;
  reach (&walk, trees);
  return TRUE;
}

static void
add_size (UlDfSize *size, const Object *object)
{
  size->objects++;
  size->bytes += (guint64) object->blocks * BLOCK;
}

static void
sum_up (const UlChecksum *checksum, gpointer value, gpointer data)
{
  UlDfResult *result = data;
  Object object;
  memcpy (&object, value, sizeof object);
  add_size (&result->all, &object);
  if (object.owner == OWNER_MANY)
    add_size (&result->shared, &object);
  else if (object.owner == 0 || object.owner == OWNER_COMMIT)
    {
      add_size (&result->unreferenced, &object);
      if (object.owner == 0)
        add_size (&result->unreachable, &object);
    }
  else
    add_size (&((UlDfRef *) result->refs->pdata[object.owner - 1])->exclusive, &object);
}

static void
add_ref (UlDfResult *result, char *name, const UlChecksum *commit)
{
  UlDfRef *ref = g_new0 (UlDfRef, 1);
  ref->name = name;
  ref->commit = *commit;
  g_ptr_array_add (result->refs, ref);
}

static gboolean
list_refs (UlRepo *repo, UlDfResult *result, GError **error)
{
  g_autoptr (GPtrArray) refs = NULL;
  if (!ul_refs_list_roots (repo, &refs, error))
    return FALSE;
  for (guint i = 0; i < refs->len; i++)
    {
      const UlRef *ref = refs->pdata[i];
      add_ref (result, g_strdup (ref->refspec), &ref->checksum);
    }
  return TRUE;
}

static gboolean
measure (Df *df, GError **error)
{
  UlDfResult *result = df->result;
  if (!list_refs (df->repo, result, error) || !list_objects (df, error))
    return FALSE;
  for (guint i = 0; i < result->refs->len; i++)
    if (!walk_ref (df, result->refs->pdata[i], i + 1, error))
      return FALSE;
  if (!walk_unreferenced (df, error))
    return FALSE;
  for (guint i = UL_OBJECT_FILE; i <= UL_OBJECT_COMMIT; i++)
    ul_checksum_set_foreach (df->objects[i], sum_up, result);
  result->n_missing = ul_checksum_set_size (df->missing);
  return TRUE;
}

gboolean
ul_df_run (UlRepo *repo, const UlDfOptions *options, UlDfResult *out_result, GError **error)
{
  g_auto (UlDfResult) result = { .refs = g_ptr_array_new_with_free_func (ref_free) };
  g_autoptr (GArray) commits = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  Df df = { .repo = repo, .options = options, .result = &result, .commits = commits };
  g_mutex_init (&df.lock);
  for (guint i = UL_OBJECT_FILE; i <= UL_OBJECT_COMMIT; i++)
    df.objects[i] = ul_checksum_set_new (sizeof (Object));
  df.missing = ul_checksum_set_new (0);
  const gboolean ok = measure (&df, error);
  ul_checksum_set_free (df.missing);
  for (guint i = UL_OBJECT_FILE; i <= UL_OBJECT_COMMIT; i++)
    ul_checksum_set_free (df.objects[i]);
  g_mutex_clear (&df.lock);
  if (!ok)
    return FALSE;
  *out_result = result;
  result = (UlDfResult){ 0 };
  return TRUE;
}
