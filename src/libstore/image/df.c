// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/df.h"

#include "core/dirtree.h"
#include "core/image-name.h"
#include "repo/objects.h"
#include "repo/refs.h"
#include "repo/shares.h"
#include "util/error.h"
#include "util/sort.h"

typedef enum
{
  PART_LAYER,
  PART_TAR_SPLIT,
  PART_BLOB,
  PART_DOCUMENTS,
  N_KINDS,
} Kind;

/* A commit of an image or of several; its index is the number of its group. */
typedef struct
{
  char *ref;
  Kind kind;
  UlChecksum commit;
  UlChecksum tree;
  gboolean is_telling; /* a layer whose tree isn't the empty one, which is found everywhere */
  gboolean is_wanted;  /* by an image that is asked about */
  UlDfSize size;
} Part;

typedef struct
{
  UlRepo *repo;
  UlShares *shares;
  UlChecksum empty_tree;
  UlImageDf *df;
  GPtrArray *parts;   /* of Part */
  GHashTable *by_ref; /* char * -> Part *; borrowed */
  GPtrArray *rows;    /* of UlImageDfRow: all images */
  GArray *is_wanted;  /* for each row, gboolean */
  GPtrArray *of_row;  /* for each row a GArray of guint: its parts */
  GPtrArray *others;  /* of UlRef: what is no part */
  guint other_group;  /* of all of them, the first that isn't a part's */
  gboolean *in_set;   /* for each part, while a set is summed up */
} Df;

static void
add (UlDfSize *to, const UlDfSize *size)
{
  to->objects += size->objects;
  to->bytes += size->bytes;
}

static void
row_free (gpointer data)
{
  UlImageDfRow *row = data;
  g_free (row->name);
  ul_image_free (row->image);
  g_clear_error (&row->failure);
  g_ptr_array_unref (row->refs);
  g_free (row);
}

void
ul_image_df_clear (UlImageDf *df)
{
  g_clear_pointer (&df->rows, g_ptr_array_unref);
}

static void
part_free (gpointer data)
{
  Part *part = data;
  g_free (part->ref);
  g_free (part);
}

static Part *
part_at (const Df *self, guint i)
{
  return self->parts->pdata[i];
}

/* A part of the row @parts is of; nothing where there is no such ref. */
static gboolean
add_part (Df *self, GArray *parts, Kind kind, const char *ref, GError **error)
{
  g_auto (UlCommit) commit = { 0 };
  UlChecksum checksum;
  gboolean found;
  gpointer known = g_hash_table_lookup (self->by_ref, ref);
  if (known != NULL)
    {
      const guint index = GPOINTER_TO_UINT (known) - 1;
      g_array_append_val (parts, index);
      return TRUE;
    }
  if (!ul_refs_find (self->repo, ref, &found, &checksum, error))
    return FALSE;
  if (!found)
    return TRUE;
  if (!ul_objects_load_commit (self->repo, &checksum, &commit, error))
    return ul_prefix (error, "%s", ref);
  Part *part = g_new0 (Part, 1);
  const guint index = self->parts->len;
  *part = (Part){
    .ref = g_strdup (ref),
    .kind = kind,
    .commit = checksum,
    .tree = commit.tree,
    .is_telling = kind == PART_LAYER && !ul_checksum_equal (&commit.tree, &self->empty_tree),
  };
  g_ptr_array_add (self->parts, part);
  g_hash_table_insert (self->by_ref, part->ref, GUINT_TO_POINTER (index + 1));
  g_array_append_val (parts, index);
  return TRUE;
}

static gboolean
add_layer_parts (Df *self, GArray *parts, const UlImage *image, guint i, GError **error)
{
  const UlImageLayer *layer = image->layers->pdata[i];
  const UlOciDescriptor *blob = ul_oci_descriptor_at (image->documents->manifest->layers, i);
  g_autofree char *layer_ref = ul_image_layer_ref (layer->id);
  g_autofree char *split_ref = ul_image_tar_split_ref (&layer->diff_id);
  g_autofree char *blob_ref = ul_image_blob_ref (&blob->digest);
  return add_part (self, parts, PART_LAYER, layer_ref, error)
         && add_part (self, parts, PART_TAR_SPLIT, split_ref, error)
         && add_part (self, parts, PART_BLOB, blob_ref, error);
}

/* The same part twice, as the tar-split of a tar that an image has in two places, is one. */
static int
compare_parts (gconstpointer a, gconstpointer b)
{
  const guint x = *(const guint *) a;
  const guint y = *(const guint *) b;
  return (x > y) - (x < y);
}

static void
sort_parts (GArray *parts)
{
  g_array_sort (parts, compare_parts);
  for (guint i = parts->len; i-- > 1;)
    if (g_array_index (parts, guint, i) == g_array_index (parts, guint, i - 1))
      g_array_remove_index (parts, i);
}

static gboolean
add_parts (Df *self, GArray *parts, const UlImage *image, GError **error)
{
  g_autofree char *ref = ul_image_name_to_ref (image->name);
  for (guint i = 0; i < image->layers->len; i++)
    if (!add_layer_parts (self, parts, image, i, error))
      return FALSE;
  return add_part (self, parts, PART_DOCUMENTS, ref, error);
}

static void
forget_parts (Df *self, guint from)
{
  for (guint i = from; i < self->parts->len; i++)
    g_hash_table_remove (self->by_ref, part_at (self, i)->ref);
  g_ptr_array_set_size (self->parts, (gint) from);
}

static void
add_row (Df *self, const char *name, gboolean is_wanted)
{
  UlImageDfRow *row = g_new0 (UlImageDfRow, 1);
  GArray *parts = g_array_new (FALSE, FALSE, sizeof (guint));
  const guint before = self->parts->len;
  row->name = g_strdup (name);
  row->refs = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->rows, row);
  g_ptr_array_add (self->of_row, parts);
  g_array_append_val (self->is_wanted, is_wanted);
  row->image = ul_image_load (self->repo, name, &row->failure);
  if (row->image == NULL)
    return;
  if (!add_parts (self, parts, row->image, &row->failure))
    {
      g_clear_pointer (&row->image, ul_image_free);
      g_array_set_size (parts, 0);
      forget_parts (self, before);
    }
  sort_parts (parts);
  for (guint i = 0; is_wanted && i < parts->len; i++)
    part_at (self, g_array_index (parts, guint, i))->is_wanted = TRUE;
}

static gboolean
list_images (Df *self, const GPtrArray *wanted, GError **error)
{
  g_autoptr (GPtrArray) names = NULL;
  if (!ul_image_list (self->repo, &names, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    add_row (self, names->pdata[i],
             g_ptr_array_find_with_equal_func ((GPtrArray *) wanted, names->pdata[i], g_str_equal,
                                               NULL));
  return TRUE;
}

static gboolean
list_others (Df *self, GError **error)
{
  if (!ul_refs_list_roots (self->repo, &self->others, error))
    return FALSE;
  for (guint i = self->others->len; i-- > 0;)
    if (g_hash_table_contains (self->by_ref, ((const UlRef *) self->others->pdata[i])->refspec))
      g_ptr_array_remove_index (self->others, i);
  return TRUE;
}

static gboolean
walk (Df *self, GError **error)
{
  const UlPruneDepth alone = { .limited = TRUE };
  const UlPruneDepth all = { 0 };
  g_autoptr (GArray) commits = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  guint group;
  for (guint i = 0; i < self->parts->len; i++)
    {
      g_array_set_size (commits, 0);
      g_array_append_val (commits, part_at (self, i)->commit);
      if (!ul_shares_add (self->shares, commits, alone, &group, error))
        return FALSE;
      g_assert (group == i);
    }
  g_array_set_size (commits, 0);
  for (guint i = 0; i < self->others->len; i++)
    g_array_append_val (commits, ((const UlRef *) self->others->pdata[i])->checksum);
  return ul_shares_add (self->shares, commits, all, &self->other_group, error);
}

static gboolean
has_tree (const Df *self, guint group, const Part *part)
{
  return ul_shares_has (self->shares, group, UL_OBJECT_DIRTREE, &part->tree);
}

/* Does @group have the trees of all layers? */
static gboolean
has_layers (const Df *self, const GArray *parts, guint group)
{
  gboolean any = FALSE;
  for (guint i = 0; i < parts->len; i++)
    {
      const Part *part = part_at (self, g_array_index (parts, guint, i));
      if (!part->is_telling)
        continue;
      if (!has_tree (self, group, part))
        return FALSE;
      any = TRUE;
    }
  return any;
}

/* Other refs are walked one by one only if they have layers at all. */
static gboolean
needs_search (const Df *self)
{
  for (guint i = 0; i < self->of_row->len; i++)
    if (has_layers (self, self->of_row->pdata[i], self->other_group))
      return TRUE;
  return FALSE;
}

static gboolean
search_ref (Df *self, const UlRef *ref, GError **error)
{
  const UlPruneDepth alone = { .limited = TRUE };
  g_autoptr (GArray) commits = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  guint group;
  g_array_append_val (commits, ref->checksum);
  if (!ul_shares_add (self->shares, commits, alone, &group, error))
    return FALSE;
  for (guint i = 0; i < self->of_row->len; i++)
    {
      UlImageDfRow *row = self->rows->pdata[i];
      if (has_layers (self, self->of_row->pdata[i], group))
        g_ptr_array_add (row->refs, g_strdup (ref->refspec));
    }
  return TRUE;
}

/* Names of the same commit. */
static void
add_equal_refs (UlImageDfRow *row, const char *image_ref, const GPtrArray *aliases,
                const GPtrArray *others)
{
  for (guint i = 0; i < aliases->len; i++)
    {
      const UlRef *alias = aliases->pdata[i];
      if (g_strcmp0 (alias->target, image_ref) == 0)
        g_ptr_array_add (row->refs, g_strdup (alias->refspec));
    }
  for (guint i = 0; i < others->len; i++)
    {
      const UlRef *other = others->pdata[i];
      if (ul_checksum_equal (&other->checksum, &row->image->commit))
        g_ptr_array_add (row->refs, g_strdup (other->refspec));
    }
}

static gboolean
find_refs (Df *self, GError **error)
{
  g_autoptr (GPtrArray) aliases = NULL;
  if (!ul_refs_list (self->repo, NULL, UL_REFS_LIST_ALIASES, &aliases, error))
    return FALSE;
  const gboolean search = needs_search (self);
  for (guint i = 0; search && i < self->others->len; i++)
    if (!search_ref (self, self->others->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < self->rows->len; i++)
    {
      UlImageDfRow *row = self->rows->pdata[i];
      g_autofree char *ref = ul_image_name_to_ref (row->name);
      if (row->image == NULL)
        continue;
      add_equal_refs (row, ref, aliases, self->others);
      g_ptr_array_sort (row->refs, ul_compare_strings);
    }
  return TRUE;
}

static gboolean
row_is_in_set (const Df *self, guint row)
{
  const GArray *parts = self->of_row->pdata[row];
  for (guint i = 0; i < parts->len; i++)
    if (self->in_set[g_array_index (parts, guint, i)])
      return TRUE;
  return FALSE;
}

/* *out_elsewhere: others than the images that are asked about have it, too. */
static void
add_to_rows (Df *self, const UlDfSize *size, gboolean *out_elsewhere)
{
  UlImageDfRow *only = NULL;
  guint users = 0;
  const gboolean others_have = *out_elsewhere;
  for (guint i = 0; i < self->rows->len; i++)
    if (row_is_in_set (self, i))
      {
        UlImageDfRow *row = self->rows->pdata[i];
        add (&row->total, size);
        only = row;
        users++;
        *out_elsewhere |= !g_array_index (self->is_wanted, gboolean, i);
      }
  if (users == 1 && !others_have)
    add (&only->alone, size);
}

/* @groups: parts, then maybe others. */
static void
sum_up (const guint *groups, guint n, const UlDfSize *size, gpointer data)
{
  Df *self = data;
  UlImageDf *df = self->df;
  UlDfSize *const by_kind[N_KINDS] = { &df->layers, &df->tar_splits, &df->blobs, &df->documents };
  Kind kind = N_KINDS;
  guint n_parts = 0;
  for (; n_parts < n && groups[n_parts] < self->parts->len; n_parts++)
    {
      Part *part = part_at (self, groups[n_parts]);
      self->in_set[groups[n_parts]] = TRUE;
      add (&part->size, size);
      if (part->is_wanted)
        kind = MIN (kind, part->kind);
    }
  gboolean is_elsewhere = n_parts < n;
  add_to_rows (self, size, &is_elsewhere);
  if (kind < N_KINDS)
    {
      add (&df->here, size);
      add (by_kind[kind], size);
      if (is_elsewhere)
        add (&df->elsewhere, size);
    }
  for (guint i = 0; i < n_parts; i++)
    self->in_set[groups[i]] = FALSE;
}

/* Of an image that was counted by another name only what the name has of its own. */
static void
add_apart (Df *self, guint row_index, gboolean is_counted)
{
  UlImageDfRow *row = self->rows->pdata[row_index];
  const GArray *parts = self->of_row->pdata[row_index];
  for (guint i = 0; i < parts->len; i++)
    {
      const Part *part = part_at (self, g_array_index (parts, guint, i));
      add (&row->size, &part->size);
      if (!is_counted || part->kind == PART_DOCUMENTS)
        add (&self->df->apart, &part->size);
    }
}

static void
measure (Df *self)
{
  g_autofree gboolean *in_set = g_new0 (gboolean, self->parts->len + 1);
  g_autoptr (GHashTable) counted = g_hash_table_new (ul_checksum_hash, ul_checksum_equal_func);
  self->in_set = in_set;
  ul_shares_foreach (self->shares, sum_up, self);
  for (guint i = 0; i < self->parts->len; i++)
    if (part_at (self, i)->is_wanted)
      add (&self->df->layers_once, &part_at (self, i)->size);
  for (guint i = 0; i < self->rows->len; i++)
    {
      const UlImageDfRow *row = self->rows->pdata[i];
      if (row->image != NULL && g_array_index (self->is_wanted, gboolean, i))
        add_apart (self, i, !g_hash_table_add (counted, &row->image->documents->manifest_digest));
    }
  self->df->n_missing = ul_shares_missing (self->shares);
}

static void
give_rows (Df *self)
{
  self->df->rows = g_ptr_array_ref (self->rows);
  for (guint i = self->rows->len; i-- > 0;)
    if (!g_array_index (self->is_wanted, gboolean, i))
      g_ptr_array_remove_index (self->rows, i);
}

static void
df_init (Df *self, UlRepo *repo, const UlImageDfOptions *options, UlImageDf *df)
{
  g_autoptr (GVariant) empty = g_variant_ref_sink (ul_dirtree_new (NULL, 0, NULL, 0));
  *self = (Df){
    .repo = repo,
    .shares = ul_shares_new (repo, options->jobs, options->progress),
    .df = df,
    .parts = g_ptr_array_new_with_free_func (part_free),
    .by_ref = g_hash_table_new (g_str_hash, g_str_equal),
    .rows = g_ptr_array_new_with_free_func (row_free),
    .is_wanted = g_array_new (FALSE, FALSE, sizeof (gboolean)),
    .of_row = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref),
  };
  ul_checksum_of_data (g_variant_get_data (empty), g_variant_get_size (empty), &self->empty_tree);
}

static void
df_clear (Df *self)
{
  ul_shares_free (self->shares);
  g_hash_table_unref (self->by_ref);
  g_ptr_array_unref (self->parts);
  g_ptr_array_unref (self->of_row);
  g_ptr_array_unref (self->rows);
  g_array_unref (self->is_wanted);
  g_clear_pointer (&self->others, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Df, df_clear)

gboolean
ul_image_df_run (UlRepo *repo, const UlImageDfOptions *options, UlImageDf *out, GError **error)
{
  g_auto (Df) self;
  g_auto (UlImageDf) df = { 0 };
  df_init (&self, repo, options, &df);
  if (!list_images (&self, options->names, error) || !list_others (&self, error)
      || !walk (&self, error) || !find_refs (&self, error))
    return FALSE;
  measure (&self);
  give_rows (&self);
  *out = df;
  df = (UlImageDf){ 0 };
  return TRUE;
}
