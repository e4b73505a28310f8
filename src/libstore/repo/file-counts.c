// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/file-counts.h"

#include "core/checksum-set.h"
#include "core/dirtree.h"
#include "repo/objects.h"
#include "util/error.h"

struct _UlFileCounts
{
  UlRepo *repo;
  UlHasher *hasher;
  UlChecksumSet *known; /* dirtree -> guint32 */
};

/* A dirtree whose subdirectories from @next on aren't counted yet. */
typedef struct
{
  UlChecksum tree;
  UlDirtreeView view;
  gsize next;
  guint32 n;
} Frame;

static void
frame_clear (gpointer frame)
{
  ul_dirtree_view_clear (&((Frame *) frame)->view);
}

UlFileCounts *
ul_file_counts_new (UlRepo *repo)
{
  UlFileCounts *self = g_new (UlFileCounts, 1);
  *self = (UlFileCounts){ .repo = repo,
                          .hasher = ul_hasher_new (),
                          .known = ul_checksum_set_new (sizeof (guint32)) };
  return self;
}

void
ul_file_counts_free (UlFileCounts *self)
{
  if (self == NULL)
    return;
  ul_hasher_free (self->hasher);
  ul_checksum_set_free (self->known);
  g_free (self);
}

gboolean
ul_file_counts_sum (guint32 *n, gsize more, GError **error)
{
  if (more >= G_MAXUINT32 - *n)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "more files than can be numbered");
  *n += (guint32) more;
  return TRUE;
}

static gboolean
load_view (const UlFileCounts *self, const UlChecksum *tree, UlDirtreeView *view, GError **error)
{
  g_autoptr (GVariant) dirtree = NULL;
  if (!ul_objects_load_verified (self->repo, UL_OBJECT_DIRTREE, tree, self->hasher, &dirtree,
                                 error))
    return FALSE;
  ul_dirtree_view_init (view, dirtree);
  return TRUE;
}

static gboolean
push (UlFileCounts *self, GArray *frames, const UlChecksum *tree, GError **error)
{
  Frame frame = { .tree = *tree };
  if (!load_view (self, tree, &frame.view, error))
    return FALSE;
  g_array_append_val (frames, frame);
  return ul_file_counts_sum (&g_array_index (frames, Frame, frames->len - 1).n, frame.view.n_files,
                             error);
}

/* Go on with the innermost frame: add what is known, go down into what isn't. */
static gboolean
step (UlFileCounts *self, GArray *frames, GError **error)
{
  Frame *frame = &g_array_index (frames, Frame, frames->len - 1);
  if (frame->next == frame->view.n_dirs)
    {
      ul_checksum_set_put (self->known, &frame->tree, &frame->n);
      g_array_set_size (frames, frames->len - 1);
      return TRUE;
    }
  UlDirtreeDir dir;
  guint32 below;
  ul_dirtree_view_dir (&frame->view, frame->next, &dir);
  if (!ul_checksum_set_get (self->known, &dir.tree, &below))
    return push (self, frames, &dir.tree, error);
  frame->next++;
  return ul_file_counts_sum (&frame->n, below, error);
}

gboolean
ul_file_counts_add (UlFileCounts *self, const UlChecksum *tree, guint32 *n, GError **error)
{
  /* Trees may be deeper than the stack, so this is a list. */
  g_autoptr (GArray) frames = g_array_new (FALSE, FALSE, sizeof (Frame));
  g_array_set_clear_func (frames, frame_clear);
  guint32 count;
  while (!ul_checksum_set_get (self->known, tree, &count))
    if (!(frames->len == 0 ? push (self, frames, tree, error) : step (self, frames, error)))
      return FALSE;
  return ul_file_counts_sum (n, count, error);
}

/* Past what comes before subdirectory @name of @tree, which it becomes. */
static gboolean
step_into (UlFileCounts *self, const char *name, UlChecksum *tree, guint32 *n, GError **error)
{
  g_auto (UlDirtreeView) view = { 0 };
  if (!load_view (self, tree, &view, error) || !ul_file_counts_sum (n, view.n_files, error))
    return FALSE;
  for (gsize i = 0; i < view.n_dirs; i++)
    {
      UlDirtreeDir dir;
      ul_dirtree_view_dir (&view, i, &dir);
      if (g_str_equal (dir.name, name))
        {
          *tree = dir.tree;
          return TRUE;
        }
      if (!ul_file_counts_add (self, &dir.tree, n, error))
        return FALSE;
    }
  return ul_throw (error, UL_ERROR_NOT_FOUND, "no directory %s", name);
}

gboolean
ul_file_counts_before (UlFileCounts *self, const UlChecksum *tree, const char *path, guint32 *out_n,
                       GError **error)
{
  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  UlChecksum at = *tree;
  guint32 n = 0;
  for (char **name = names; *name != NULL; name++)
    if (**name != '\0' && !g_str_equal (*name, ".") && !step_into (self, *name, &at, &n, error))
      return FALSE;
  *out_n = n;
  return TRUE;
}
