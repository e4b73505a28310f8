// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/lookup.h"

#include <string.h>

#include "core/dirtree.h"

/* A directory on the way. */
typedef struct
{
  char *name; /* NULL for the root */
  UlDirtreeView view;
} Level;

struct _UlLookup
{
  UlRepo *repo;
  UlHasher *hasher;
  GArray *levels; /* Level, the root first */
};

static void
level_clear (gpointer data)
{
  Level *level = data;
  g_free (level->name);
  ul_dirtree_view_clear (&level->view);
}

static gboolean
push_level (UlLookup *self, const char *name, const UlChecksum *tree, GError **error)
{
  g_autoptr (GVariant) dirtree = NULL;
  Level level = { 0 };
  if (!ul_objects_load_verified (self->repo, UL_OBJECT_DIRTREE, tree, self->hasher, &dirtree,
                                 error))
    return FALSE;
  level.name = g_strdup (name);
  ul_dirtree_view_init (&level.view, dirtree);
  g_array_append_val (self->levels, level);
  return TRUE;
}

UlLookup *
ul_lookup_new (UlRepo *repo, const UlChecksum *root_tree, GError **error)
{
  g_autoptr (UlLookup) self = g_new0 (UlLookup, 1);
  self->repo = g_object_ref (repo);
  self->hasher = ul_hasher_new ();
  self->levels = g_array_new (FALSE, FALSE, sizeof (Level));
  g_array_set_clear_func (self->levels, level_clear);
  return push_level (self, NULL, root_tree, error) ? g_steal_pointer (&self) : NULL;
}

void
ul_lookup_free (UlLookup *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->levels);
  ul_hasher_free (self->hasher);
  g_object_unref (self->repo);
  g_free (self);
}

static Level *
level_at (UlLookup *self, guint depth)
{
  return &g_array_index (self->levels, Level, depth);
}

/* Makes directory @name the one below @depth. */
static gboolean
enter (UlLookup *self, guint depth, const char *name, gboolean *out_found, GError **error)
{
  UlDirtreeDir dir;
  *out_found = TRUE;
  if (depth + 1 < self->levels->len && g_str_equal (level_at (self, depth + 1)->name, name))
    return TRUE;
  g_array_set_size (self->levels, depth + 1);
  *out_found = ul_dirtree_view_find_dir (&level_at (self, depth)->view, name, &dir);
  return !*out_found || push_level (self, name, &dir.tree, error);
}

gboolean
ul_lookup_file (UlLookup *self, const char *path, gboolean *out_found, UlChecksum *out,
                GError **error)
{
  UlDirtreeFile file;
  guint depth = 0;
  gboolean found = TRUE;
  for (const char *slash; found && (slash = strchr (path, '/')) != NULL; path = slash + 1, depth++)
    {
      g_autofree char *name = g_strndup (path, (gsize) (slash - path));
      if (!enter (self, depth, name, &found, error))
        return FALSE;
    }
  *out_found = found && ul_dirtree_view_find_file (&level_at (self, depth)->view, path, &file);
  if (*out_found)
    *out = file.checksum;
  return TRUE;
}
