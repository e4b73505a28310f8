// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/embed.h"

#include <string.h>

#include "core/store-names.h"
#include "image/store-describe.h"
#include "image/store-lock.h"
#include "image/store-private.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"

typedef struct
{
  UlRepo *repo;
  const char *path;
  UlGraft *graft;
  GPtrArray *layers; /* UlStoreLayer */
  GPtrArray *images; /* UlStoreImage */
} Embedding;

static void
put_text (const Embedding *e, const char *dir, const char *name, const char *text)
{
  g_autofree char *path = g_strdup_printf ("%s/%s", dir, name);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  ul_graft_add_data (e->graft, path, bytes);
}

static void
put_dir (const Embedding *e, const char *dir, const char *name)
{
  g_autofree char *path = g_strdup_printf ("%s/%s", dir, name);
  ul_graft_add_dir (e->graft, path);
}

/* The tree of the layer. A base hides nothing, so that no directory of it is opaque. */
static gboolean
put_diff (const Embedding *e, const char *dir, const UlImageLayer *layer, GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s/diff", dir);
  g_auto (UlCommit) commit = { 0 };
  if (!ul_objects_load_commit (e->repo, &layer->commit, &commit, error))
    return FALSE;
  ul_graft_add_tree (e->graft, path, &commit.tree, &commit.meta,
                     layer->parent != NULL ? UL_GRAFT_BOTH_OPAQUE : UL_GRAFT_AS_IT_IS);
  return TRUE;
}

static void
put_link (const Embedding *e, const UlImageLayer *layer, const char *link)
{
  g_autofree char *path = g_strdup_printf ("%s/" UL_STORE_OVERLAY "/l/%s", e->path, link);
  g_autofree char *target = g_strdup_printf ("../%s/diff", layer->id);
  ul_graft_add_symlink (e->graft, path, target);
}

static gboolean
put_tar_split (const Embedding *e, const UlImageLayer *layer, GError **error)
{
  g_autofree char *path
      = g_strdup_printf ("%s/" UL_STORE_LAYERS "/%s." UL_STORE_TAR_SPLIT, e->path, layer->id);
  UlChecksum file;
  if (!ul_image_find_tar_split (e->repo, &layer->diff_id, &file, error))
    return FALSE;
  ul_graft_add_file (e->graft, path, &file);
  return TRUE;
}

static UlStoreLayer *
describe (const Embedding *e, const UlImage *image, guint index, GError **error)
{
  const UlImageLayer *layer = image->layers->pdata[index];
  ul_autofd int tar_split = -1;
  g_autoptr (UlStoreLayer) described = ul_store_describe_layer (image, index);
  if (!ul_image_open_tar_split (e->repo, &layer->diff_id, &tar_split, error)
      || !ul_store_read_owners (tar_split, described, error))
    return NULL;
  ul_store_layer_seal (described);
  return g_steal_pointer (&described);
}

static gboolean
put_layer (const Embedding *e, const UlImage *image, guint index, const char *lower, GError **error)
{
  const UlImageLayer *layer = image->layers->pdata[index];
  g_autofree char *dir = g_strdup_printf ("%s/" UL_STORE_OVERLAY "/%s", e->path, layer->id);
  char link[UL_STORE_LINK_LEN + 1];
  UlStoreLayer *described = describe (e, image, index, error);
  if (described == NULL)
    return FALSE;
  g_ptr_array_add (e->layers, described);
  ul_store_link_id (layer->id, link);
  put_text (e, dir, "link", link);
  put_dir (e, dir, "merged");
  put_dir (e, dir, "work");
  if (lower != NULL)
    put_text (e, dir, "lower", lower);
  else
    put_dir (e, dir, "empty");
  put_link (e, layer, link);
  return put_diff (e, dir, layer, error) && put_tar_split (e, layer, error);
}

static gboolean
put_layers (const Embedding *e, const UlImage *image, GError **error)
{
  g_autofree char *lower = NULL;
  for (guint i = 0; i < image->layers->len; i++)
    {
      const UlImageLayer *layer = image->layers->pdata[i];
      char link[UL_STORE_LINK_LEN + 1];
      if (ul_store_layer_in (e->layers, layer->id) == NULL
          && !put_layer (e, image, i, lower, error))
        return ul_prefix (error, "layer %u", i + 1);
      ul_store_link_id (layer->id, link);
      char *next = ul_store_lower (link, lower);
      g_free (lower);
      lower = next;
    }
  return TRUE;
}

/* Where the files of an image go. */
typedef struct
{
  const Embedding *e;
  const char *id;
} ImageDir;

static gboolean
put_big_data (const char *name, GBytes *content, gpointer data, G_GNUC_UNUSED GError **error)
{
  const ImageDir *dir = data;
  g_autofree char *path
      = g_strdup_printf ("%s/" UL_STORE_IMAGES "/%s/%s", dir->e->path, dir->id, name);
  ul_graft_add_data (dir->e->graft, path, content);
  return TRUE;
}

static gboolean
put_image (const Embedding *e, const UlImage *image, GError **error)
{
  g_auto (UlStoreImageText) text = { 0 };
  g_autoptr (GPtrArray) dropped = g_ptr_array_new_with_free_func (g_free);
  if (!ul_store_describe_image (image, &text, error))
    return FALSE;
  g_autoptr (UlStoreImage) entry = ul_store_image_of_spec (&text.spec);
  ImageDir dir = { e, entry->id };
  if (!put_layers (e, image, error)
      || !ul_store_put_big_data (entry, &text.spec, put_big_data, &dir, error))
    return ul_prefix (error, "image %s", image->name);
  /* Nothing is dropped: no two images of a repository have the same name. */
  ul_store_apply_image (entry, TRUE, e->images, dropped);
  return TRUE;
}

/* In a lock file, readers compare these bytes to find out whether the list is another one. In a
 * commit they follow from the list. */
static GBytes *
make_token (GBytes *list)
{
  UlChecksum sums[2];
  G_STATIC_ASSERT (sizeof sums == UL_STORE_TOKEN_SIZE);
  ul_checksum_of_data (g_bytes_get_data (list, NULL), g_bytes_get_size (list), &sums[0]);
  ul_checksum_of_data (&sums[0], sizeof sums[0], &sums[1]);
  return g_bytes_new (sums, sizeof sums);
}

static void
put_list (const Embedding *e, const char *dir, const UlStoreList *list, GBytes *content)
{
  g_autofree char *path = g_strdup_printf ("%s/%s/%s", e->path, dir, list->name);
  g_autofree char *lock = g_strdup_printf ("%s/%s/%s", e->path, dir, list->lock);
  g_autoptr (GBytes) token = make_token (content);
  ul_graft_add_data (e->graft, path, content);
  ul_graft_add_data (e->graft, lock, token);
}

static void
put_lists (const Embedding *e)
{
  g_autoptr (GBytes) layers = ul_store_layers_format (e->layers);
  g_autoptr (GBytes) images = ul_store_images_format (e->images);
  put_list (e, UL_STORE_LAYERS, &ul_store_layers_list, layers);
  put_list (e, UL_STORE_IMAGES, &ul_store_images_list, images);
}

UlGraft *
ul_embed_store (UlRepo *repo, const char *path, const GPtrArray *images, GError **error)
{
  g_autoptr (UlGraft) graft = ul_graft_new ();
  g_autoptr (GPtrArray) layers
      = g_ptr_array_new_with_free_func ((GDestroyNotify) ul_store_layer_free);
  g_autoptr (GPtrArray) entries
      = g_ptr_array_new_with_free_func ((GDestroyNotify) ul_store_image_free);
  const Embedding e
      = { .repo = repo, .path = path, .graft = graft, .layers = layers, .images = entries };
  ul_graft_require_empty (graft, path);
  for (guint i = 0; i < images->len; i++)
    if (!put_image (&e, images->pdata[i], error))
      return NULL;
  put_lists (&e);
  return g_steal_pointer (&graft);
}
