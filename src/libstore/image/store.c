// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "image/store-lock.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/tmpfile.h"

#define MAX_TEXT  (1024 * 1024)
#define TEXT_MODE 0644

const UlStoreList ul_store_layers_list = { .name = "layers.json", .lock = "layers.lock" };
const UlStoreList ul_store_images_list = { .name = "images.json", .lock = "images.lock" };

gboolean
ul_store_make_dir (int dfd, const char *name, mode_t mode, GError **error)
{
  if (mkdirat (dfd, name, mode) != 0)
    return errno == EEXIST || ul_throw_errno (error, "make directory %s", name);
  ul_autofd int fd = openat (dfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return fd >= 0 ? ul_fd_set_mode (fd, mode, name, error) : ul_throw_errno (error, "open %s", name);
}

gboolean
ul_store_write_file (int dfd, const char *name, GBytes *content, mode_t mode, gboolean sync,
                     GError **error)
{
  g_auto (UlTmpFile) tmp = UL_TMP_FILE_INIT;
  gsize len;
  const void *data = g_bytes_get_data (content, &len);
  if (!ul_tmp_file_open (&tmp, dfd, TRUE, mode, error)
      || !ul_fd_write_all (tmp.fd, data, len, name, error))
    return FALSE;
  if (fchmod (tmp.fd, mode) != 0)
    return ul_throw_errno (error, "set mode of %s", name);
  if (sync && fsync (tmp.fd) != 0)
    return ul_throw_errno (error, "fsync %s", name);
  return ul_tmp_file_replace (&tmp, name, error);
}

GPtrArray *
ul_store_read_layers (const UlStore *store, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  const char *name = ul_store_layers_list.name;
  if (!ul_fd_read_file_at (store->layers_dfd, name, UL_STORE_MAX_FILE, TRUE, &bytes, error))
    return NULL;
  if (bytes == NULL)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) ul_store_layer_free);
  return ul_store_layers_parse (bytes, name, error);
}

GPtrArray *
ul_store_read_images (const UlStore *store, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  const char *name = ul_store_images_list.name;
  if (!ul_fd_read_file_at (store->images_dfd, name, UL_STORE_MAX_FILE, TRUE, &bytes, error))
    return NULL;
  if (bytes == NULL)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) ul_store_image_free);
  return ul_store_images_parse (bytes, name, error);
}

static void
clear_lists (UlStore *store)
{
  g_clear_pointer (&store->by_id, g_tree_unref);
  g_clear_pointer (&store->layers, g_ptr_array_unref);
  g_clear_pointer (&store->images, g_ptr_array_unref);
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  return strcmp (a, b);
}

/* As ul_store_layer_in () finds them: of several with one id the first. */
static void
index_layers (UlStore *store)
{
  store->by_id = g_tree_new (compare_ids);
  for (guint i = 0; i < store->layers->len; i++)
    {
      UlStoreLayer *layer = g_ptr_array_index (store->layers, i);
      if (g_tree_lookup (store->by_id, layer->id) == NULL)
        g_tree_insert (store->by_id, layer->id, layer);
    }
}

/* Both locks at once, so that no image comes without its layers; in the library's order. */
gboolean
ul_store_reload (UlStore *store, const UlLockWait *wait, GError **error)
{
  ul_autofd int layers_lock = -1;
  ul_autofd int images_lock = -1;
  g_autoptr (GPtrArray) layers = NULL;
  g_autoptr (GPtrArray) images = NULL;
  if (!ul_store_lock_read (store->layers_dfd, ul_store_layers_list.lock, wait, &layers_lock, error)
      || !ul_store_lock_read (store->images_dfd, ul_store_images_list.lock, wait, &images_lock,
                              error)
      || (layers = ul_store_read_layers (store, error)) == NULL
      || (images = ul_store_read_images (store, error)) == NULL)
    return FALSE;
  clear_lists (store);
  store->layers = g_steal_pointer (&layers);
  store->images = g_steal_pointer (&images);
  index_layers (store);
  return TRUE;
}

/* A list without entries, and its lock with a token. */
static gboolean
create_list (int dfd, const UlStoreList *list, mode_t mode, const UlLockWait *wait, GError **error)
{
  ul_autofd int lock = -1;
  g_autoptr (GBytes) nothing = g_bytes_new_static ("[]", 2);
  if (!ul_store_lock_write (dfd, list->lock, mode, wait, &lock, error))
    return FALSE;
  return faccessat (dfd, list->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0
         || ul_store_write_file (dfd, list->name, nothing, mode, FALSE, error);
}

/* A directory of a store that @dfd may not be. */
static gboolean
open_part (int dfd, const char *name, int *out_fd, GError **error)
{
  struct stat st;
  if (fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
    return ul_throw (error, UL_ERROR_INVALID, "not a container store: it has no %s", name);
  return ul_fd_open_dir_at (dfd, name, FALSE, out_fd, error);
}

static gboolean
open_parts (UlStore *store, GError **error)
{
  struct stat st;
  if (!open_part (store->dfd, UL_STORE_LAYERS, &store->layers_dfd, error)
      || !open_part (store->dfd, UL_STORE_IMAGES, &store->images_dfd, error)
      || !open_part (store->dfd, UL_STORE_OVERLAY, &store->overlay_dfd, error))
    return FALSE;
  if (fstat (store->layers_dfd, &st) != 0)
    return ul_throw_errno (error, "stat %s", UL_STORE_LAYERS);
  const gboolean shared = (st.st_mode & (S_IROTH | S_IXOTH)) == (S_IROTH | S_IXOTH);
  store->dir_mode = shared ? 0755 : 0700;
  store->file_mode = shared ? 0644 : 0600;
  return TRUE;
}

/* Whatever of it was made before somebody was killed stays. */
static gboolean
create_parts (UlStore *store, gboolean shared, const UlLockWait *wait, GError **error)
{
  const mode_t mode = shared ? 0755 : 0700;
  return ul_store_make_dir (store->dfd, UL_STORE_LAYERS, mode, error)
         && ul_store_make_dir (store->dfd, UL_STORE_IMAGES, mode, error)
         && ul_store_make_dir (store->dfd, UL_STORE_OVERLAY, mode, error)
         && open_parts (store, error)
         && ul_store_make_dir (store->overlay_dfd, "l", store->dir_mode, error)
         && create_list (store->layers_dfd, &ul_store_layers_list, store->file_mode, wait, error)
         && create_list (store->images_dfd, &ul_store_images_list, store->file_mode, wait, error);
}

static gboolean
open_top (UlStore *store, int dfd, UlStoreFlags flags, GError **error)
{
  struct stat st;
  const gboolean there = fstatat (dfd, store->path, &st, 0) == 0;
  if (!there && errno != ENOENT)
    return ul_throw_errno (error, "open");
  if (!there && !(flags & UL_STORE_CREATE))
    return ul_throw (error, UL_ERROR_NOT_FOUND, "no such directory");
  if (!there && !ul_store_make_dir (dfd, store->path, flags & UL_STORE_SHARED ? 0755 : 0700, error))
    return FALSE;
  return ul_fd_open_dir_at (dfd, store->path, TRUE, &store->dfd, error);
}

UlStore *
ul_store_open (int dfd, const char *path, UlStoreFlags flags, const UlLockWait *wait,
               GError **error)
{
  g_autoptr (UlStore) store = g_new0 (UlStore, 1);
  store->path = g_strdup (path);
  store->dfd = store->overlay_dfd = store->layers_dfd = store->images_dfd = -1;
  if (open_top (store, dfd, flags, error)
      && (flags & UL_STORE_CREATE
              ? create_parts (store, (flags & UL_STORE_SHARED) != 0, wait, error)
              : open_parts (store, error))
      && ul_store_reload (store, wait, error))
    return g_steal_pointer (&store);
  ul_prefix (error, "%s", path);
  return NULL;
}

void
ul_store_free (UlStore *store)
{
  if (store == NULL)
    return;
  ul_fd_clear (&store->overlay_dfd);
  ul_fd_clear (&store->layers_dfd);
  ul_fd_clear (&store->images_dfd);
  ul_fd_clear (&store->dfd);
  clear_lists (store);
  g_free (store->path);
  g_free (store);
}

gboolean
ul_store_is_shared (const UlStore *store)
{
  return (store->file_mode & S_IROTH) != 0;
}

const GPtrArray *
ul_store_layers (const UlStore *store)
{
  return store->layers;
}

const GPtrArray *
ul_store_images (const UlStore *store)
{
  return store->images;
}

gboolean
ul_store_read_text (int dfd, const char *path, char **out, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  if (!ul_fd_read_file_at (dfd, path, MAX_TEXT, TRUE, &bytes, error))
    return FALSE;
  *out
      = bytes != NULL ? g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)) : NULL;
  return TRUE;
}

gboolean
ul_store_write_text (int dfd, const char *name, const char *text, gboolean sync, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  return ul_store_write_file (dfd, name, bytes, TEXT_MODE, sync, error);
}

const UlStoreLayer *
ul_store_layer_in (const GPtrArray *layers, const char *id)
{
  for (guint i = 0; i < layers->len; i++)
    {
      const UlStoreLayer *layer = g_ptr_array_index (layers, i);
      if (g_str_equal (layer->id, id))
        return layer;
    }
  return NULL;
}

const UlStoreImage *
ul_store_image_in (const GPtrArray *images, const char *id)
{
  for (guint i = 0; i < images->len; i++)
    {
      const UlStoreImage *image = g_ptr_array_index (images, i);
      if (g_str_equal (image->id, id))
        return image;
    }
  return NULL;
}

const UlStoreLayer *
ul_store_find_layer (const UlStore *store, const char *id)
{
  return g_tree_lookup (store->by_id, id);
}

const UlStoreImage *
ul_store_find_image (const UlStore *store, const char *name)
{
  for (guint i = 0; i < store->images->len; i++)
    {
      const UlStoreImage *image = g_ptr_array_index (store->images, i);
      if (g_str_equal (image->id, name) || ul_store_image_has_name (image, name))
        return image;
    }
  return NULL;
}
