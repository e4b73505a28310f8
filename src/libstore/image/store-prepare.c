// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-change-private.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/store-describe.h"
#include "util/error.h"
#include "util/fd.h"

/* Parents made by others have links of any form. */
static gboolean
lower_of_published (const UlStore *store, const char *parent, char **out, GError **error)
{
  ul_autofd int dfd = -1;
  g_autofree char *link = NULL;
  g_autofree char *lower = NULL;
  if (!ul_fd_open_dir_at (store->overlay_dfd, parent, FALSE, &dfd, error)
      || !ul_store_read_text (dfd, "link", &link, error)
      || !ul_store_read_text (dfd, "lower", &lower, error)
      || (link == NULL && !ul_throw (error, UL_ERROR_CORRUPT, "it has no link")))
    return ul_prefix (error, "layer %s", parent);
  *out = ul_store_lower (link, lower);
  return TRUE;
}

static gboolean
find_lower (const UlStoreChange *change, const char *parent, char **out, GError **error)
{
  for (guint i = 0; i < change->layers->len; i++)
    {
      const UlStorePreparedLayer *prepared = g_ptr_array_index (change->layers, i);
      if (g_str_equal (prepared->layer->id, parent))
        {
          *out = ul_store_lower (prepared->link, prepared->lower);
          return TRUE;
        }
    }
  return lower_of_published (change->store, parent, out, error);
}

/* As @name below where it's to be: podman mounts the overlay/ of its primary store on itself, and a
 * rename doesn't go from one mount to another. */
static gboolean
copy_tar_split (const UlStore *store, const char *name, int from, GError **error)
{
  struct stat st;
  if (fstat (from, &st) != 0)
    return ul_throw_errno (error, "stat %s", UL_STORE_TAR_SPLIT);
  ul_autofd int to
      = openat (store->layers_dfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, store->file_mode);
  if (to < 0 || fchmod (to, store->file_mode) != 0)
    return ul_throw_errno (error, "create %s", UL_STORE_TAR_SPLIT);
  return ul_fd_copy (from, to, (guint64) st.st_size, error);
}

static gboolean
make_diff (int dfd, UlStoreLayer *layer, const UlStoreLayerSource *source, GError **error)
{
  struct stat st;
  if (!source->make_diff (dfd, "diff", layer, source->data, error))
    return FALSE;
  return (fstatat (dfd, "diff", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (st.st_mode))
         || ul_throw (error, UL_ERROR_FAILED, "diff was not made");
}

/* empty/ is for the library's diff of a base, which it would make there itself if it could. */
static gboolean
fill_layer (const UlStore *store, int dfd, const UlStorePreparedLayer *prepared,
            const UlStoreLayerSource *source, GError **error)
{
  const mode_t mode = store->dir_mode;
  return make_diff (dfd, prepared->layer, source, error)
         && ul_store_write_text (dfd, "link", prepared->link, FALSE, error)
         && ul_store_make_dir (dfd, "merged", mode, error)
         && ul_store_make_dir (dfd, "work", mode, error)
         && (prepared->lower != NULL
                 ? ul_store_write_text (dfd, "lower", prepared->lower, FALSE, error)
                 : ul_store_make_dir (dfd, "empty", mode, error))
         && (!prepared->has_tar_split
             || copy_tar_split (store, prepared->tmp, source->tar_split_fd, error));
}

gboolean
ul_store_plan_layer (const UlStoreChange *change, UlStorePreparedLayer *prepared,
                     const UlStoreLayerSource *source, GError **error)
{
  const UlStoreLayer *layer = prepared->layer;
  ul_tmp_name_random (prepared->tmp);
  ul_store_link_id (layer->id, prepared->link);
  prepared->has_tar_split = source->tar_split_fd >= 0;
  return layer->parent == NULL || find_lower (change, layer->parent, &prepared->lower, error);
}

gboolean
ul_store_prepare_layer (const UlStoreChange *change, UlStorePreparedLayer *prepared,
                        const UlStoreLayerSource *source, GError **error)
{
  const UlStore *store = change->store;
  ul_autofd int dfd = -1;
  if (ul_store_make_dir (store->overlay_dfd, prepared->tmp, store->dir_mode, error)
      && ul_fd_open_dir_at (store->overlay_dfd, prepared->tmp, FALSE, &dfd, error)
      && fill_layer (store, dfd, prepared, source, error))
    return TRUE;
  ul_store_remove_prepared_layer (store, prepared);
  return FALSE;
}

void
ul_store_remove_prepared_layer (const UlStore *store, const UlStorePreparedLayer *prepared)
{
  (void) ul_fd_remove_tree_at (store->overlay_dfd, prepared->tmp, NULL);
  (void) unlinkat (store->layers_dfd, prepared->tmp, 0);
}

gboolean
ul_store_settle_lower (const UlStore *store, UlStorePreparedLayer *prepared, GError **error)
{
  ul_autofd int dfd = -1;
  g_autofree char *lower = NULL;
  if (prepared->lower == NULL)
    return TRUE;
  if (!lower_of_published (store, prepared->layer->parent, &lower, error))
    return FALSE;
  if (g_str_equal (lower, prepared->lower))
    return TRUE;
  if (!ul_fd_open_dir_at (store->overlay_dfd, prepared->tmp, FALSE, &dfd, error)
      || !ul_store_write_text (dfd, "lower", lower, TRUE, error)
      || !ul_fd_sync_dir_at (dfd, ".", error))
    return FALSE;
  g_free (prepared->lower);
  prepared->lower = g_steal_pointer (&lower);
  return TRUE;
}

/* Where the files of an image go. */
typedef struct
{
  const UlStore *store;
  int dfd;
} ImageDir;

static gboolean
write_big_data (const char *name, GBytes *content, gpointer data, GError **error)
{
  const ImageDir *dir = data;
  return ul_store_write_file (dir->dfd, name, content, dir->store->file_mode, FALSE, error);
}

static gboolean
fill_image (const UlStore *store, int dfd, UlStoreImage *image, const UlStoreImageSpec *spec,
            GError **error)
{
  ImageDir dir = { store, dfd };
  return ul_store_put_big_data (image, spec, write_big_data, &dir, error);
}

gboolean
ul_store_prepare_image (const UlStoreChange *change, UlStorePreparedImage *prepared,
                        const UlStoreImageSpec *spec, GError **error)
{
  const UlStore *store = change->store;
  ul_autofd int dfd = -1;
  ul_tmp_name_random (prepared->tmp);
  if (ul_store_make_dir (store->images_dfd, prepared->tmp, store->dir_mode, error)
      && ul_fd_open_dir_at (store->images_dfd, prepared->tmp, FALSE, &dfd, error)
      && fill_image (store, dfd, prepared->image, spec, error))
    return TRUE;
  (void) ul_fd_remove_tree_at (store->images_dfd, prepared->tmp, NULL);
  return FALSE;
}
