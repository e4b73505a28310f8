// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/traverse.h"

#include "core/checksum-set.h"
#include "core/dirtree.h"
#include "repo/objects.h"

struct _UlTraversal
{
  UlRepo *repo;
  UlTraversalFuncs funcs;
  UlChecksumSet *seen[UL_OBJECT_DIRMETA + 1]; /* by type */
  GArray *pending; /* of UlChecksum: dirtrees still to enter. A list, not the C stack: depth comes
                      from disk. */
};

UlTraversal *
ul_traversal_new (UlRepo *repo, const UlTraversalFuncs *funcs)
{
  UlTraversal *self = g_new0 (UlTraversal, 1);
  self->repo = g_object_ref (repo);
  self->funcs = *funcs;
  for (guint i = UL_OBJECT_FILE; i <= UL_OBJECT_DIRMETA; i++)
    self->seen[i] = ul_checksum_set_new (0);
  self->pending = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  return self;
}

void
ul_traversal_free (UlTraversal *self)
{
  if (self == NULL)
    return;
  for (guint i = UL_OBJECT_FILE; i <= UL_OBJECT_DIRMETA; i++)
    ul_checksum_set_free (self->seen[i]);
  g_array_unref (self->pending);
  g_object_unref (self->repo);
  g_free (self);
}

static gboolean
visit_leaf (UlTraversal *self, UlObjectType type, const UlChecksum *checksum, GError **error)
{
  return !ul_checksum_set_add (self->seen[type], checksum)
         || self->funcs.visit (type, checksum, NULL, self->funcs.data, error);
}

static void
plan_tree (UlTraversal *self, const UlChecksum *tree)
{
  if (ul_checksum_set_add (self->seen[UL_OBJECT_DIRTREE], tree))
    g_array_append_val (self->pending, *tree);
}

static gboolean
visit_entries (UlTraversal *self, GVariant *variant, GError **error)
{
  g_auto (UlDirtreeView) view;
  ul_dirtree_view_init (&view, variant);
  for (gsize i = 0; i < view.n_files; i++)
    {
      UlDirtreeFile file;
      ul_dirtree_view_file (&view, i, &file);
      if (!visit_leaf (self, UL_OBJECT_FILE, &file.checksum, error))
        return FALSE;
    }
  for (gsize i = 0; i < view.n_dirs; i++)
    {
      UlDirtreeDir dir;
      ul_dirtree_view_dir (&view, i, &dir);
      if (!visit_leaf (self, UL_OBJECT_DIRMETA, &dir.meta, error))
        return FALSE;
      plan_tree (self, &dir.tree);
    }
  return TRUE;
}

static gboolean
enter_tree (UlTraversal *self, const UlChecksum *tree, GError **error)
{
  g_autoptr (GVariant) variant = NULL;
  GError *cause = NULL;
  if (!ul_objects_load (self->repo, UL_OBJECT_DIRTREE, tree, &variant, &cause))
    return self->funcs.broken (UL_OBJECT_DIRTREE, tree, cause, self->funcs.data, error);
  return self->funcs.visit (UL_OBJECT_DIRTREE, tree, variant, self->funcs.data, error)
         && visit_entries (self, variant, error);
}

static gboolean
run_pending (UlTraversal *self, GError **error)
{
  while (self->pending->len > 0)
    {
      const UlChecksum tree = g_array_index (self->pending, UlChecksum, self->pending->len - 1);
      g_array_set_size (self->pending, self->pending->len - 1);
      if (!enter_tree (self, &tree, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ul_traversal_walk (UlTraversal *self, const UlChecksum *root_tree, const UlChecksum *root_meta,
                   GError **error)
{
  if (!visit_leaf (self, UL_OBJECT_DIRMETA, root_meta, error))
    return FALSE;
  plan_tree (self, root_tree);
  return run_pending (self, error);
}

gboolean
ul_traversal_enter (UlTraversal *self, GVariant *dirtree, GError **error)
{
  return visit_entries (self, dirtree, error) && run_pending (self, error);
}

gboolean
ul_traversal_has (UlTraversal *self, UlObjectType type, const UlChecksum *checksum)
{
  return ul_checksum_set_contains (self->seen[type], checksum);
}
