// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/changes.h"

#include <string.h>

#include "checkout/whiteouts.h"
#include "repo/tree-diff.h"
#include "util/error.h"

typedef struct
{
  const UlCheckoutPlan *plan;
  GPtrArray *dirs;     /* of UlChangedDir */
  GHashTable *by_path; /* path -> UlChangedDir, both borrowed */
} Finder;

static void
change_free (gpointer data)
{
  UlChange *change = data;
  g_free (change->name);
  g_free (change);
}

static void
changed_dir_free (gpointer data)
{
  UlChangedDir *dir = data;
  g_clear_pointer (&dir->open, ul_checkout_dir_unref);
  g_clear_pointer (&dir->rests, g_ptr_array_unref);
  g_ptr_array_unref (dir->changes);
  g_free (dir->path);
  g_free (dir);
}

void
ul_changes_clear (UlChanges *changes)
{
  g_clear_pointer (&changes->dirs, g_ptr_array_unref);
}

/* -- collecting -- */

static UlChangedDir *
add_dir (Finder *finder, UlChangedDir *parent, char *path)
{
  UlChangedDir *dir = g_new0 (UlChangedDir, 1);
  dir->parent = parent;
  dir->path = path;
  dir->name = strrchr (path, '/') + 1;
  dir->depth = parent != NULL ? parent->depth + 1 : 1;
  dir->changes = g_ptr_array_new_with_free_func (change_free);
  g_ptr_array_add (finder->dirs, dir);
  g_hash_table_insert (finder->by_path, dir->path, dir);
  return dir;
}

/* The directory @path with all above it. */
static UlChangedDir *
get_dir (Finder *finder, const char *path)
{
  UlChangedDir *dir = g_hash_table_lookup (finder->by_path, "/");
  if (dir == NULL)
    dir = add_dir (finder, NULL, g_strdup ("/"));
  for (const char *end = path; *end != '\0' && path[1] != '\0';)
    {
      end += strcspn (end + 1, "/") + 1;
      g_autofree char *prefix = g_strndup (path, (gsize) (end - path));
      UlChangedDir *child = g_hash_table_lookup (finder->by_path, prefix);
      dir = child != NULL ? child : add_dir (finder, dir, g_steal_pointer (&prefix));
    }
  return dir;
}

/* @marker keeps what *out_name may point into: the name that the entry has in a checkout. */
static gboolean
read_side (const Finder *finder, const char *name, const UlEntry *entry, UlCheckoutMarker *marker,
           const char **out_name, UlChangeSide *out_side, GError **error)
{
  *out_name = name;
  if (entry->kind == UL_ENTRY_DIR)
    {
      *out_side = (UlChangeSide){ UL_CHANGE_DIR, entry->checksum, entry->meta };
      return TRUE;
    }
  if (!ul_checkout_whiteouts_read (finder->plan, name, &entry->checksum, marker, error))
    return FALSE;
  *out_side = (UlChangeSide){ .kind = UL_CHANGE_FILE, .checksum = entry->checksum };
  if (marker->kind != UL_WHITEOUT_NONE)
    {
      *out_name = marker->deleted;
      out_side->kind = UL_CHANGE_WHITEOUT;
    }
  return TRUE;
}

static gboolean
add_side (const Finder *finder, UlChangedDir *dir, const char *name, const UlEntry *entry,
          gboolean is_a, GError **error)
{
  g_auto (UlCheckoutMarker) marker = { 0 };
  UlChangeSide side;
  const char *shown;
  if (entry == NULL)
    return TRUE;
  if (!read_side (finder, name, entry, &marker, &shown, &side, error))
    return FALSE;
  UlChange *change = g_new0 (UlChange, 1);
  change->name = g_strdup (shown);
  *(is_a ? &change->a : &change->b) = side;
  g_ptr_array_add (dir->changes, change);
  return TRUE;
}

static gboolean
add_difference (const UlTreeDiffEntry *entry, gboolean *descend, gpointer data, GError **error)
{
  Finder *finder = data;
  if (entry->kind == UL_TREE_INSIDE || *entry->name == '\0')
    {
      UlChangedDir *dir = get_dir (finder, entry->path);
      dir->in_a = dir->in_b = TRUE;
      dir->a_meta = entry->a->meta;
      dir->b_meta = entry->b->meta;
      dir->b_tree = entry->b->checksum;
      dir->meta_changes = entry->kind != UL_TREE_INSIDE;
      return TRUE;
    }
  g_autofree char *parent = g_path_get_dirname (entry->path);
  UlChangedDir *dir = get_dir (finder, parent);
  *descend = TRUE;
  return (add_side (finder, dir, entry->name, entry->a, TRUE, error)
          && add_side (finder, dir, entry->name, entry->b, FALSE, error))
         || ul_prefix (error, "%s", entry->path);
}

/* -- putting in order -- */

static int
compare_changes (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const UlChange *const *) a)->name, (*(const UlChange *const *) b)->name);
}

static int
compare_dirs (gconstpointer a, gconstpointer b)
{
  return ul_checkout_path_compare ((*(const UlChangedDir *const *) a)->path,
                                   (*(const UlChangedDir *const *) b)->path);
}

/* Both sides of a name in one change. */
static gboolean
merge_sides (UlChangedDir *dir, GError **error)
{
  g_ptr_array_sort (dir->changes, compare_changes);
  guint n = 0;
  for (guint i = 0; i < dir->changes->len; i++)
    {
      UlChange *last = n > 0 ? dir->changes->pdata[n - 1] : NULL;
      UlChange *change = dir->changes->pdata[i];
      if (last == NULL || !g_str_equal (last->name, change->name))
        {
          dir->changes->pdata[i] = dir->changes->pdata[n];
          dir->changes->pdata[n++] = change;
          continue;
        }
      const gboolean is_a = change->a.kind != UL_CHANGE_NOTHING;
      UlChangeSide *into = is_a ? &last->a : &last->b;
      if (into->kind != UL_CHANGE_NOTHING)
        return ul_throw (error, UL_ERROR_INVALID, "directory %s holds both %s and its whiteout",
                         dir->path, change->name);
      *into = is_a ? change->a : change->b;
    }
  g_ptr_array_set_size (dir->changes, (gint) n);
  return TRUE;
}

/* Every directory that comes, goes or changes is a directory of its own here, too, even if nothing
 * in it changes. */
static void
add_own_dirs (Finder *finder)
{
  for (guint i = 0; i < finder->dirs->len; i++)
    {
      const UlChangedDir *dir = finder->dirs->pdata[i];
      for (guint c = 0; c < dir->changes->len; c++)
        {
          const UlChange *change = dir->changes->pdata[c];
          const char *slash = dir->parent != NULL ? "/" : "";
          g_autofree char *path = g_strconcat (dir->path, slash, change->name, NULL);
          if (change->a.kind == UL_CHANGE_DIR || change->b.kind == UL_CHANGE_DIR)
            get_dir (finder, path);
        }
    }
}

static void
put_in_order (Finder *finder)
{
  add_own_dirs (finder);
  g_ptr_array_sort (finder->dirs, compare_dirs);
  for (guint i = 0; i < finder->dirs->len; i++)
    {
      UlChangedDir *dir = finder->dirs->pdata[i];
      const UlChange *change
          = dir->parent != NULL ? ul_changed_dir_find (dir->parent, dir->name) : NULL;
      /* One that is only on the way has its metadata already. */
      if (change == NULL)
        continue;
      dir->in_a = change->a.kind == UL_CHANGE_DIR;
      dir->in_b = change->b.kind == UL_CHANGE_DIR;
      dir->meta_changes = dir->in_a && dir->in_b;
      dir->a_meta = change->a.meta;
      dir->b_meta = change->b.meta;
      dir->b_tree = change->b.checksum;
    }
}

UlChange *
ul_changed_dir_find (const UlChangedDir *dir, const char *name)
{
  guint low = 0;
  guint high = dir->changes->len;
  while (low < high)
    {
      const guint middle = low + (high - low) / 2;
      UlChange *change = dir->changes->pdata[middle];
      const int order = strcmp (name, change->name);
      if (order == 0)
        return change;
      if (order < 0)
        high = middle;
      else
        low = middle + 1;
    }
  return NULL;
}

gboolean
ul_changes_find (const UlCheckoutPlan *plan, const UlEntry *a, const UlEntry *b,
                 UlChanges *out_changes, GError **error)
{
  const UlTreeDiffSide side_a = { plan->repo, a->checksum, a->meta };
  const UlTreeDiffSide side_b = { plan->repo, b->checksum, b->meta };
  g_autoptr (GPtrArray) dirs = g_ptr_array_new_with_free_func (changed_dir_free);
  g_autoptr (GHashTable) by_path = g_hash_table_new (g_str_hash, g_str_equal);
  Finder finder = { .plan = plan, .dirs = dirs, .by_path = by_path };
  if (!ul_tree_diff (&side_a, &side_b, UL_TREE_DIFF_INSIDE, add_difference, &finder, error))
    return FALSE;
  for (guint i = 0; i < dirs->len; i++)
    if (!merge_sides (dirs->pdata[i], error))
      return FALSE;
  put_in_order (&finder);
  UlChanges changes = { 0 };
  for (guint i = 0; i < dirs->len; i++)
    {
      const UlChangedDir *dir = dirs->pdata[i];
      const GPtrArray *list = dir->changes;
      changes.max_depth = MAX (changes.max_depth, dir->depth);
      changes.n_changes += list->len;
      for (guint c = 0; c < list->len; c++)
        if (((const UlChange *) list->pdata[c])->b.kind == UL_CHANGE_WHITEOUT)
          changes.make_whiteouts = TRUE;
    }
  changes.dirs = g_steal_pointer (&dirs);
  *out_changes = changes;
  return TRUE;
}
