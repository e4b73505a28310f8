// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/tree-diff.h"

#include <string.h>

#include "core/dirtree.h"

/* The lists of entries of a pair of directories, in the order they're gone through. */
typedef enum
{
  FILES_OF_A,
  DIRS_OF_A,
  FILES_OF_B,
  DIRS_OF_B,
  N_LISTS,
} List;

/* A pair of directories being compared; one of them may be empty, for one that isn't there. */
typedef struct
{
  UlDirtreeView a;
  UlDirtreeView b;
  List list;
  gsize next;      /* in the list */
  gsize near_file; /* on the other side: where the next name is sought, as both are in order */
  gsize near_dir;
  gsize path_len; /* of the directory's path, without a slash at its end */
} Level;

typedef struct
{
  const UlTreeDiffSide *a;
  const UlTreeDiffSide *b;
  UlTreeDiffFlags flags;
  UlTreeDiffFunc func;
  gpointer data;
  GString *path;
  UlHasher *hasher; /* NULL: none needed yet */
  GArray *levels;   /* of Level: a stack, not the C stack, because depth comes from disk */
} Diff;

/* An entry and its counterpart. */
typedef struct
{
  gboolean in_a;
  gboolean in_b;
  UlEntry a;
  UlEntry b;
} Pair;

static void
level_clear (Level *level)
{
  ul_dirtree_view_clear (&level->a);
  ul_dirtree_view_clear (&level->b);
}

static void
diff_init (Diff *diff, const UlTreeDiffSide *a, const UlTreeDiffSide *b, UlTreeDiffFlags flags,
           UlTreeDiffFunc func, gpointer data)
{
  *diff = (Diff){
    .a = a,
    .b = b,
    .flags = flags,
    .func = func,
    .data = data,
    .path = g_string_new (NULL),
    .levels = g_array_new (FALSE, FALSE, sizeof (Level)),
  };
  g_array_set_clear_func (diff->levels, (GDestroyNotify) level_clear);
}

static void
diff_clear (Diff *diff)
{
  g_array_unref (diff->levels);
  g_string_free (diff->path, TRUE);
  g_clear_pointer (&diff->hasher, ul_hasher_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Diff, diff_clear)

static UlEntry
entry_of_file (const UlDirtreeFile *file)
{
  return (UlEntry){ .kind = UL_ENTRY_FILE, .checksum = file->checksum };
}

static UlEntry
entry_of_dir (const UlDirtreeDir *dir)
{
  return (UlEntry){ .kind = UL_ENTRY_DIR, .checksum = dir->tree, .meta = dir->meta };
}

static const UlDirtreeView *
view_of (const Level *level)
{
  return level->list == FILES_OF_A || level->list == DIRS_OF_A ? &level->a : &level->b;
}

static const UlDirtreeView *
other_of (const Level *level)
{
  return view_of (level) == &level->a ? &level->b : &level->a;
}

static gboolean
is_files (const Level *level)
{
  return level->list == FILES_OF_A || level->list == FILES_OF_B;
}

static gboolean
find_other_file (Level *level, const char *name, UlEntry *out_entry)
{
  const UlDirtreeView *view = other_of (level);
  int order = -1;
  for (; order < 0 && level->near_file < view->n_files; level->near_file += order <= 0)
    {
      UlDirtreeFile file;
      ul_dirtree_view_file (view, level->near_file, &file);
      order = strcmp (file.name, name);
      if (order == 0)
        *out_entry = entry_of_file (&file);
    }
  return order == 0;
}

static gboolean
find_other_dir (Level *level, const char *name, UlEntry *out_entry)
{
  const UlDirtreeView *view = other_of (level);
  int order = -1;
  for (; order < 0 && level->near_dir < view->n_dirs; level->near_dir += order <= 0)
    {
      UlDirtreeDir dir;
      ul_dirtree_view_dir (view, level->near_dir, &dir);
      order = strcmp (dir.name, name);
      if (order == 0)
        *out_entry = entry_of_dir (&dir);
    }
  return order == 0;
}

/* @name on the other side of the list that is gone through, in order. */
static gboolean
find_other (Level *level, const char *name, UlEntry *out_entry)
{
  return find_other_file (level, name, out_entry) || find_other_dir (level, name, out_entry);
}

/* Entries that both sides have as they are make no difference. */
static void
skip_equal (Level *level)
{
  gsize *near = is_files (level) ? &level->near_file : &level->near_dir;
  const gsize n = (is_files (level) ? ul_dirtree_view_equal_files : ul_dirtree_view_equal_dirs) (
      view_of (level), level->next, other_of (level), *near);
  level->next += n;
  *near += n;
}

/* The next entry of the directory on one side. */
static gboolean
next_entry (Level *level, const char **out_name, UlEntry *out_entry)
{
  for (; level->list < N_LISTS; level->list++, level->next = level->near_file = level->near_dir = 0)
    {
      const UlDirtreeView *view = view_of (level);
      skip_equal (level);
      if (level->next == (is_files (level) ? view->n_files : view->n_dirs))
        continue;
      if (is_files (level))
        {
          UlDirtreeFile file;
          ul_dirtree_view_file (view, level->next++, &file);
          *out_name = file.name;
          *out_entry = entry_of_file (&file);
        }
      else
        {
          UlDirtreeDir dir;
          ul_dirtree_view_dir (view, level->next++, &dir);
          *out_name = dir.name;
          *out_entry = entry_of_dir (&dir);
        }
      return TRUE;
    }
  return FALSE;
}

/* The next name with what it is on both sides. */
static gboolean
next_pair (Level *level, const char **out_name, Pair *out_pair)
{
  UlEntry entry;
  while (next_entry (level, out_name, &entry))
    {
      const gboolean is_a = view_of (level) == &level->a;
      UlEntry other;
      const gboolean has_other = find_other (level, *out_name, &other);
      if (!is_a && has_other)
        continue; /* it came with those of A */
      *out_pair = (Pair){ .in_a = is_a, .in_b = !is_a || has_other };
      if (out_pair->in_a)
        out_pair->a = entry;
      if (out_pair->in_b)
        out_pair->b = is_a ? other : entry;
      return TRUE;
    }
  return FALSE;
}

static gboolean
load_tree (Diff *diff, UlRepo *repo, const UlChecksum *tree, GVariant **out_dirtree, GError **error)
{
  if (diff->path->len < UL_OBJECTS_DEEP_PATH)
    return ul_objects_load (repo, UL_OBJECT_DIRTREE, tree, out_dirtree, error);
  if (diff->hasher == NULL)
    diff->hasher = ul_hasher_new ();
  return ul_objects_load_verified (repo, UL_OBJECT_DIRTREE, tree, diff->hasher, out_dirtree, error);
}

static gboolean
load_view (Diff *diff, const UlTreeDiffSide *side, const UlChecksum *tree, UlDirtreeView *view,
           GError **error)
{
  GVariant *known = side->objects != NULL ? g_hash_table_lookup (side->objects, tree) : NULL;
  g_autoptr (GVariant) dirtree = known != NULL ? g_variant_ref (known) : NULL;
  if ((dirtree == NULL && side->make != NULL
       && !side->make (tree, side->make_data, &dirtree, error))
      || (dirtree == NULL && !load_tree (diff, side->repo, tree, &dirtree, error)))
    return FALSE;
  ul_dirtree_view_init (view, dirtree);
  return TRUE;
}

/* Go into the directories of @pair next. */
static gboolean
enter (Diff *diff, const Pair *pair, GError **error)
{
  Level level = { .path_len = diff->path->len };
  if ((pair->in_a && pair->a.kind == UL_ENTRY_DIR
       && !load_view (diff, diff->a, &pair->a.checksum, &level.a, error))
      || (pair->in_b && pair->b.kind == UL_ENTRY_DIR
          && !load_view (diff, diff->b, &pair->b.checksum, &level.b, error)))
    {
      level_clear (&level);
      return FALSE;
    }
  g_array_append_val (diff->levels, level);
  return TRUE;
}

static gboolean
report (Diff *diff, UlTreeDiffKind kind, const char *name, const Pair *pair, gboolean *descend,
        GError **error)
{
  const UlTreeDiffEntry entry = {
    .kind = kind,
    .path = diff->path->len > 0 ? diff->path->str : "/",
    .name = name,
    .a = pair->in_a ? &pair->a : NULL,
    .b = pair->in_b ? &pair->b : NULL,
  };
  return diff->func (&entry, descend, diff->data, error);
}

/* In both: itself, and then what is in it. */
static gboolean
compare_dirs (Diff *diff, const char *name, const Pair *pair, GError **error)
{
  gboolean unused = FALSE;
  const gboolean same_content = ul_checksum_equal (&pair->a.checksum, &pair->b.checksum);
  if (!ul_checksum_equal (&pair->a.meta, &pair->b.meta))
    {
      if (!report (diff, UL_TREE_CHANGED, name, pair, &unused, error))
        return FALSE;
    }
  else if (!same_content && (diff->flags & UL_TREE_DIFF_INSIDE) != 0
           && !report (diff, UL_TREE_INSIDE, name, pair, &unused, error))
    return FALSE;
  return same_content || enter (diff, pair, error);
}

/* The name that diff->path ends with. */
static gboolean
compare (Diff *diff, const char *name, const Pair *pair, GError **error)
{
  const gboolean is_dir_in_a = pair->in_a && pair->a.kind == UL_ENTRY_DIR;
  const gboolean is_dir_in_b = pair->in_b && pair->b.kind == UL_ENTRY_DIR;
  if (is_dir_in_a && is_dir_in_b)
    return compare_dirs (diff, name, pair, error);
  if (pair->in_a && pair->in_b && is_dir_in_a == is_dir_in_b
      && ul_checksum_equal (&pair->a.checksum, &pair->b.checksum))
    return TRUE;
  gboolean descend = FALSE;
  const UlTreeDiffKind kind = !pair->in_b  ? UL_TREE_REMOVED
                              : pair->in_a ? UL_TREE_CHANGED
                                           : UL_TREE_ADDED;
  return report (diff, kind, name, pair, &descend, error)
         && (!descend || !(is_dir_in_a || is_dir_in_b) || enter (diff, pair, error));
}

static gboolean
step (Diff *diff, GError **error)
{
  Level *level = &g_array_index (diff->levels, Level, diff->levels->len - 1);
  const char *name;
  Pair pair;
  if (!next_pair (level, &name, &pair))
    {
      g_array_set_size (diff->levels, diff->levels->len - 1);
      return TRUE;
    }
  g_string_truncate (diff->path, level->path_len);
  g_string_append_c (diff->path, '/');
  g_string_append (diff->path, name);
  return compare (diff, name, &pair, error);
}

gboolean
ul_tree_diff (const UlTreeDiffSide *a, const UlTreeDiffSide *b, UlTreeDiffFlags flags,
              UlTreeDiffFunc func, gpointer data, GError **error)
{
  g_auto (Diff) diff;
  diff_init (&diff, a, b, flags, func, data);
  const Pair roots = {
    .in_a = TRUE,
    .in_b = TRUE,
    .a = { .kind = UL_ENTRY_DIR, .checksum = a->tree, .meta = a->meta },
    .b = { .kind = UL_ENTRY_DIR, .checksum = b->tree, .meta = b->meta },
  };
  gboolean ok = compare (&diff, "", &roots, error);
  while (ok && diff.levels->len > 0)
    ok = step (&diff, error);
  return ok;
}
