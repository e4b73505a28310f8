// SPDX-License-Identifier: LGPL-2.1-or-later

/* Groups are walked one after the other, and each object remembers which have reached it: as a node
 * in a tree whose paths from the root are sets of groups, of which there are few. */

#include "repo/shares.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/checksum-set.h"
#include "core/commit.h"
#include "repo/objects.h"
#include "repo/reach.h"

#define BLOCK  512 /* of st_blocks, whatever the file system's is */
#define ABSENT G_MAXUINT32

/* The set of its parent, and one more group. */
typedef struct
{
  guint32 parent;
  guint32 group;
  UlDfSize size;
} Node;

/* Kept for each object. */
typedef struct
{
  guint32 blocks; /* ABSENT: not in this repository */
  guint32 node;   /* 0: no group yet, and blocks aren't known */
} Object;

struct _UlShares
{
  UlRepo *repo;
  guint jobs;
  UlProgress *progress;
  UlChecksumSet *objects[UL_OBJECT_COMMIT + 1]; /* by type, with Object */
  UlChecksumSet *missing;                       /* dirtrees */
  guint32 n_groups;

  /* Of the group that is being walked. */
  guint32 n_before; /* nodes there were before; what has a later one is known to it */
  guint32 *next;    /* atomic; for each of those the set that has this group, too, or 0 */
  GMutex lock;      /* guards nodes, and what writes to next */
  GArray *nodes;    /* of Node; the first is the empty set */
};

UlShares *
ul_shares_new (UlRepo *repo, guint jobs, UlProgress *progress)
{
  const Node empty = { 0 };
  UlShares *self = g_new0 (UlShares, 1);
  self->repo = g_object_ref (repo);
  self->jobs = jobs;
  self->progress = progress;
  for (guint i = UL_OBJECT_FILE; i <= UL_OBJECT_COMMIT; i++)
    self->objects[i] = ul_checksum_set_new (sizeof (Object));
  self->missing = ul_checksum_set_new (0);
  self->nodes = g_array_new (FALSE, FALSE, sizeof (Node));
  g_array_append_val (self->nodes, empty);
  g_mutex_init (&self->lock);
  return self;
}

void
ul_shares_free (UlShares *self)
{
  if (self == NULL)
    return;
  for (guint i = UL_OBJECT_FILE; i <= UL_OBJECT_COMMIT; i++)
    ul_checksum_set_free (self->objects[i]);
  ul_checksum_set_free (self->missing);
  g_array_unref (self->nodes);
  g_mutex_clear (&self->lock);
  g_object_unref (self->repo);
  g_free (self);
}

/* The set @node and the group that is walked. */
static guint32
with_group (UlShares *self, guint32 node)
{
  guint32 next = __atomic_load_n (&self->next[node], __ATOMIC_RELAXED);
  if (next != 0)
    return next;
  g_mutex_lock (&self->lock);
  next = self->next[node];
  if (next == 0)
    {
      const Node new = { .parent = node, .group = self->n_groups };
      next = self->nodes->len;
      g_array_append_val (self->nodes, new);
      __atomic_store_n (&self->next[node], next, __ATOMIC_RELAXED);
    }
  g_mutex_unlock (&self->lock);
  return next;
}

static guint32
blocks_of (UlShares *self, UlObjectType type, const UlChecksum *checksum)
{
  struct stat st;
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (checksum, type, ul_repo_is_compressed (self->repo), path);
  if (fstatat (ul_repo_objects_dfd (self->repo), path, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return ABSENT;
  return (guint32) MIN ((guint64) st.st_blocks, ABSENT - 1);
}

/* A commit's size includes its detached metadata, as in `df`. */
static guint32
measure (UlShares *self, UlObjectType type, const UlChecksum *checksum)
{
  const guint32 blocks = blocks_of (self, type, checksum);
  if (type != UL_OBJECT_COMMIT || blocks == ABSENT)
    return blocks;
  const guint32 more = blocks_of (self, UL_OBJECT_COMMITMETA, checksum);
  return more == ABSENT ? blocks : MIN (blocks + more, ABSENT - 1);
}

typedef struct
{
  UlShares *self;
  gboolean is_measured;
  guint32 blocks;
  gboolean is_done;
  gboolean is_new; /* to the group */
} Claim;

static void
mark (const UlChecksum *checksum, gpointer value, gpointer data)
{
  Claim *claim = data;
  Object object;
  memcpy (&object, value, sizeof object);
  if (object.node == 0 && !claim->is_measured)
    return;
  claim->is_done = TRUE;
  if (object.node >= claim->self->n_before)
    return;
  if (object.node == 0)
    object.blocks = claim->blocks;
  object.node = with_group (claim->self, object.node);
  claim->is_new = TRUE;
  memcpy (value, &object, sizeof object);
}

/* What two threads find at once both measure: not to hold up others meanwhile. */
static gboolean
claim (UlObjectType type, const UlChecksum *checksum, gpointer data)
{
  UlShares *self = data;
  Claim claim = { .self = self };
  if (!ul_checksum_set_update (self->objects[type], checksum, mark, &claim) || !claim.is_done)
    {
      claim.blocks = measure (self, type, checksum);
      claim.is_measured = TRUE;
      ul_checksum_set_add (self->objects[type], checksum);
      ul_checksum_set_update (self->objects[type], checksum, mark, &claim);
    }
  return claim.is_new;
}

/* The roots of a commit and its parents, as far as they are there. */
static gboolean
add_history (UlShares *self, const UlChecksum *head, UlPruneDepth depth, GArray *trees,
             GError **error)
{
  UlChecksum at = *head;
  gboolean has;
  while (claim (UL_OBJECT_COMMIT, &at, self))
    {
      g_auto (UlCommit) commit = { 0 };
      if (!ul_objects_has (self->repo, UL_OBJECT_COMMIT, &at, &has, error))
        return FALSE;
      if (!has)
        return TRUE;
      if (!ul_objects_load_commit (self->repo, &at, &commit, error))
        return FALSE;
      claim (UL_OBJECT_DIRMETA, &commit.meta, self);
      g_array_append_val (trees, commit.tree);
      if (!commit.has_parent || (depth.limited && depth.parents-- == 0))
        return TRUE;
      at = commit.parent;
    }
  return TRUE;
}

static gboolean
walk (UlShares *self, const GArray *commits, UlPruneDepth depth, GError **error)
{
  g_autoptr (GArray) trees = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  for (guint i = 0; i < commits->len; i++)
    if (!add_history (self, &g_array_index (commits, UlChecksum, i), depth, trees, error))
      return FALSE;
  const UlReach options = {
    .repo = self->repo,
    .jobs = self->jobs,
    .claim = claim,
    .data = self,
    .progress = self->progress,
  };
  g_autoptr (GPtrArray) faults = ul_reach_walk (&options, trees);
  for (guint i = 0; i < faults->len; i++)
    ul_checksum_set_add (self->missing, &((const UlReachFault *) faults->pdata[i])->tree);
  return TRUE;
}

gboolean
ul_shares_add (UlShares *self, const GArray *commits, UlPruneDepth depth, guint *out_group,
               GError **error)
{
  self->n_before = self->nodes->len;
  self->next = g_new0 (guint32, self->n_before);
  const gboolean ok = walk (self, commits, depth, error);
  g_clear_pointer (&self->next, g_free);
  const guint group = self->n_groups++;
  if (ok)
    *out_group = group;
  return ok;
}

gboolean
ul_shares_has (UlShares *self, guint group, UlObjectType type, const UlChecksum *checksum)
{
  Object object;
  if (!ul_checksum_set_get (self->objects[type], checksum, &object))
    return FALSE;
  for (guint32 at = object.node; at != 0; at = g_array_index (self->nodes, Node, at).parent)
    if (g_array_index (self->nodes, Node, at).group == group)
      return TRUE;
  return FALSE;
}

static void
sum_up (const UlChecksum *checksum, gpointer value, gpointer data)
{
  UlShares *self = data;
  Object object;
  memcpy (&object, value, sizeof object);
  if (object.blocks == ABSENT)
    return;
  UlDfSize *size = &g_array_index (self->nodes, Node, object.node).size;
  size->objects++;
  size->bytes += (guint64) object.blocks * BLOCK;
}

void
ul_shares_foreach (UlShares *self, UlSharesFunc func, gpointer data)
{
  g_autofree guint *groups = g_new (guint, self->n_groups + 1);
  for (guint i = 0; i < self->nodes->len; i++)
    g_array_index (self->nodes, Node, i).size = (UlDfSize){ 0 };
  for (guint i = UL_OBJECT_FILE; i <= UL_OBJECT_COMMIT; i++)
    ul_checksum_set_foreach (self->objects[i], sum_up, self);
  for (guint i = 1; i < self->nodes->len; i++)
    {
      /* Later groups are farther from the root. */
      guint from = self->n_groups;
      for (guint32 at = i; at != 0; at = g_array_index (self->nodes, Node, at).parent)
        groups[--from] = g_array_index (self->nodes, Node, at).group;
      const Node *node = &g_array_index (self->nodes, Node, i);
      if (node->size.objects > 0)
        func (groups + from, self->n_groups - from, &node->size, data);
    }
}

guint64
ul_shares_missing (UlShares *self)
{
  return ul_checksum_set_size (self->missing);
}
