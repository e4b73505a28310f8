// SPDX-License-Identifier: LGPL-2.1-or-later

/* Which commits need an object? The check itself goes to every object once, from whatever commit
 * comes first; remembering the rest would cost sound repositories memory. So for findings alone
 * the dirtrees are walked again, noting for each what contains it, and then one goes up from the
 * finding. That copes with dirtrees that are gone (their names lead up as well) and with forged
 * ones that contain themselves. */

#include <string.h>

#include "core/commit.h"
#include "core/dirtree.h"
#include "repo/fsck-private.h"
#include "repo/objects.h"
#include "repo/traverse.h"

typedef struct
{
  UlChecksum checksum; /* first, for ul_checksum_hash () */
  UlObjectType type;
} Node;

/* Node -> GArray of Node: the dirtrees and commits that contain it. All dirtrees, and of other
 * objects those that are looked for. */
typedef GHashTable Map;

static gboolean
node_equal (gconstpointer a, gconstpointer b)
{
  const Node *x = a;
  const Node *y = b;
  return x->type == y->type && ul_checksum_equal (&x->checksum, &y->checksum);
}

static void
map_add (Map *map, const Node *node)
{
  if (!g_hash_table_contains (map, node))
    g_hash_table_insert (map, g_memdup2 (node, sizeof *node),
                         g_array_new (FALSE, FALSE, sizeof (Node)));
}

static void
link_to (Map *map, UlObjectType type, const UlChecksum *checksum, const Node *parent)
{
  const Node node = { .checksum = *checksum, .type = type };
  if (type == UL_OBJECT_DIRTREE)
    map_add (map, &node);
  GArray *parents = g_hash_table_lookup (map, &node);
  if (parents != NULL)
    g_array_append_vals (parents, parent, 1);
}

static gboolean
visit (UlObjectType type, const UlChecksum *checksum, GVariant *variant, gpointer data,
       GError **error)
{
  if (type != UL_OBJECT_DIRTREE)
    return TRUE;
  const Node parent = { .checksum = *checksum, .type = type };
  g_auto (UlDirtreeView) view;
  ul_dirtree_view_init (&view, variant);
  for (gsize i = 0; i < view.n_files; i++)
    {
      UlDirtreeFile file;
      ul_dirtree_view_file (&view, i, &file);
      link_to (data, UL_OBJECT_FILE, &file.checksum, &parent);
    }
  for (gsize i = 0; i < view.n_dirs; i++)
    {
      UlDirtreeDir dir;
      ul_dirtree_view_dir (&view, i, &dir);
      link_to (data, UL_OBJECT_DIRMETA, &dir.meta, &parent);
      link_to (data, UL_OBJECT_DIRTREE, &dir.tree, &parent);
    }
  return TRUE;
}

/* Found by the check. */
static gboolean
broken (UlObjectType type, const UlChecksum *checksum, GError *cause, gpointer data, GError **error)
{
  g_error_free (cause);
  return TRUE;
}

static gboolean
add_commit (UlRepo *repo, UlTraversal *traversal, const UlChecksum *checksum, gboolean marked,
            Map *map, GError **error)
{
  gboolean partial;
  gboolean by_fsck = FALSE;
  if (!ul_objects_commit_is_partial (repo, checksum, &partial, error)
      || (partial && marked && !ul_objects_commit_marked_by_fsck (repo, checksum, &by_fsck, error)))
    return FALSE;
  partial = partial && !by_fsck;
  g_auto (UlCommit) commit = { 0 };
  if (partial || !ul_objects_load_commit (repo, checksum, &commit, NULL))
    return TRUE;
  const Node parent = { .checksum = *checksum, .type = UL_OBJECT_COMMIT };
  link_to (map, UL_OBJECT_DIRMETA, &commit.meta, &parent);
  link_to (map, UL_OBJECT_DIRTREE, &commit.tree, &parent);
  return ul_traversal_walk (traversal, &commit.tree, &commit.meta, error);
}

static gboolean
fill (UlRepo *repo, gboolean marked, Map *map, GError **error)
{
  const UlTraversalFuncs funcs = { .visit = visit, .broken = broken, .data = map };
  g_autoptr (UlTraversal) traversal = ul_traversal_new (repo, &funcs);
  g_autoptr (GArray) commits = NULL;
  if (!ul_fsck_list_commits (repo, &commits, error))
    return FALSE;
  for (guint i = 0; i < commits->len; i++)
    if (!add_commit (repo, traversal, &g_array_index (commits, UlChecksum, i), marked, map, error))
      return FALSE;
  return TRUE;
}

/* @trees: a set of the dirtrees on the way, or NULL. */
static void
climb (Map *map, const Node *from, GArray *commits, GHashTable *trees)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (ul_checksum_hash, node_equal);
  g_autoptr (GPtrArray) pending = g_ptr_array_new ();
  g_ptr_array_add (pending, (gpointer) from);
  while (pending->len > 0)
    {
      const Node *node = g_ptr_array_steal_index_fast (pending, pending->len - 1);
      if (node->type == UL_OBJECT_COMMIT)
        g_array_append_val (commits, node->checksum);
      else if (node->type == UL_OBJECT_DIRTREE && trees != NULL)
        g_hash_table_add (trees, g_memdup2 (&node->checksum, sizeof node->checksum));
      const GArray *parents = g_hash_table_lookup (map, node);
      for (guint i = 0; parents != NULL && i < parents->len; i++)
        if (g_hash_table_add (seen, &g_array_index (parents, Node, i)))
          g_ptr_array_add (pending, &g_array_index (parents, Node, i));
    }
  g_array_sort (commits, ul_checksum_compare_func);
}

/* What a commit reaches; of a commit object itself is known whose it is. */
static gboolean
is_wanted (const UlFsckFinding *finding)
{
  return finding->type != UL_OBJECT_COMMIT
         && (finding->kind == UL_FSCK_CORRUPT_OBJECT || finding->kind == UL_FSCK_MISSING_OBJECT
             || finding->kind == UL_FSCK_UNREADABLE_OBJECT);
}

static Map *
map_new (void)
{
  return g_hash_table_new_full (ul_checksum_hash, node_equal, g_free,
                                (GDestroyNotify) g_array_unref);
}

gboolean
ul_fsck_find_commits (UlRepo *repo, gboolean marked, UlFsckResult *result, GError **error)
{
  g_autoptr (GHashTable) map = map_new ();
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      if (is_wanted (finding))
        map_add (map, &(Node){ .checksum = finding->checksum, .type = finding->type });
    }
  if (g_hash_table_size (map) == 0)
    return TRUE;
  if (!fill (repo, marked, map, error))
    return FALSE;
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      if (is_wanted (finding))
        climb (map, &(Node){ .checksum = finding->checksum, .type = finding->type },
               finding->commits, NULL);
    }
  return TRUE;
}

gboolean
ul_fsck_find_ways (UlRepo *repo, const UlFsckResult *result, GHashTable **out_trees,
                   GArray **out_commits, GError **error)
{
  g_autoptr (GHashTable) map = map_new ();
  g_autoptr (GHashTable) trees
      = g_hash_table_new_full (ul_checksum_hash, ul_checksum_equal_func, g_free, NULL);
  g_autoptr (GArray) commits = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      if (is_wanted (finding) && finding->type == UL_OBJECT_FILE)
        map_add (map, &(Node){ .checksum = finding->checksum, .type = finding->type });
    }
  if (g_hash_table_size (map) > 0 && !fill (repo, TRUE, map, error))
    return FALSE;
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      if (is_wanted (finding) && finding->type == UL_OBJECT_FILE)
        climb (map, &(Node){ .checksum = finding->checksum, .type = finding->type }, commits,
               trees);
    }
  *out_trees = g_steal_pointer (&trees);
  *out_commits = g_steal_pointer (&commits);
  return TRUE;
}
