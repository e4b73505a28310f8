// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-change-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

/* Lines `layer ID` and `image ID`. Directories that no list has aren't looked for: those of
 * containers are in other lists. */
#define PENDING     ".underlay-pending"
#define MAX_PENDING (16 * 1024 * 1024)
#define MAX_LINK    255

gboolean
ul_store_pending_write (const UlStore *store, const GPtrArray *lines, GError **error)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < lines->len; i++)
    g_string_append_printf (text, "%s\n", (const char *) g_ptr_array_index (lines, i));
  g_autoptr (GBytes) bytes = g_string_free_to_bytes (text);
  return ul_store_write_file (store->dfd, PENDING, bytes, 0600, TRUE, error)
         && ul_fd_sync_dir_at (store->dfd, ".", error);
}

gboolean
ul_store_pending_clear (const UlStore *store, GError **error)
{
  return unlinkat (store->dfd, PENDING, 0) == 0 || errno == ENOENT
         || ul_throw_errno (error, "remove %s", PENDING);
}

gboolean
ul_store_move_aside (int dfd, const char *name, GError **error)
{
  char tmp[UL_TMP_NAME_MAX];
  ul_tmp_name_random (tmp);
  return renameat (dfd, name, dfd, tmp) == 0 || errno == ENOENT
         || ul_throw_errno (error, "rename %s", name);
}

/* Remove the layer's name in l/, if what is there leads to it. */
static gboolean
remove_link (const UlStore *store, const char *id, GError **error)
{
  g_autofree char *file = g_strdup_printf ("%s/link", id);
  g_autofree char *wanted = g_strdup_printf ("../%s/diff", id);
  g_autoptr (GBytes) bytes = NULL;
  char target[UL_CHECKSUM_HEX_LEN + 16];
  if (!ul_fd_read_file_at (store->overlay_dfd, file, MAX_LINK, TRUE, &bytes, NULL) || bytes == NULL)
    return TRUE;
  g_autofree char *link = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_autofree char *path = g_strdup_printf ("l/%s", link);
  if (*link == '\0' || strchr (link, '/') != NULL)
    return TRUE;
  const ssize_t n = readlinkat (store->overlay_dfd, path, target, sizeof target);
  if (n != (ssize_t) strlen (wanted) || memcmp (target, wanted, (gsize) n) != 0)
    return TRUE;
  return unlinkat (store->overlay_dfd, path, 0) == 0 || ul_throw_errno (error, "remove %s", path);
}

gboolean
ul_store_move_layer_aside (const UlStore *store, const char *id, GError **error)
{
  g_autofree char *tar_split = g_strdup_printf ("%s.%s", id, UL_STORE_TAR_SPLIT);
  if (!remove_link (store, id, error) || !ul_store_move_aside (store->overlay_dfd, id, error))
    return ul_prefix (error, "layer %s", id);
  return unlinkat (store->layers_dfd, tar_split, 0) == 0 || errno == ENOENT
         || ul_throw_errno (error, "remove %s", tar_split);
}

gboolean
ul_store_move_image_aside (const UlStore *store, const char *id, GError **error)
{
  return ul_store_move_aside (store->images_dfd, id, error) || ul_prefix (error, "image %s", id);
}

static gboolean
move_pending (const UlStore *store, const GPtrArray *layers, const GPtrArray *images,
              const char *line, GError **error)
{
  const char *id = strchr (line, ' ') != NULL ? strchr (line, ' ') + 1 : "";
  if (!ul_store_is_id (id))
    return TRUE;
  if (g_str_has_prefix (line, "layer ") && ul_store_layer_in (layers, id) == NULL)
    return ul_store_move_layer_aside (store, id, error);
  if (g_str_has_prefix (line, "image ") && ul_store_image_in (images, id) == NULL)
    return ul_store_move_image_aside (store, id, error);
  return TRUE;
}

/* With the locks of both lists, as somebody else may add the same right now. */
static gboolean
move_all_pending (const UlStoreChange *change, const char *text, GError **error)
{
  const UlStore *store = change->store;
  ul_autofd int layers_lock = -1;
  ul_autofd int images_lock = -1;
  g_autoptr (GPtrArray) layers = NULL;
  g_autoptr (GPtrArray) images = NULL;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  if (!ul_store_lock_list (change, store->layers_dfd, &ul_store_layers_list, &layers_lock, error)
      || !ul_store_lock_list (change, store->images_dfd, &ul_store_images_list, &images_lock, error)
      || (layers = ul_store_read_layers (store, error)) == NULL
      || (images = ul_store_read_images (store, error)) == NULL)
    return FALSE;
  for (char **line = lines; *line != NULL; line++)
    if (!move_pending (store, layers, images, *line, error))
      return FALSE;
  return TRUE;
}

static gboolean
clean_pending (const UlStoreChange *change, GError **error)
{
  const UlStore *store = change->store;
  g_autoptr (GBytes) bytes = NULL;
  if (!ul_fd_read_file_at (store->dfd, PENDING, MAX_PENDING, TRUE, &bytes, error))
    return FALSE;
  if (bytes == NULL)
    return TRUE;
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  return move_all_pending (change, text, error) && ul_store_pending_clear (store, error);
}

/* Remove what has temporary names in directory @name below @dfd. */
static gboolean
clean_dir (int dfd, const char *name, GError **error)
{
  int fd = -1;
  if (!ul_fd_open_dir_at (dfd, name, FALSE, &fd, error))
    return FALSE;
  DIR *dir = fdopendir (fd);
  if (dir == NULL)
    {
      ul_throw_errno (error, "read %s", name);
      close (fd);
      return FALSE;
    }
  gboolean ok = TRUE;
  struct dirent *entry;
  while (ok && (entry = readdir (dir)) != NULL)
    ok = !ul_tmp_name_matches (entry->d_name) || ul_fd_remove_tree_at (fd, entry->d_name, error);
  closedir (dir);
  return ok;
}

gboolean
ul_store_clean (const UlStoreChange *change, GError **error)
{
  const UlStore *store = change->store;
  return clean_pending (change, error) && clean_dir (store->dfd, ".", error)
         && clean_dir (store->overlay_dfd, ".", error) && clean_dir (store->overlay_dfd, "l", error)
         && clean_dir (store->layers_dfd, ".", error) && clean_dir (store->images_dfd, ".", error);
}
