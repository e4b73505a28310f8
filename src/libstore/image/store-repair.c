// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-repair-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/store-lock.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/sight.h"

#define CONTAINERS     "overlay-containers"
#define MAX_CONTAINERS (32 * 1024 * 1024)

static void
free_action (gpointer data)
{
  UlStoreRepairAction *action = data;
  g_free (action->object);
  g_free (action->text);
  g_free (action);
}

gboolean
ul_store_repair_is_dry (const UlStoreRepair *self)
{
  return (self->options->flags & UL_STORE_REPAIR_DRY_RUN) != 0;
}

gboolean
ul_store_repair_both_opaque (const UlStoreRepair *self)
{
  return ul_store_is_shared (self->store) || (self->options->flags & UL_STORE_REPAIR_OPAQUE) != 0;
}

gboolean
ul_store_repair_begin (UlStoreRepair *self, const char *object, const char *format, ...)
{
  va_list args;
  UlStoreRepairAction *action = g_new0 (UlStoreRepairAction, 1);
  va_start (args, format);
  action->object = g_strdup (object);
  action->text = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (self->actions, action);
  if (self->change != NULL)
    ul_store_change_step (self->change, "repair");
  return !ul_store_repair_is_dry (self);
}

gboolean
ul_store_repair_mode (UlStoreRepair *self, int dfd, const char *name, const char *object,
                      GError **error)
{
  struct stat st;
  if (!ul_store_is_shared (self->store))
    return TRUE;
  /* What is mended is what was looked at: the store may be another user's, who renames things. */
  ul_autofd int fd = openat (dfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT || ul_throw_errno (error, "open %s", name);
  if (fstat (fd, &st) != 0)
    return ul_throw_errno (error, "stat %s", name);
  const gboolean is_dir = S_ISDIR (st.st_mode);
  const mode_t needed = is_dir ? S_IROTH | S_IXOTH : S_IROTH;
  const mode_t mode = (st.st_mode & 0777) | (is_dir ? 0755 : 0644);
  if ((!is_dir && !S_ISREG (st.st_mode)) || (st.st_mode & needed) == needed)
    return TRUE;
  /* Objects that are paths have the name already. */
  const gboolean of_path = g_str_equal (name, ".") || g_str_has_suffix (object, name);
  if (!ul_store_repair_begin (self, object, "%s%smode %04o was %04o", of_path ? "" : name,
                              of_path ? "" : ": ", mode, st.st_mode & 07777))
    return TRUE;
  return ul_fd_set_mode (fd, mode, name, error);
}

/* It is made, and gets its token, by whoever locks it for writing; here only to say so. */
static gboolean
note_lock (UlStoreRepair *self, int dfd, const char *name, const char *object, GError **error)
{
  struct stat st;
  const gboolean there = fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
  if (!there && errno != ENOENT)
    return ul_throw_errno (error, "stat %s", name);
  if (!there)
    (void) ul_store_repair_begin (self, object, "made, with a token");
  else if (st.st_size < UL_STORE_TOKEN_SIZE)
    (void) ul_store_repair_begin (self, object, "has a token now");
  return TRUE;
}

/* *out_fd: -1 in a dry run. */
static gboolean
lock_list (UlStoreRepair *self, int dfd, const char *dir, const UlStoreList *list, int *out_fd,
           GError **error)
{
  g_autofree char *object = g_strdup_printf ("%s/%s", dir, list->lock);
  return note_lock (self, dfd, list->lock, object, error)
         && (ul_store_repair_is_dry (self)
             || ul_store_lock_list (self->change, dfd, list, out_fd, error))
         && ul_store_repair_mode (self, dfd, list->lock, object, error);
}

static gboolean
mend_list_mode (UlStoreRepair *self, int dfd, const char *dir, const UlStoreList *list,
                GError **error)
{
  g_autofree char *object = g_strdup_printf ("%s/%s", dir, list->name);
  return ul_store_repair_mode (self, dfd, list->name, object, error);
}

static gboolean
mend_diffs (UlStoreRepair *self, GError **error)
{
  const GPtrArray *layers = self->store->layers;
  const guint done = self->actions->len;
  if (!(self->options->flags & UL_STORE_REPAIR_FULL))
    return TRUE;
  for (guint i = 0; i < layers->len; i++)
    if (!ul_store_repair_diff (self, g_ptr_array_index (layers, i), error))
      return FALSE;
  return ul_store_repair_is_dry (self) || self->actions->len == done
         || syncfs (self->store->overlay_dfd) == 0 || ul_throw_errno (error, "sync");
}

static gboolean
mend_layers (UlStoreRepair *self, GError **error)
{
  UlStore *store = self->store;
  ul_autofd int lock = -1;
  gboolean changed;
  if (!lock_list (self, store->layers_dfd, UL_STORE_LAYERS, &ul_store_layers_list, &lock, error))
    return FALSE;
  /* Somebody may have changed it before there was the lock. */
  g_autoptr (GPtrArray) layers = ul_store_read_layers (store, error);
  if (layers == NULL || !ul_store_repair_index_layers (self, layers, error)
      || !ul_store_repair_layers (self, layers, &changed, error))
    return FALSE;
  if (changed)
    {
      g_autoptr (GBytes) content = ul_store_layers_format (layers);
      if (!ul_store_write_list (self->change, store->layers_dfd, &ul_store_layers_list, lock,
                                content, error))
        return FALSE;
    }
  return mend_list_mode (self, store->layers_dfd, UL_STORE_LAYERS, &ul_store_layers_list, error);
}

static gboolean
mend_images (UlStoreRepair *self, GError **error)
{
  UlStore *store = self->store;
  ul_autofd int lock = -1;
  gboolean changed;
  if (!lock_list (self, store->images_dfd, UL_STORE_IMAGES, &ul_store_images_list, &lock, error))
    return FALSE;
  g_autoptr (GPtrArray) images = ul_store_read_images (store, error);
  if (images == NULL || !ul_store_repair_images (self, images, &changed, error))
    return FALSE;
  if (changed)
    {
      g_autoptr (GBytes) content = ul_store_images_format (images);
      if (!ul_store_write_list (self->change, store->images_dfd, &ul_store_images_list, lock,
                                content, error))
        return FALSE;
    }
  return mend_list_mode (self, store->images_dfd, UL_STORE_IMAGES, &ul_store_images_list, error);
}

/* overlay-layers last: its mode says whose the store is, so that who was killed hasn't made one
 * for all users yet. */
static gboolean
mend_top (UlStoreRepair *self, GError **error)
{
  const UlStore *store = self->store;
  return ul_store_repair_mode (self, store->dfd, ".", ".", error)
         && ul_store_repair_mode (self, store->overlay_dfd, ".", UL_STORE_OVERLAY, error)
         && ul_store_repair_mode (self, store->overlay_dfd, "l", UL_STORE_OVERLAY "/l", error)
         && ul_store_repair_mode (self, store->images_dfd, ".", UL_STORE_IMAGES, error)
         && ul_store_repair_mode (self, store->layers_dfd, ".", UL_STORE_LAYERS, error);
}

static gboolean
sync_all (const UlStoreRepair *self, GError **error)
{
  return ul_store_repair_is_dry (self) || self->actions->len == 0
         || syncfs (self->store->overlay_dfd) == 0 || ul_throw_errno (error, "sync");
}

static gboolean
mend_all (UlStoreRepair *self, GError **error)
{
  return mend_diffs (self, error) && mend_layers (self, error) && mend_images (self, error)
         && mend_top (self, error) && sync_all (self, error);
}

static gboolean
run (UlStoreRepair *self, GError **error)
{
  UlStore *store = self->store;
  const UlStoreRepairOptions *options = self->options;
  g_autoptr (UlStoreChange) change = NULL;
  if (ul_store_repair_is_dry (self))
    return mend_all (self, error);
  change = ul_store_change_begin (store, options->wait, error);
  if (change == NULL)
    return FALSE;
  ul_store_change_set_hook (change, options->hook, options->hook_data);
  self->change = change;
  return mend_all (self, error) && ul_store_reload (store, options->wait, error);
}

static void
clear (UlStoreRepair *self)
{
  g_clear_pointer (&self->layers, g_hash_table_unref);
  g_clear_pointer (&self->links, g_hash_table_unref);
  g_clear_pointer (&self->owners, g_hash_table_unref);
  g_clear_pointer (&self->lowers, g_hash_table_unref);
  g_clear_pointer (&self->recorded, g_hash_table_unref);
  g_clear_pointer (&self->targets, g_hash_table_unref);
}

GPtrArray *
ul_store_repair (UlStore *store, const UlStoreRepairOptions *options, GError **error)
{
  g_autoptr (GPtrArray) actions = g_ptr_array_new_with_free_func (free_action);
  const mode_t dir_mode = store->dir_mode;
  const mode_t file_mode = store->file_mode;
  UlStoreRepair self = {
    .store = store,
    .options = options,
    .sees_trusted = ul_sight_find () == UL_SIGHT_ALL,
    .actions = actions,
  };
  if (options->flags & UL_STORE_REPAIR_SHARED)
    {
      store->dir_mode = 0755;
      store->file_mode = 0644;
    }
  const gboolean ok = run (&self, error);
  clear (&self);
  if (!ok || ul_store_repair_is_dry (&self))
    {
      store->dir_mode = dir_mode;
      store->file_mode = file_mode;
    }
  if (ok)
    return g_steal_pointer (&actions);
  ul_prefix (error, "%s", store->path);
  return NULL;
}

static gboolean
count_entries (int dfd, const char *name, guint *count, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  UlJsonValue root;
  guint n;
  if (!ul_fd_read_file_at (dfd, name, MAX_CONTAINERS, TRUE, &bytes, error))
    return FALSE;
  if (bytes == NULL)
    return TRUE;
  g_autoptr (UlJson) json = ul_json_parse (bytes, name, MAX_CONTAINERS, error);
  if (json == NULL || !ul_json_root (json, UL_JSON_ARRAY, &root, error)
      || !ul_json_length (&root, UL_JSON_MAX_VALUES, &n, error))
    return FALSE;
  *count += n;
  return TRUE;
}

gboolean
ul_store_count_containers (const UlStore *store, guint *out_n, GError **error)
{
  guint n = 0;
  if (!count_entries (store->dfd, CONTAINERS "/containers.json", &n, error)
      || !count_entries (store->dfd, CONTAINERS "/volatile-containers.json", &n, error))
    return ul_prefix (error, "%s", store->path);
  *out_n = n;
  return TRUE;
}
