// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/tree.h"

#include <stdlib.h>
#include <string.h>

#include "repo/file-counts.h"
#include "repo/objects.h"
#include "util/error.h"

typedef struct
{
  const char *name;
  UlTree *tree;
} Subdir;

struct _UlTree
{
  UlTree *parent;      /* NULL: the root */
  gint holds;          /* atomic */
  GStringChunk *names; /* of the whole tree; owned by the root */
  gboolean has_meta;
  gboolean is_base; /* contents stands for everything, nothing is loaded */
  UlChecksum meta;
  UlChecksum contents;
  GArray *files;      /* of UlTreeFile; NULL while empty */
  GArray *dirs;       /* of Subdir; NULL while empty */
  guint sorted_files; /* so many at the start were there at open (), sorted */
  guint sorted_dirs;
};

static UlTree *
new_tree (UlTree *parent, GStringChunk *names)
{
  UlTree *tree = g_new0 (UlTree, 1);
  tree->parent = parent;
  tree->names = names;
  return tree;
}

UlTree *
ul_tree_new (void)
{
  UlTree *tree = new_tree (NULL, g_string_chunk_new (64 * 1024));
  return tree;
}

static void
clear_entries (UlTree *tree)
{
  for (guint i = 0; tree->dirs != NULL && i < tree->dirs->len; i++)
    ul_tree_free (g_array_index (tree->dirs, Subdir, i).tree);
  g_clear_pointer (&tree->dirs, g_array_unref);
  g_clear_pointer (&tree->files, g_array_unref);
}

void
ul_tree_free (UlTree *tree)
{
  if (tree == NULL)
    return;
  clear_entries (tree);
  if (tree->parent == NULL)
    g_string_chunk_free (tree->names);
  g_free (tree);
}

void
ul_tree_set_base (UlTree *tree, const UlChecksum *contents, const UlChecksum *meta)
{
  g_assert (tree->files == NULL && tree->dirs == NULL);
  tree->is_base = TRUE;
  tree->contents = *contents;
  ul_tree_set_meta (tree, meta);
}

void
ul_tree_set_meta (UlTree *tree, const UlChecksum *meta)
{
  tree->meta = *meta;
  tree->has_meta = TRUE;
}

gboolean
ul_tree_has_meta (UlTree *tree)
{
  return tree->has_meta;
}

const UlChecksum *
ul_tree_meta (UlTree *tree)
{
  g_assert (tree->has_meta);
  return &tree->meta;
}

gboolean
ul_tree_is_blank (UlTree *tree)
{
  return !tree->has_meta && !tree->is_base && tree->files == NULL && tree->dirs == NULL;
}

gboolean
ul_tree_is_empty (UlTree *tree)
{
  g_assert (!tree->is_base);
  return (tree->files == NULL || tree->files->len == 0)
         && (tree->dirs == NULL || tree->dirs->len == 0);
}

static GArray *
files_of (UlTree *tree)
{
  if (tree->files == NULL)
    tree->files = g_array_new (FALSE, FALSE, sizeof (UlTreeFile));
  return tree->files;
}

static GArray *
dirs_of (UlTree *tree)
{
  if (tree->dirs == NULL)
    tree->dirs = g_array_new (FALSE, FALSE, sizeof (Subdir));
  return tree->dirs;
}

static UlTree *
append_dir (UlTree *tree, const char *name)
{
  const Subdir dir = {
    .name = g_string_chunk_insert (tree->names, name),
    .tree = new_tree (tree, tree->names),
  };
  g_array_append_val (dirs_of (tree), dir);
  return dir.tree;
}

static gboolean
load_base (UlTree *tree, UlRepo *repo, GError **error)
{
  if (!tree->is_base)
    return TRUE;
  g_autoptr (GVariant) dirtree = NULL;
  if (!ul_objects_load (repo, UL_OBJECT_DIRTREE, &tree->contents, &dirtree, error))
    return FALSE;
  g_auto (UlDirtreeView) view;
  ul_dirtree_view_init (&view, dirtree);
  for (gsize i = 0; i < view.n_files; i++)
    {
      UlDirtreeFile loaded;
      ul_dirtree_view_file (&view, i, &loaded);
      const UlTreeFile file = {
        .name = g_string_chunk_insert (tree->names, loaded.name),
        .checksum = loaded.checksum,
      };
      g_array_append_val (files_of (tree), file);
    }
  for (gsize i = 0; i < view.n_dirs; i++)
    {
      UlDirtreeDir loaded;
      ul_dirtree_view_dir (&view, i, &loaded);
      ul_tree_set_base (append_dir (tree, loaded.name), &loaded.tree, &loaded.meta);
    }
  tree->is_base = FALSE;
  return TRUE;
}

static int
compare_files (gconstpointer a, gconstpointer b)
{
  return strcmp (((const UlTreeFile *) a)->name, ((const UlTreeFile *) b)->name);
}

static int
compare_dirs (gconstpointer a, gconstpointer b)
{
  return strcmp (((const Subdir *) a)->name, ((const Subdir *) b)->name);
}

/* Sort files, keeping of each name the one added last. g_array_sort is stable, which is what makes
 * "last" hold. */
static void
sort_files (UlTree *tree)
{
  GArray *files = tree->files;
  if (files == NULL || files->len < 2)
    return;
  g_array_sort (files, compare_files);
  guint kept = 0;
  for (guint i = 0; i < files->len; i++)
    {
      const UlTreeFile *file = &g_array_index (files, UlTreeFile, i);
      if (i + 1 < files->len && compare_files (file, file + 1) == 0)
        continue;
      g_array_index (files, UlTreeFile, kept++) = *file;
    }
  g_array_set_size (files, kept);
}

static void
sort (UlTree *tree)
{
  sort_files (tree);
  if (tree->dirs != NULL)
    g_array_sort (tree->dirs, compare_dirs);
}

gboolean
ul_tree_open (UlTree *tree, UlRepo *repo, GError **error)
{
  if (!load_base (tree, repo, error))
    return FALSE;
  sort (tree);
  tree->sorted_files = tree->files != NULL ? tree->files->len : 0;
  tree->sorted_dirs = tree->dirs != NULL ? tree->dirs->len : 0;
  return TRUE;
}

static UlTreeFile *
find_file (UlTree *tree, const char *name)
{
  const UlTreeFile key = { .name = name };
  return tree->sorted_files == 0 ? NULL
                                 : bsearch (&key, tree->files->data, tree->sorted_files,
                                            sizeof (UlTreeFile), compare_files);
}

static Subdir *
find_dir (UlTree *tree, const char *name)
{
  const Subdir key = { .name = name };
  return tree->sorted_dirs == 0
             ? NULL
             : bsearch (&key, tree->dirs->data, tree->sorted_dirs, sizeof (Subdir), compare_dirs);
}

gboolean
ul_tree_had (UlTree *tree, const char *name)
{
  return find_file (tree, name) != NULL || find_dir (tree, name) != NULL;
}

UlTree *
ul_tree_had_dir (UlTree *tree, const char *name)
{
  const Subdir *dir = find_dir (tree, name);
  return dir != NULL ? dir->tree : NULL;
}

const UlTreeFile *
ul_tree_had_file (UlTree *tree, const char *name)
{
  return find_file (tree, name);
}

gboolean
ul_tree_add_file (UlTree *tree, const char *name, GError **error)
{
  if (find_dir (tree, name) != NULL)
    return ul_throw (error, UL_ERROR_EXISTS, "Can't replace directory with file: %s", name);
  const UlTreeFile file = { .name = g_string_chunk_insert (tree->names, name) };
  g_array_append_val (files_of (tree), file);
  return TRUE;
}

UlTreeFile *
ul_tree_added_files (UlTree *tree, guint *out_n)
{
  *out_n = tree->files != NULL ? tree->files->len - tree->sorted_files : 0;
  return *out_n > 0 ? &g_array_index (tree->files, UlTreeFile, tree->sorted_files) : NULL;
}

gboolean
ul_tree_ensure_dir (UlTree *tree, const char *name, UlTree **out_child, GError **error)
{
  if (find_file (tree, name) != NULL)
    return ul_throw (error, UL_ERROR_EXISTS, "Can't replace file with directory: %s", name);
  const Subdir *dir = find_dir (tree, name);
  *out_child = dir != NULL ? dir->tree : append_dir (tree, name);
  return TRUE;
}

gboolean
ul_tree_lookup (UlTree *tree, UlRepo *repo, const char *name, UlTree **out_dir,
                const UlTreeFile **out_file, GError **error)
{
  if (!ul_tree_open (tree, repo, error))
    return FALSE;
  const Subdir *dir = find_dir (tree, name);
  *out_dir = dir != NULL ? dir->tree : NULL;
  *out_file = find_file (tree, name);
  return TRUE;
}

gboolean
ul_tree_list_dirs (UlTree *tree, UlRepo *repo, GPtrArray **out_names, GError **error)
{
  if (!ul_tree_open (tree, repo, error))
    return FALSE;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint i = 0; i < tree->sorted_dirs; i++)
    g_ptr_array_add (names, (gpointer) g_array_index (tree->dirs, Subdir, i).name);
  *out_names = g_steal_pointer (&names);
  return TRUE;
}

/* A directory still to come, for the list that stands in for the stack: a base may be of any depth.
 */
typedef struct
{
  UlTree *tree;
  char *path;
} ToCome;

static void
to_come_clear (gpointer item)
{
  g_free (((ToCome *) item)->path);
}

static void
visit_files (const ToCome *item, guint32 first, UlTreeFileFunc func, gpointer data)
{
  const UlTree *tree = item->tree;
  for (guint i = 0; i < tree->sorted_files; i++)
    {
      const UlTreeFile *file = &g_array_index (tree->files, UlTreeFile, i);
      g_autofree char *path = g_strconcat (item->path, "/", file->name, NULL);
      func (path, first + i, &file->checksum, data);
    }
}

gboolean
ul_tree_foreach_file (UlTree *root, UlRepo *repo, UlTreeFileFunc func, gpointer data,
                      GError **error)
{
  g_autoptr (GArray) stack = g_array_new (FALSE, FALSE, sizeof (ToCome));
  g_array_set_clear_func (stack, to_come_clear);
  ToCome item = { .tree = root, .path = g_strdup ("") };
  g_array_append_val (stack, item);
  guint32 n = 0;
  while (stack->len > 0)
    {
      item = g_array_index (stack, ToCome, stack->len - 1);
      g_autofree char *path = item.path;
      g_array_index (stack, ToCome, stack->len - 1).path = NULL;
      g_array_set_size (stack, stack->len - 1);
      const guint32 first = n;
      if (!ul_tree_open (item.tree, repo, error)
          || !ul_file_counts_sum (&n, item.tree->sorted_files, error))
        return FALSE;
      visit_files (&item, first, func, data);
      for (guint i = item.tree->sorted_dirs; i > 0; i--)
        {
          const Subdir *dir = &g_array_index (item.tree->dirs, Subdir, i - 1);
          const ToCome below
              = { .tree = dir->tree, .path = g_strconcat (path, "/", dir->name, NULL) };
          g_array_append_val (stack, below);
        }
    }
  return TRUE;
}

static gboolean write_dirtree (UlTree *tree, UlWriter *writer, GError **error);

static gboolean
write_subdirs (UlTree *tree, UlWriter *writer, UlDirtreeDir *out, GError **error)
{
  for (guint i = 0; tree->dirs != NULL && i < tree->dirs->len; i++)
    {
      const Subdir *dir = &g_array_index (tree->dirs, Subdir, i);
      if (!write_dirtree (dir->tree, writer, error))
        return FALSE;
      out[i] = (UlDirtreeDir){
        .name = dir->name,
        .tree = dir->tree->contents,
        .meta = dir->tree->meta,
      };
    }
  return TRUE;
}

/* Recursion is as deep as the source directories, which from-dir bounds. */
static gboolean
write_dirtree (UlTree *tree, UlWriter *writer, GError **error)
{
  g_assert (tree->has_meta);
  if (tree->is_base)
    return TRUE;
  sort (tree);
  const guint n_dirs = tree->dirs != NULL ? tree->dirs->len : 0;
  const guint n_files = tree->files != NULL ? tree->files->len : 0;
  g_autofree UlDirtreeDir *dirs = g_new (UlDirtreeDir, n_dirs);
  if (!write_subdirs (tree, writer, dirs, error))
    return FALSE;

  const UlTreeFile *files = n_files > 0 ? (const UlTreeFile *) tree->files->data : NULL;
  g_autoptr (GVariant) variant = g_variant_ref_sink (ul_dirtree_new (files, n_files, dirs, n_dirs));
  if (!ul_writer_metadata (writer, UL_OBJECT_DIRTREE, variant, &tree->contents, error))
    return FALSE;
  tree->is_base = TRUE;
  clear_entries (tree);
  return TRUE;
}

void
ul_tree_hold (UlTree *tree)
{
  /* The first one is also a hold on the directory above, given back when this one is written. */
  if (g_atomic_int_add (&tree->holds, 1) == 0 && tree->parent != NULL)
    ul_tree_hold (tree->parent);
}

gboolean
ul_tree_release (UlTree *tree, UlWriter *writer, GError **error)
{
  for (; tree != NULL && g_atomic_int_dec_and_test (&tree->holds); tree = tree->parent)
    if (!write_dirtree (tree, writer, error))
      return FALSE;
  return TRUE;
}

gboolean
ul_tree_write (UlTree *tree, UlWriter *writer, UlChecksum *out_contents, UlChecksum *out_meta,
               GError **error)
{
  if (!write_dirtree (tree, writer, error))
    return FALSE;
  *out_contents = tree->contents;
  *out_meta = tree->meta;
  return TRUE;
}
