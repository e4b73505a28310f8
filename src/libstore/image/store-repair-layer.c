// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-repair-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

static gboolean
read_text (const UlStoreRepair *self, const char *id, const char *name, char **out, GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s/%s", id, name);
  return ul_store_read_text (self->store->overlay_dfd, path, out, error);
}

static gboolean
write_text (const UlStoreRepair *self, const char *id, const char *name, const char *text,
            GError **error)
{
  ul_autofd int dfd = -1;
  return ul_fd_open_dir_at (self->store->overlay_dfd, id, FALSE, &dfd, error)
         && ul_store_write_text (dfd, name, text, TRUE, error);
}

/* What overlay/l/@link leads to; NULL where it isn't a symlink to a layer's diff. */
static char *
target_of (const UlStoreRepair *self, const char *link)
{
  g_autofree char *path = g_strdup_printf ("l/%s", link);
  char target[256];
  const ssize_t n = readlinkat (self->store->overlay_dfd, path, target, sizeof target - 1);
  if (n < 0)
    return NULL;
  target[n] = '\0';
  if (!g_str_has_prefix (target, "../") || !g_str_has_suffix (target, "/diff"))
    return NULL;
  char *id = g_strndup (target + 3, (gsize) n - strlen ("../") - strlen ("/diff"));
  if (ul_store_is_id (id))
    return id;
  g_free (id);
  return NULL;
}

static gboolean
leads_to (const UlStoreRepair *self, const char *link, const char *id)
{
  g_autofree char *target = target_of (self, link);
  return g_strcmp0 (target, id) == 0;
}

/* Of several names the first in the alphabet, so that it's the same whoever looks. */
static gboolean
index_targets (UlStoreRepair *self, GError **error)
{
  int fd = -1;
  struct dirent *entry;
  if (!ul_fd_open_dir_at (self->store->overlay_dfd, "l", FALSE, &fd, error))
    return FALSE;
  DIR *dir = fdopendir (fd);
  if (dir == NULL)
    {
      ul_throw_errno (error, "read overlay/l");
      close (fd);
      return FALSE;
    }
  while (errno = 0, (entry = readdir (dir)) != NULL)
    {
      g_autofree char *id
          = ul_store_is_link (entry->d_name) ? target_of (self, entry->d_name) : NULL;
      const char *known = id != NULL ? g_hash_table_lookup (self->targets, id) : NULL;
      if (id != NULL && (known == NULL || strcmp (entry->d_name, known) < 0))
        g_hash_table_replace (self->targets, g_steal_pointer (&id), g_strdup (entry->d_name));
    }
  const gboolean ok = errno == 0 || ul_throw_errno (error, "read overlay/l");
  closedir (dir);
  return ok;
}

/* @lower, which is that of @layer, names the layers below, nearest first. What overlay/l/ confirms
 * goes before what the first layer of the list says. */
static void
index_lower (UlStoreRepair *self, const UlStoreLayer *layer, const char *lower)
{
  g_auto (GStrv) links = g_strsplit (lower, ":", -1);
  const char *id = layer->parent;
  for (guint i = 0; links[i] != NULL && id != NULL; i++)
    {
      const UlStoreLayer *below = g_hash_table_lookup (self->layers, id);
      const char *link = g_str_has_prefix (links[i], "l/") ? links[i] + 2 : "";
      const char *known = g_hash_table_lookup (self->recorded, id);
      if (ul_store_is_link (link)
          && (known == NULL || (!leads_to (self, known, id) && leads_to (self, link, id))))
        g_hash_table_replace (self->recorded, g_strdup (id), g_strdup (link));
      id = below != NULL ? below->parent : NULL;
    }
}

/* Of two layers with one link that has it to which it leads. */
static void
index_link (UlStoreRepair *self, const char *id, const char *link)
{
  const char *other = g_hash_table_lookup (self->owners, link);
  if (other != NULL && !leads_to (self, link, id))
    return;
  if (other != NULL)
    g_hash_table_remove (self->links, other);
  g_hash_table_replace (self->owners, g_strdup (link), g_strdup (id));
  g_hash_table_replace (self->links, g_strdup (id), g_strdup (link));
}

static gboolean
index_layer (UlStoreRepair *self, const UlStoreLayer *layer, GError **error)
{
  g_autofree char *link = NULL;
  g_autofree char *lower = NULL;
  if (!read_text (self, layer->id, "link", &link, error)
      || !read_text (self, layer->id, "lower", &lower, error))
    return ul_prefix (error, "layer %s", layer->id);
  if (link != NULL && ul_store_is_link (link))
    index_link (self, layer->id, link);
  if (lower != NULL)
    index_lower (self, layer, lower);
  return TRUE;
}

gboolean
ul_store_repair_index_layers (UlStoreRepair *self, const GPtrArray *layers, GError **error)
{
  self->layers = g_hash_table_new (g_str_hash, g_str_equal);
  self->links = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->owners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->lowers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->recorded = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->targets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < layers->len; i++)
    {
      UlStoreLayer *layer = g_ptr_array_index (layers, i);
      g_hash_table_insert (self->layers, layer->id, layer);
    }
  if (!index_targets (self, error))
    return FALSE;
  for (guint i = 0; i < layers->len; i++)
    if (!index_layer (self, g_ptr_array_index (layers, i), error))
      return FALSE;
  return TRUE;
}

/* Is @link nobody else's? */
static gboolean
is_free (const UlStoreRepair *self, const char *link, const char *id)
{
  const char *owner = g_hash_table_lookup (self->owners, link);
  g_autofree char *target = target_of (self, link);
  return (owner == NULL || g_str_equal (owner, id))
         && (target == NULL || g_str_equal (target, id)
             || !g_hash_table_contains (self->layers, target));
}

/* Containers and layers above it have recorded a link: that goes before what is called so now, and
 * both before a new one. */
static char *
choose_link (const UlStoreRepair *self, const char *id)
{
  char fresh[UL_STORE_LINK_LEN + 1];
  const char *choices[] = { g_hash_table_lookup (self->recorded, id),
                            g_hash_table_lookup (self->targets, id), fresh };
  ul_store_link_id (id, fresh);
  for (gsize i = 0; i < G_N_ELEMENTS (choices); i++)
    if (choices[i] != NULL && is_free (self, choices[i], id))
      return g_strdup (choices[i]);
  return NULL;
}

static gboolean
mend_link (UlStoreRepair *self, const UlStoreLayer *layer, const char *object, GError **error)
{
  const char *id = layer->id;
  if (g_hash_table_contains (self->links, id))
    return TRUE;
  char *link = choose_link (self, id);
  if (link == NULL)
    return TRUE;
  g_hash_table_insert (self->links, g_strdup (id), link);
  g_hash_table_insert (self->owners, g_strdup (link), g_strdup (id));
  return !ul_store_repair_begin (self, object, "link: %s", link)
         || write_text (self, id, "link", link, error);
}

static gboolean
mend_link_target (UlStoreRepair *self, const UlStoreLayer *layer, const char *object,
                  GError **error)
{
  struct stat st;
  const char *link = g_hash_table_lookup (self->links, layer->id);
  if (link == NULL || leads_to (self, link, layer->id))
    return TRUE;
  g_autofree char *path = g_strdup_printf ("l/%s", link);
  const gboolean there = fstatat (self->store->overlay_dfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
  /* What is no symlink has been put there by somebody, and may have something in it. */
  if ((there && !S_ISLNK (st.st_mode) && (S_ISDIR (st.st_mode) || st.st_size > 0))
      || !ul_store_repair_begin (self, object, "overlay/l/%s leads to its diff", link))
    return TRUE;
  return ul_store_place_link (self->store, link, layer->id, error);
}

/* One that has no parent, and is really the lowest. */
static gboolean
mend_base_lower (UlStoreRepair *self, const UlStoreLayer *layer, const char *lower,
                 const char *object, GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s/lower", layer->id);
  if (lower == NULL)
    return TRUE;
  if (!ul_store_layer_has_right_id (layer))
    {
      g_hash_table_insert (self->lowers, g_strdup (layer->id), g_strdup (lower));
      return TRUE;
    }
  return !ul_store_repair_begin (self, object, "lower: removed")
         || unlinkat (self->store->overlay_dfd, path, 0) == 0
         || ul_throw_errno (error, "remove %s", path);
}

static gboolean
mend_lower (UlStoreRepair *self, const UlStoreLayer *layer, const char *object, GError **error)
{
  g_autofree char *lower = NULL;
  if (!read_text (self, layer->id, "lower", &lower, error))
    return FALSE;
  if (layer->parent == NULL)
    return mend_base_lower (self, layer, lower, object, error);
  const char *link = g_hash_table_lookup (self->links, layer->parent);
  const gboolean known = link != NULL && g_hash_table_contains (self->layers, layer->parent);
  char *right = known ? ul_store_lower (link, g_hash_table_lookup (self->lowers, layer->parent))
                      : g_strdup (lower);
  if (right == NULL)
    return TRUE;
  g_hash_table_insert (self->lowers, g_strdup (layer->id), right);
  return g_strcmp0 (right, lower) == 0
         || !ul_store_repair_begin (self, object, "lower: %s",
                                    lower == NULL ? "made" : "what its parent's says")
         || write_text (self, layer->id, "lower", right, error);
}

static gboolean
mend_empty_dirs (UlStoreRepair *self, int dfd, const UlStoreLayer *layer, const char *object,
                 GError **error)
{
  static const char *const names[] = { "merged", "work", "empty" };
  const gboolean sharing = (self->options->flags & UL_STORE_REPAIR_SHARED) != 0;
  for (gsize i = 0; i < (layer->parent == NULL ? 3 : 2); i++)
    {
      if (faccessat (dfd, names[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        {
          if (sharing && !ul_store_repair_mode (self, dfd, names[i], object, error))
            return FALSE;
        }
      else if (errno != ENOENT)
        return ul_throw_errno (error, "look for %s", names[i]);
      else if (ul_store_repair_begin (self, object, "%s/: made", names[i])
               && !ul_store_make_dir (dfd, names[i], self->store->dir_mode, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
mend_files (UlStoreRepair *self, const UlStoreLayer *layer, const char *object, GError **error)
{
  ul_autofd int dfd = -1;
  g_autofree char *tar_split = g_strdup_printf ("%s.%s", layer->id, UL_STORE_TAR_SPLIT);
  if (!ul_store_repair_mode (self, self->store->layers_dfd, tar_split, object, error))
    return FALSE;
  if (faccessat (self->store->overlay_dfd, layer->id, F_OK, AT_SYMLINK_NOFOLLOW) != 0
      && errno == ENOENT)
    return TRUE;
  return ul_fd_open_dir_at (self->store->overlay_dfd, layer->id, FALSE, &dfd, error)
         && mend_link (self, layer, object, error) && mend_link_target (self, layer, object, error)
         && mend_lower (self, layer, object, error)
         && mend_empty_dirs (self, dfd, layer, object, error)
         && ul_store_repair_mode (self, dfd, "link", object, error)
         && ul_store_repair_mode (self, dfd, "lower", object, error)
         && ul_store_repair_mode (self, dfd, ".", object, error);
}

static gboolean
mend_entry (UlStoreRepair *self, UlStoreLayer *layer, const char *object)
{
  if (layer->removable == 0
      || !ul_store_repair_begin (self, object,
                                 "its entry is without what is for one user or label"))
    return FALSE;
  ul_store_layer_remove (layer, layer->removable);
  return TRUE;
}

/* @layer and those below it that aren't @done, from below: a `lower` is made from the parent's. */
static gboolean
mend_chain (UlStoreRepair *self, UlStoreLayer *layer, GHashTable *done, gboolean *changed,
            GError **error)
{
  g_autoptr (GPtrArray) chain = g_ptr_array_new ();
  while (layer != NULL && g_hash_table_add (done, layer->id))
    {
      g_ptr_array_add (chain, layer);
      layer = layer->parent != NULL ? g_hash_table_lookup (self->layers, layer->parent) : NULL;
    }
  for (guint i = chain->len; i-- > 0;)
    {
      UlStoreLayer *next = g_ptr_array_index (chain, i);
      g_autofree char *object = g_strdup_printf ("layer %s", next->id);
      if (!mend_files (self, next, object, error))
        return ul_prefix (error, "%s", object);
      if (mend_entry (self, next, object))
        *changed = TRUE;
    }
  return TRUE;
}

gboolean
ul_store_repair_layers (UlStoreRepair *self, const GPtrArray *layers, gboolean *out_changed,
                        GError **error)
{
  g_autoptr (GHashTable) done = g_hash_table_new (g_str_hash, g_str_equal);
  gboolean changed = FALSE;
  for (guint i = 0; i < layers->len; i++)
    if (!mend_chain (self, g_ptr_array_index (layers, i), done, &changed, error))
      return FALSE;
  *out_changed = changed;
  return TRUE;
}
