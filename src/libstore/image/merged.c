// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/merged.h"

#include <string.h>
#include <sys/stat.h>

#include "core/dirtree.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/xattr.h"

/* What goes before the checksums that a stack is called by. No dirtree begins so and goes on: an
 * empty name is none. */
#define STACK_TAG 0

/* Directories below each other that write () goes down to: more than a path can name. */
#define MAX_DEPTH 4096

struct _UlMerged
{
  UlRepo *repo;
  UlMergedPurpose purpose;
  UlHasher *hasher;
  GHashTable *stacks;  /* UlChecksum * -> GArray of UlChecksum: dirtrees, the topmost first */
  GHashTable *metas;   /* UlChecksum * -> Meta *: those that were looked at */
  GHashTable *objects; /* UlChecksum * -> GVariant *: dirmetas that aren't in the repository */
  UlChecksum tree;
  UlChecksum meta;
};

typedef struct
{
  gboolean is_opaque;
  UlChecksum seen; /* what there is to be seen of it */
} Meta;

/* A name in a directory that is being merged. */
typedef struct
{
  char *name;
  gboolean closed; /* layers below don't matter */
  gboolean is_file;
  char *marker;       /* that it's deleted, as a file's name; NULL: it isn't */
  UlChecksum file;    /* of either */
  UlChecksum meta;    /* of the topmost directory */
  gboolean is_opaque; /* the directory hides what layers below all of these have */
  GArray *trees;      /* UlChecksum, the topmost first; NULL: no directory */
} Name;

static void
name_free (gpointer data)
{
  Name *name = data;
  g_clear_pointer (&name->trees, g_array_unref);
  g_free (name->marker);
  g_free (name->name);
  g_free (name);
}

static int
compare_files (gconstpointer a, gconstpointer b)
{
  return strcmp (((const UlDirtreeFile *) a)->name, ((const UlDirtreeFile *) b)->name);
}

static int
compare_dirs (gconstpointer a, gconstpointer b)
{
  return strcmp (((const UlDirtreeDir *) a)->name, ((const UlDirtreeDir *) b)->name);
}

/* What a stack of one is called is its dirtree. */
static void
name_stack (UlMerged *self, const GArray *trees, UlChecksum *out)
{
  const guint8 tag = STACK_TAG;
  if (trees->len == 1)
    {
      *out = g_array_index (trees, UlChecksum, 0);
      return;
    }
  ul_hasher_start (self->hasher);
  ul_hasher_update (self->hasher, &tag, sizeof tag);
  ul_hasher_update (self->hasher, trees->data, trees->len * sizeof (UlChecksum));
  ul_hasher_finish (self->hasher, out);
}

static void
remember_stack (UlMerged *self, GArray *trees, UlChecksum *out)
{
  name_stack (self, trees, out);
  if (trees->len != 1 && !g_hash_table_contains (self->stacks, out))
    g_hash_table_insert (self->stacks, g_memdup2 (out, sizeof *out), g_array_ref (trees));
}

/* Most directories have one of few dirmetas. */
static gboolean
look_at_meta (UlMerged *self, const UlChecksum *checksum, const Meta **out, GError **error)
{
  guint32 uid;
  guint32 gid;
  guint32 mode;
  g_autoptr (GVariant) dirmeta = NULL;
  g_autoptr (GVariant) xattrs = NULL;
  *out = g_hash_table_lookup (self->metas, checksum);
  if (*out != NULL)
    return TRUE;
  if (!ul_objects_load (self->repo, UL_OBJECT_DIRMETA, checksum, &dirmeta, error))
    return FALSE;
  Meta *meta = g_new0 (Meta, 1);
  ul_dirmeta_get (dirmeta, &uid, &gid, &mode, &xattrs);
  meta->seen = *checksum;
  meta->is_opaque = ul_whiteout_strip_opaque (&xattrs);
  if (meta->is_opaque)
    {
      GVariant *plain = g_variant_ref_sink (ul_dirmeta_new (uid, gid, mode, xattrs));
      ul_checksum_of_data (g_variant_get_data (plain), g_variant_get_size (plain), &meta->seen);
      g_hash_table_insert (self->objects, g_memdup2 (&meta->seen, sizeof meta->seen), plain);
    }
  g_hash_table_insert (self->metas, g_memdup2 (checksum, sizeof *checksum), meta);
  *out = meta;
  return TRUE;
}

static Name *
find_name (GHashTable *names, const char *name)
{
  Name *found = g_hash_table_lookup (names, name);
  if (found == NULL)
    {
      found = g_new0 (Name, 1);
      found->name = g_strdup (name);
      g_hash_table_insert (names, found->name, found);
    }
  return found;
}

/* The name that a file hides, NULL if it's not a marker. */
static gboolean
read_marker (UlMerged *self, const UlDirtreeFile *file, const char **out_deleted, GError **error)
{
  UlWhiteoutKind kind;
  guint64 size;
  g_auto (UlFileMeta) meta = { 0 };
  *out_deleted = NULL;
  if (!ul_whiteout_may_be_marker (UL_WHITEOUT_COMMIT, file->name))
    return TRUE;
  return ul_objects_load_file_meta (self->repo, &file->checksum, &meta, &size, error)
         && ul_whiteout_decode (UL_WHITEOUT_COMMIT, file->name, S_ISREG (meta.mode) && size == 0,
                                &kind, out_deleted, error);
}

static gboolean
check_marker (const UlDirtreeView *view, const UlChecksum *tree, const char *deleted,
              GError **error)
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (tree, hex);
  return ul_whiteout_check_collision (view, deleted, hex, error);
}

static gboolean
add_files (UlMerged *self, const UlDirtreeView *view, const UlChecksum *tree, GHashTable *names,
           GError **error)
{
  for (gsize i = 0; i < view->n_files; i++)
    {
      UlDirtreeFile file;
      const char *deleted;
      ul_dirtree_view_file (view, i, &file);
      if (!read_marker (self, &file, &deleted, error)
          || (deleted != NULL && !check_marker (view, tree, deleted, error)))
        return FALSE;
      Name *name = find_name (names, deleted != NULL ? deleted : file.name);
      if (!name->closed && name->trees == NULL)
        {
          name->is_file = deleted == NULL;
          name->marker = deleted != NULL ? g_strdup (file.name) : NULL;
          name->file = file.checksum;
        }
      /* What is no directory ends what is merged, and in one layer the directory has to. */
      name->is_opaque |= !name->closed && name->trees != NULL;
      name->closed = TRUE;
    }
  return TRUE;
}

static gboolean
add_dirs (UlMerged *self, const UlDirtreeView *view, GHashTable *names, GError **error)
{
  for (gsize i = 0; i < view->n_dirs; i++)
    {
      UlDirtreeDir dir;
      const Meta *meta;
      ul_dirtree_view_dir (view, i, &dir);
      Name *name = find_name (names, dir.name);
      if (name->closed)
        continue;
      if (!look_at_meta (self, &dir.meta, &meta, error))
        return FALSE;
      if (name->trees == NULL)
        {
          name->trees = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
          name->meta = meta->seen;
        }
      g_array_append_val (name->trees, dir.tree);
      name->is_opaque |= meta->is_opaque;
      name->closed = meta->is_opaque;
    }
  return TRUE;
}

static gboolean
add_layer (UlMerged *self, const UlChecksum *tree, GHashTable *names, GError **error)
{
  g_autoptr (GVariant) dirtree = NULL;
  g_auto (UlDirtreeView) view = { 0 };
  if (!ul_objects_load_verified (self->repo, UL_OBJECT_DIRTREE, tree, self->hasher, &dirtree,
                                 error))
    return FALSE;
  ul_dirtree_view_init (&view, dirtree);
  return add_files (self, &view, tree, names, error) && add_dirs (self, &view, names, error);
}

/* The dirmeta that makes a directory opaque which else is @meta. */
static gboolean
make_opaque (UlMerged *self, UlChecksum *meta, GError **error)
{
  guint32 uid;
  guint32 gid;
  guint32 mode;
  g_autoptr (GVariant) xattrs = NULL;
  GVariant *known = g_hash_table_lookup (self->objects, meta);
  g_autoptr (GVariant) dirmeta = known != NULL ? g_variant_ref (known) : NULL;
  if (dirmeta == NULL && !ul_objects_load (self->repo, UL_OBJECT_DIRMETA, meta, &dirmeta, error))
    return FALSE;
  ul_dirmeta_get (dirmeta, &uid, &gid, &mode, &xattrs);
  g_autoptr (GVariant) more = ul_file_meta_set_xattr (xattrs, UL_WHITEOUT_OPAQUE_TRUSTED, "y", 1);
  GVariant *opaque = g_variant_ref_sink (ul_dirmeta_new (uid, gid, mode, more));
  ul_checksum_of_data (g_variant_get_data (opaque), g_variant_get_size (opaque), meta);
  g_hash_table_insert (self->objects, g_memdup2 (meta, sizeof *meta), opaque);
  return TRUE;
}

static gboolean
add_name (UlMerged *self, const Name *name, GArray *files, GArray *dirs, GError **error)
{
  const gboolean hides = self->purpose == UL_MERGED_LAYER;
  const UlDirtreeFile file
      = { .name = name->marker != NULL ? name->marker : name->name, .checksum = name->file };
  UlDirtreeDir dir = { .name = name->name, .meta = name->meta };
  if (name->is_file || (name->marker != NULL && hides))
    g_array_append_val (files, file);
  if (name->trees == NULL)
    return TRUE;
  if (hides && name->is_opaque && !make_opaque (self, &dir.meta, error))
    return FALSE;
  remember_stack (self, name->trees, &dir.tree);
  g_array_append_val (dirs, dir);
  return TRUE;
}

static GVariant *
dirtree_of (const GArray *files, const GArray *dirs)
{
  return g_variant_ref_sink (
      ul_dirtree_new ((const UlDirtreeFile *) (gconstpointer) files->data, files->len,
                      (const UlDirtreeDir *) (gconstpointer) dirs->data, dirs->len));
}

static gboolean
make_dirtree (UlMerged *self, GHashTable *names, GVariant **out, GError **error)
{
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (UlDirtreeFile));
  g_autoptr (GArray) dirs = g_array_new (FALSE, FALSE, sizeof (UlDirtreeDir));
  GHashTableIter iter;
  gpointer name;
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, NULL, &name))
    if (!add_name (self, name, files, dirs, error))
      return FALSE;
  g_array_sort (files, compare_files);
  g_array_sort (dirs, compare_dirs);
  *out = dirtree_of (files, dirs);
  return TRUE;
}

static gboolean
make (const UlChecksum *tree, gpointer data, GVariant **out, GError **error)
{
  UlMerged *self = data;
  const GArray *trees = g_hash_table_lookup (self->stacks, tree);
  if (trees == NULL)
    {
      *out = NULL;
      return TRUE;
    }
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, name_free);
  for (guint i = 0; i < trees->len; i++)
    if (!add_layer (self, &g_array_index (trees, UlChecksum, i), names, error))
      return FALSE;
  return make_dirtree (self, names, out, error);
}

/* What an image without layers has. */
static void
make_root_meta (UlMerged *self)
{
  GVariant *meta = g_variant_ref_sink (ul_dirmeta_new (0, 0, S_IFDIR | 0555, ul_xattr_empty ()));
  ul_checksum_of_data (g_variant_get_data (meta), g_variant_get_size (meta), &self->meta);
  g_hash_table_insert (self->objects, g_memdup2 (&self->meta, sizeof self->meta), meta);
}

/* The root is merged from all layers, and has the metadata of the topmost. */
static gboolean
add_roots (UlMerged *self, const GArray *layers, GError **error)
{
  g_autoptr (GArray) trees = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  for (guint i = layers->len; i-- > 0;)
    {
      g_auto (UlCommit) commit = { 0 };
      const Meta *meta;
      if (!ul_objects_load_commit (self->repo, &g_array_index (layers, UlChecksum, i), &commit,
                                   error))
        return FALSE;
      if (trees->len == 0)
        {
          if (!look_at_meta (self, &commit.meta, &meta, error))
            return FALSE;
          self->meta = meta->seen;
        }
      g_array_append_val (trees, commit.tree);
    }
  if (trees->len == 0)
    make_root_meta (self);
  remember_stack (self, trees, &self->tree);
  return TRUE;
}

UlMerged *
ul_merged_new (UlRepo *repo, const GArray *layers, UlMergedPurpose purpose, GError **error)
{
  g_autoptr (UlMerged) self = g_new0 (UlMerged, 1);
  self->purpose = purpose;
  self->repo = g_object_ref (repo);
  self->hasher = ul_hasher_new ();
  self->stacks = g_hash_table_new_full (ul_checksum_hash, ul_checksum_equal_func, g_free,
                                        (GDestroyNotify) g_array_unref);
  self->metas = g_hash_table_new_full (ul_checksum_hash, ul_checksum_equal_func, g_free, g_free);
  self->objects = g_hash_table_new_full (ul_checksum_hash, ul_checksum_equal_func, g_free,
                                         (GDestroyNotify) g_variant_unref);
  return add_roots (self, layers, error) ? g_steal_pointer (&self) : NULL;
}

void
ul_merged_free (UlMerged *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->stacks);
  g_hash_table_unref (self->metas);
  g_hash_table_unref (self->objects);
  ul_hasher_free (self->hasher);
  g_object_unref (self->repo);
  g_free (self);
}

UlTreeDiffSide
ul_merged_side (UlMerged *self)
{
  return (UlTreeDiffSide){
    .repo = self->repo,
    .tree = self->tree,
    .meta = self->meta,
    .objects = self->objects,
    .make = make,
    .make_data = self,
  };
}

static gboolean
write_meta (UlMerged *self, UlWriter *writer, UlChecksum *meta, GError **error)
{
  GVariant *made = g_hash_table_lookup (self->objects, meta);
  return made == NULL || ul_writer_metadata (writer, UL_OBJECT_DIRMETA, made, meta, error);
}

/* Replaces what a stack is called by the dirtree that is written of it. */
static gboolean
write_tree (UlMerged *self, UlWriter *writer, guint depth, UlChecksum *tree, GError **error)
{
  g_autoptr (GVariant) made = NULL;
  g_auto (UlDirtreeView) view = { 0 };
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (UlDirtreeFile));
  g_autoptr (GArray) dirs = g_array_new (FALSE, FALSE, sizeof (UlDirtreeDir));
  if (!make (tree, self, &made, error))
    return FALSE;
  if (made == NULL)
    return TRUE;
  if (depth == MAX_DEPTH)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "more than %d directories below each other",
                     MAX_DEPTH);
  ul_dirtree_view_init (&view, made);
  g_array_set_size (files, (guint) view.n_files);
  g_array_set_size (dirs, (guint) view.n_dirs);
  for (guint i = 0; i < files->len; i++)
    ul_dirtree_view_file (&view, i, &g_array_index (files, UlDirtreeFile, i));
  for (guint i = 0; i < dirs->len; i++)
    {
      UlDirtreeDir *dir = &g_array_index (dirs, UlDirtreeDir, i);
      ul_dirtree_view_dir (&view, i, dir);
      if (!write_tree (self, writer, depth + 1, &dir->tree, error)
          || !write_meta (self, writer, &dir->meta, error))
        return FALSE;
    }
  g_autoptr (GVariant) written = dirtree_of (files, dirs);
  return ul_writer_metadata (writer, UL_OBJECT_DIRTREE, written, tree, error);
}

gboolean
ul_merged_write (UlMerged *self, UlWriter *writer, UlChecksum *out_tree, UlChecksum *out_meta,
                 GError **error)
{
  UlChecksum tree = self->tree;
  UlChecksum meta = self->meta;
  if (!write_tree (self, writer, 0, &tree, error) || !write_meta (self, writer, &meta, error))
    return FALSE;
  *out_tree = tree;
  *out_meta = meta;
  return TRUE;
}
