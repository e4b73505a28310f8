// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer/import-tree.h"

#include "core/checksum-set.h"
#include "core/dirtree.h"
#include "util/error.h"

/* A dirtree to enter, and its counterpart in a tree that is whole here. */
typedef struct
{
  UlChecksum tree;
  gboolean has_base;
  UlChecksum base;
} Pending;

struct _UlTreeImport
{
  UlRepo *repo;
  UlRepo *from;
  UlBatches *batches;
  UlChecksumSet *seen[UL_OBJECT_DIRMETA + 1]; /* by type */
  GArray *pending; /* of Pending. A list, not the C stack: depth comes from disk. */
};

UlTreeImport *
ul_tree_import_new (UlRepo *repo, UlRepo *from, UlBatches *batches)
{
  UlTreeImport *self = g_new0 (UlTreeImport, 1);
  self->repo = g_object_ref (repo);
  self->from = g_object_ref (from);
  self->batches = batches;
  for (guint i = UL_OBJECT_FILE; i <= UL_OBJECT_DIRMETA; i++)
    self->seen[i] = ul_checksum_set_new (0);
  self->pending = g_array_new (FALSE, FALSE, sizeof (Pending));
  return self;
}

void
ul_tree_import_free (UlTreeImport *self)
{
  if (self == NULL)
    return;
  for (guint i = UL_OBJECT_FILE; i <= UL_OBJECT_DIRMETA; i++)
    ul_checksum_set_free (self->seen[i]);
  g_array_unref (self->pending);
  g_object_unref (self->repo);
  g_object_unref (self->from);
  g_free (self);
}

/* Once each. */
static gboolean
push (UlTreeImport *self, UlObjectType type, const UlChecksum *checksum, GError **error)
{
  return !ul_checksum_set_add (self->seen[type], checksum)
         || ul_batches_push (self->batches, type, checksum, error);
}

/* From the source, or from here if it's there already: the source may have parts of the commit
 * alone. Read anyway, so it's verified. */
static gboolean
load_tree (UlTreeImport *self, const UlChecksum *tree, GVariant **out, GError **error)
{
  g_autoptr (GVariant) variant = NULL;
  if (!ul_import_load_metadata (self->from, UL_OBJECT_DIRTREE, tree, &variant, error)
      || (variant == NULL
          && !ul_import_load_metadata (self->repo, UL_OBJECT_DIRTREE, tree, &variant, error)))
    return FALSE;
  if (variant == NULL)
    {
      g_autofree char *name = ul_object_to_string (tree, UL_OBJECT_DIRTREE);
      return ul_throw (error, UL_ERROR_NOT_FOUND, "No such object %s in repo %s", name,
                       ul_repo_path (self->from));
    }
  *out = g_steal_pointer (&variant);
  return TRUE;
}

static gboolean
push_files (UlTreeImport *self, const UlDirtreeView *view, const UlDirtreeView *base,
            GError **error)
{
  for (gsize i = 0; i < view->n_files; i++)
    {
      UlDirtreeFile file, known;
      ul_dirtree_view_file (view, i, &file);
      if (base != NULL && ul_dirtree_view_find_file (base, file.name, &known)
          && ul_checksum_equal (&file.checksum, &known.checksum))
        continue;
      if (!push (self, UL_OBJECT_FILE, &file.checksum, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
push_dirs (UlTreeImport *self, const UlDirtreeView *view, const UlDirtreeView *base, GError **error)
{
  for (gsize i = 0; i < view->n_dirs; i++)
    {
      UlDirtreeDir dir, known;
      ul_dirtree_view_dir (view, i, &dir);
      const gboolean has_base = base != NULL && ul_dirtree_view_find_dir (base, dir.name, &known);
      if (!(has_base && ul_checksum_equal (&dir.meta, &known.meta))
          && !push (self, UL_OBJECT_DIRMETA, &dir.meta, error))
        return FALSE;
      if ((has_base && ul_checksum_equal (&dir.tree, &known.tree))
          || ul_checksum_set_contains (self->seen[UL_OBJECT_DIRTREE], &dir.tree))
        continue;
      Pending pending = { .tree = dir.tree, .has_base = has_base };
      if (has_base)
        pending.base = known.tree;
      g_array_append_val (self->pending, pending);
    }
  return TRUE;
}

static gboolean
enter (UlTreeImport *self, const Pending *at, GError **error)
{
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GVariant) base = NULL;
  g_auto (UlDirtreeView) view = { 0 };
  g_auto (UlDirtreeView) base_view = { 0 };
  /* Planned more than once, maybe. */
  if (ul_checksum_set_contains (self->seen[UL_OBJECT_DIRTREE], &at->tree))
    return TRUE;
  if (!load_tree (self, &at->tree, &variant, error)
      || !push (self, UL_OBJECT_DIRTREE, &at->tree, error))
    return FALSE;
  ul_dirtree_view_init (&view, variant);
  /* Without the base it's only slower. */
  if (at->has_base && ul_objects_load (self->repo, UL_OBJECT_DIRTREE, &at->base, &base, NULL))
    ul_dirtree_view_init (&base_view, base);
  const UlDirtreeView *known = base != NULL ? &base_view : NULL;
  return push_files (self, &view, known, error) && push_dirs (self, &view, known, error);
}

gboolean
ul_tree_import_walk (UlTreeImport *self, const UlChecksum *tree, const UlChecksum *meta,
                     const UlChecksum *base, GError **error)
{
  if (!push (self, UL_OBJECT_DIRMETA, meta, error))
    return FALSE;
  Pending first = { .tree = *tree, .has_base = base != NULL };
  if (base != NULL)
    first.base = *base;
  if (base == NULL || !ul_checksum_equal (tree, base))
    g_array_append_val (self->pending, first);
  while (self->pending->len > 0)
    {
      const Pending at = g_array_index (self->pending, Pending, self->pending->len - 1);
      g_array_set_size (self->pending, self->pending->len - 1);
      if (!enter (self, &at, error))
        return FALSE;
    }
  return TRUE;
}
