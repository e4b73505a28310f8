// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/guess.h"

#include "repo/lookup.h"
#include "repo/objects.h"

typedef struct
{
  UlChecksum commit;
  gboolean loaded;
  UlLookup *lookup; /* once it's loaded; NULL: it can't be */
} Tree;

struct _UlGuess
{
  UlRepo *repo;
  GMutex lock; /* guards what the trees have loaded */
  GArray *trees;
};

static void
tree_clear (gpointer data)
{
  ul_lookup_free (((Tree *) data)->lookup);
}

UlGuess *
ul_guess_new (UlRepo *repo)
{
  UlGuess *self = g_new0 (UlGuess, 1);
  self->repo = g_object_ref (repo);
  self->trees = g_array_new (FALSE, TRUE, sizeof (Tree));
  g_array_set_clear_func (self->trees, tree_clear);
  g_mutex_init (&self->lock);
  return self;
}

void
ul_guess_free (UlGuess *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->trees);
  g_mutex_clear (&self->lock);
  g_object_unref (self->repo);
  g_free (self);
}

void
ul_guess_add_commit (UlGuess *self, const UlChecksum *commit)
{
  const Tree tree = { .commit = *commit };
  g_array_append_val (self->trees, tree);
}

static void
load (UlGuess *self, Tree *tree)
{
  g_auto (UlCommit) commit = { 0 };
  tree->loaded = TRUE;
  if (ul_objects_load_commit (self->repo, &tree->commit, &commit, NULL))
    tree->lookup = ul_lookup_new (self->repo, &commit.tree, NULL);
}

static gboolean
find (UlGuess *self, Tree *tree, const char *path, UlChecksum *out)
{
  gboolean found;
  if (!tree->loaded)
    load (self, tree);
  return tree->lookup != NULL && ul_lookup_file (tree->lookup, path, &found, out, NULL) && found;
}

gboolean
ul_guess_file (UlGuess *self, const char *path, UlChecksum *out)
{
  gboolean found = FALSE;
  g_mutex_lock (&self->lock);
  for (guint i = 0; !found && i < self->trees->len; i++)
    found = find (self, &g_array_index (self->trees, Tree, i), path, out);
  g_mutex_unlock (&self->lock);
  return found;
}
