// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-verify-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "image/store-lock.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/sight.h"

/* What a fault is doesn't depend on where it is; whether it can be mended, for some. */
static const struct
{
  const char *name;
  gboolean is_error;
  gboolean repairable;
} faults[] = {
  [UL_STORE_FAULT_LOCK_MISSING] = { "lock-missing", TRUE, TRUE },
  [UL_STORE_FAULT_LOCK_EMPTY] = { "lock-empty", FALSE, TRUE },
  [UL_STORE_FAULT_MODE] = { "mode", TRUE, TRUE },
  [UL_STORE_FAULT_DUPLICATE_ID] = { "duplicate-id", TRUE, FALSE },
  [UL_STORE_FAULT_DUPLICATE_NAME] = { "duplicate-name", TRUE, TRUE },
  [UL_STORE_FAULT_DIFF_UNKNOWN] = { "diff-unknown", TRUE, FALSE },
  [UL_STORE_FAULT_FORBIDDEN] = { "forbidden", TRUE, FALSE },
  [UL_STORE_FAULT_PARENT] = { "parent", TRUE, FALSE },
  [UL_STORE_FAULT_LAYER_ID] = { "layer-id", FALSE, FALSE },
  [UL_STORE_FAULT_DIFF] = { "diff", TRUE, FALSE },
  [UL_STORE_FAULT_DIFF_SYMLINK] = { "diff-symlink", FALSE, FALSE },
  [UL_STORE_FAULT_LINK] = { "link", TRUE, TRUE },
  [UL_STORE_FAULT_LINK_TARGET] = { "link-target", TRUE, TRUE },
  [UL_STORE_FAULT_LOWER] = { "lower", TRUE, TRUE },
  [UL_STORE_FAULT_EMPTY_DIRS] = { "empty-directories", FALSE, TRUE },
  [UL_STORE_FAULT_TAR_SPLIT] = { "tar-split", FALSE, FALSE },
  [UL_STORE_FAULT_NO_LAYER] = { "no-layer", FALSE, FALSE },
  [UL_STORE_FAULT_TOP_LAYER] = { "top-layer", TRUE, FALSE },
  [UL_STORE_FAULT_DOCUMENT] = { "document", TRUE, FALSE },
  [UL_STORE_FAULT_BIG_DATA] = { "big-data", FALSE, FALSE },
  [UL_STORE_FAULT_DIGEST] = { "digest", TRUE, FALSE },
  [UL_STORE_FAULT_NO_DIGEST] = { "no-digest", TRUE, TRUE },
  [UL_STORE_FAULT_WHITEOUT_FILE] = { "whiteout-file", TRUE, FALSE },
  [UL_STORE_FAULT_WHITEOUT_XATTR] = { "whiteout-xattr", FALSE, FALSE },
  [UL_STORE_FAULT_OPAQUE] = { "opaque", TRUE, TRUE },
};

const char *
ul_store_fault_name (UlStoreFaultCode code)
{
  return faults[code].name;
}

static void
free_fault (gpointer data)
{
  UlStoreFault *fault = data;
  g_free (fault->object);
  g_free (fault->text);
  g_free (fault);
}

void
ul_store_verify_add (UlStoreVerify *self, UlStoreFaultCode code, const char *object,
                     const char *format, ...)
{
  va_list args;
  UlStoreFault *fault = g_new0 (UlStoreFault, 1);
  va_start (args, format);
  fault->code = code;
  fault->is_error = faults[code].is_error;
  fault->repairable = faults[code].repairable;
  fault->object = g_strdup (object);
  fault->text = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (self->faults, fault);
}

void
ul_store_verify_set_repairable (UlStoreVerify *self, gboolean repairable)
{
  UlStoreFault *fault = g_ptr_array_index (self->faults, self->faults->len - 1);
  fault->repairable = repairable;
}

gboolean
ul_store_verify_mode (UlStoreVerify *self, int dfd, const char *name, const char *object,
                      GError **error)
{
  struct stat st;
  if (!ul_store_is_shared (self->store))
    return TRUE;
  if (fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || ul_throw_errno (error, "stat %s", name);
  const mode_t wanted = S_ISDIR (st.st_mode) ? S_IROTH | S_IXOTH : S_IROTH;
  if (!S_ISLNK (st.st_mode) && (st.st_mode & wanted) != wanted)
    ul_store_verify_add (self, UL_STORE_FAULT_MODE, object,
                         "mode %04o: not for all users, as the store is", st.st_mode & 07777);
  return TRUE;
}

static gboolean
verify_lock (UlStoreVerify *self, int dfd, const char *name, const char *object, GError **error)
{
  struct stat st;
  if (fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
    {
      if (errno != ENOENT)
        return ul_throw_errno (error, "stat %s", object);
      ul_store_verify_add (self, UL_STORE_FAULT_LOCK_MISSING, object,
                           "not there: on a read-only file system nothing works");
      return TRUE;
    }
  if (st.st_size < UL_STORE_TOKEN_SIZE)
    ul_store_verify_add (self, UL_STORE_FAULT_LOCK_EMPTY, object,
                         "without a token: running services don't see changes");
  return ul_store_verify_mode (self, dfd, name, object, error);
}

static gboolean
verify_list (UlStoreVerify *self, int dfd, const char *dir, const UlStoreList *list, GError **error)
{
  g_autofree char *lock = g_strdup_printf ("%s/%s", dir, list->lock);
  g_autofree char *json = g_strdup_printf ("%s/%s", dir, list->name);
  return ul_store_verify_mode (self, dfd, ".", dir, error)
         && verify_lock (self, dfd, list->lock, lock, error)
         && ul_store_verify_mode (self, dfd, list->name, json, error);
}

static gboolean
verify_top (UlStoreVerify *self, GError **error)
{
  const UlStore *store = self->store;
  return ul_store_verify_mode (self, store->dfd, ".", ".", error)
         && ul_store_verify_mode (self, store->overlay_dfd, ".", UL_STORE_OVERLAY, error)
         && ul_store_verify_mode (self, store->overlay_dfd, "l", UL_STORE_OVERLAY "/l", error)
         && verify_list (self, store->layers_dfd, UL_STORE_LAYERS, &ul_store_layers_list, error)
         && verify_list (self, store->images_dfd, UL_STORE_IMAGES, &ul_store_images_list, error);
}

/* What is found a second time is a fault of the first's kind of thing. */
static void
note_once (UlStoreVerify *self, GHashTable *seen, UlStoreFaultCode code, const char *kind,
           const char *id, const char *text)
{
  if (g_hash_table_add (seen, (gpointer) text))
    return;
  g_autofree char *object = g_strdup_printf ("%s %s", kind, id);
  g_autofree char *shown = ul_json_shown (text == id ? "it" : text);
  ul_store_verify_add (self, code, object, "%s is in the list twice", shown);
}

static void
index_layers (UlStoreVerify *self)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  const GPtrArray *layers = self->store->layers;
  for (guint i = 0; i < layers->len; i++)
    {
      UlStoreLayer *layer = g_ptr_array_index (layers, i);
      note_once (self, ids, UL_STORE_FAULT_DUPLICATE_ID, "layer", layer->id, layer->id);
      g_hash_table_insert (self->layers, layer->id, layer);
    }
}

/* The image's layers. One that is marked already has its parents marked: a circle ends as well. */
static void
mark_used (UlStoreVerify *self, const char *id)
{
  while (id != NULL)
    {
      const UlStoreLayer *layer = g_hash_table_lookup (self->layers, id);
      if (layer == NULL || !g_hash_table_add (self->used, layer->id))
        return;
      id = layer->parent;
    }
}

static void
index_images (UlStoreVerify *self)
{
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  const GPtrArray *images = self->store->images;
  for (guint i = 0; i < images->len; i++)
    {
      const UlStoreImage *image = g_ptr_array_index (images, i);
      note_once (self, ids, UL_STORE_FAULT_DUPLICATE_ID, "image", image->id, image->id);
      for (guint j = 0; j < image->names->len; j++)
        note_once (self, names, UL_STORE_FAULT_DUPLICATE_NAME, "image", image->id,
                   g_ptr_array_index (image->names, j));
      mark_used (self, image->layer);
    }
}

static gboolean
verify_all (UlStoreVerify *self, GError **error)
{
  if (!verify_top (self, error))
    return FALSE;
  index_layers (self);
  index_images (self);
  for (guint i = 0; i < self->store->layers->len; i++)
    if (!ul_store_verify_layer (self, g_ptr_array_index (self->store->layers, i), error))
      return FALSE;
  for (guint i = 0; i < self->store->images->len; i++)
    if (!ul_store_verify_image (self, g_ptr_array_index (self->store->images, i), error))
      return FALSE;
  return TRUE;
}

GPtrArray *
ul_store_verify (const UlStore *store, UlStoreVerifyFlags flags, GError **error)
{
  g_autoptr (GHashTable) layers = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) used = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (free_fault);
  UlStoreVerify self = {
    .store = store,
    .full = (flags & UL_STORE_VERIFY_FULL) != 0,
    .sees_trusted = ul_sight_find () == UL_SIGHT_ALL,
    .layers = layers,
    .used = used,
    .faults = found,
  };
  if (verify_all (&self, error))
    return g_steal_pointer (&found);
  ul_prefix (error, "%s", store->path);
  return NULL;
}
