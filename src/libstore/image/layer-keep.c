// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/layer-keep.h"

#include <string.h>

#include "core/tar-frame.h"
#include "core/tar-path.h"

/* What there is of one path. */
typedef struct
{
  guint n_contents; /* entries with content that aren't asked about yet */
  gboolean last_has_content;
} Path;

struct _UlLayerKeep
{
  const UlLayer *layer;
  /* Sorted, not hashed: whoever made the layer chose the names, maybe all of one hash. */
  GTree *paths;
};

static gint
compare (gconstpointer a, gconstpointer b, G_GNUC_UNUSED gpointer data)
{
  return strcmp (a, b);
}

/* What no tree has: an archive with such a name isn't taken. */
static char *
normalize (const char *name)
{
  char *path = NULL;
  return ul_tar_path_normalize (name, &path, NULL) ? path : NULL;
}

static gboolean
count (const char *name, guint64 size, gpointer data, G_GNUC_UNUSED GError **error)
{
  UlLayerKeep *self = data;
  g_autofree char *key = normalize (name);
  if (key == NULL)
    return TRUE;
  Path *path = g_tree_lookup (self->paths, key);
  if (path == NULL)
    {
      path = g_new0 (Path, 1);
      g_tree_insert (self->paths, g_steal_pointer (&key), path);
    }
  path->last_has_content = size > 0;
  path->n_contents += size > 0;
  return TRUE;
}

static gboolean
count_all (UlLayerKeep *self, const UlStream *tar, GError **error)
{
  static const UlTarFrameSink sink = { .entry = count };
  g_autoptr (UlTarFrame) frame = ul_tar_frame_new (&sink, self);
  const guint8 *bytes = NULL;
  gsize n;
  do
    if (!tar->read (tar->data, &bytes, &n, error)
        || (n > 0 && !ul_tar_frame_push (frame, bytes, n, error)))
      return FALSE;
  while (n > 0);
  return ul_tar_frame_finish (frame, error);
}

UlLayerKeep *
ul_layer_keep_new (const UlLayer *layer, const UlStream *tar, GError **error)
{
  g_autoptr (UlLayerKeep) self = g_new0 (UlLayerKeep, 1);
  self->layer = layer;
  self->paths = g_tree_new_full (compare, NULL, g_free, g_free);
  return count_all (self, tar, error) ? g_steal_pointer (&self) : NULL;
}

void
ul_layer_keep_free (UlLayerKeep *self)
{
  if (self == NULL)
    return;
  g_tree_unref (self->paths);
  g_free (self);
}

gboolean
ul_layer_keep_ask (const char *name, G_GNUC_UNUSED guint64 size, gpointer data)
{
  UlLayerKeep *self = data;
  g_autofree char *key = normalize (name);
  Path *path = key != NULL ? g_tree_lookup (self->paths, key) : NULL;
  if (path == NULL || path->n_contents == 0)
    return TRUE;
  const gboolean is_last = --path->n_contents == 0 && path->last_has_content;
  return !(is_last && ul_layer_holds_content (self->layer, key));
}
