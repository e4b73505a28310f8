// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/image-embed.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/image-name.h"
#include "image/embed.h"
#include "image/resolve.h"
#include "repo/objects.h"
#include "util/error.h"

#define MAX_CONF (1024 * 1024)

typedef struct
{
  char *path;
  GPtrArray *images; /* char *, as given */
} Store;

struct _UlCliEmbed
{
  GPtrArray *stores; /* of Store */
  GPtrArray *paths;  /* of theirs, borrowed; NULL at the end once all are there */
  gboolean conf;
};

static void
store_free (gpointer data)
{
  Store *store = data;
  g_free (store->path);
  g_ptr_array_unref (store->images);
  g_free (store);
}

void
ul_cli_embed_free (UlCliEmbed *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->stores);
  g_ptr_array_unref (self->paths);
  g_free (self);
}

static gboolean
check_path (const char *path, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  gboolean ok = *path == '/' && path[1] != '\0';
  for (char **part = parts + 1; ok && *part != NULL; part++)
    ok = **part != '\0' && !g_str_equal (*part, ".") && !g_str_equal (*part, "..");
  return ok
         || ul_throw (error, UL_ERROR_INVALID,
                      "--image-store: '%s' is not an absolute path without '.', '..' and slashes "
                      "that say nothing",
                      path);
}

static Store *
store_at (UlCliEmbed *self, const char *path)
{
  for (guint i = 0; i < self->stores->len; i++)
    {
      Store *store = self->stores->pdata[i];
      if (g_str_equal (store->path, path))
        return store;
    }
  Store *store = g_new (Store, 1);
  *store = (Store){ g_strdup (path), g_ptr_array_new_with_free_func (g_free) };
  g_ptr_array_add (self->stores, store);
  g_ptr_array_add (self->paths, store->path);
  return store;
}

static gboolean
add_image (Store *store, const char *text, GError **error)
{
  g_autofree char *name = NULL;
  if (!ul_image_name_normalize (text, &name, error))
    return ul_prefix (error, "--image-store");
  g_ptr_array_add (store->images, g_strdup (text));
  return TRUE;
}

static gboolean
parse (UlCliEmbed *self, const char *word, GError **error)
{
  const char *equals = strchr (word, '=');
  if (equals == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "Missing '=' in --image-store=%s", word);
  g_autofree char *path = g_strndup (word, (gsize) (equals - word));
  if (!check_path (path, error))
    return FALSE;
  Store *store = store_at (self, path);
  g_auto (GStrv) names = g_strsplit (equals + 1, ",", -1);
  if (*names == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "No image in --image-store=%s", word);
  for (char **name = names; *name != NULL; name++)
    if (!add_image (store, *name, error))
      return FALSE;
  return TRUE;
}

UlCliEmbed *
ul_cli_embed_new (char **words, gboolean conf, GError **error)
{
  g_autoptr (UlCliEmbed) self = g_new0 (UlCliEmbed, 1);
  self->stores = g_ptr_array_new_with_free_func (store_free);
  self->paths = g_ptr_array_new ();
  self->conf = conf;
  for (char **word = words; word != NULL && *word != NULL; word++)
    if (!parse (self, *word, error))
      return NULL;
  g_ptr_array_add (self->paths, NULL);
  return g_steal_pointer (&self);
}

static UlGraft *
make_store (UlRepo *repo, gpointer data, GError **error)
{
  const Store *store = data;
  g_autoptr (GPtrArray) images = g_ptr_array_new_with_free_func ((GDestroyNotify) ul_image_free);
  g_autoptr (GHashTable) done = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < store->images->len; i++)
    {
      char *name;
      if (!ul_image_resolve (repo, store->images->pdata[i], &name, error))
        return NULL;
      if (!g_hash_table_add (done, name)) /* the same again */
        continue;
      UlImage *image = ul_image_load (repo, name, error);
      if (image == NULL)
        return NULL;
      g_ptr_array_add (images, image);
    }
  return ul_embed_store (repo, store->path, images, error);
}

static UlGraft *
make_conf (G_GNUC_UNUSED UlRepo *repo, gpointer data, G_GNUC_UNUSED GError **error)
{
  const UlCliEmbed *self = data;
  return ul_embed_conf ((const char *const *) self->paths->pdata);
}

void
ul_cli_embed_add_sources (const UlCliEmbed *self, GArray *trees)
{
  UlTreeSource source = { .type = UL_TREE_SOURCE_GRAFT };
  for (guint i = 0; i < self->stores->len; i++)
    {
      source.graft = (UlGraftSource){ make_store, self->stores->pdata[i] };
      g_array_append_val (trees, source);
    }
  if (self->conf && self->stores->len > 0)
    {
      source.graft = (UlGraftSource){ make_conf, (gpointer) self };
      g_array_append_val (trees, source);
    }
}

void
ul_cli_embed_add_equivalences (const UlCliEmbed *self, char ***io_pairs)
{
  g_autoptr (GStrvBuilder) pairs = g_strv_builder_new ();
  for (guint i = 0; i < self->stores->len; i++)
    g_strv_builder_add_many (pairs, ((const Store *) self->stores->pdata[i])->path,
                             UL_EMBED_LABELS_AS, NULL);
  if (self->stores->len == 0)
    return;
  if (*io_pairs != NULL)
    g_strv_builder_addv (pairs, (const char **) *io_pairs);
  g_strfreev (*io_pairs);
  *io_pairs = g_strv_builder_end (pairs);
}

/* Its text; "" for what is no file, as a symlink. */
static gboolean
read_conf (UlRepo *repo, const UlEntry *entry, char **out, GError **error)
{
  g_autoptr (UlContent) content = NULL;
  g_autoptr (UlContentBuffers) buffers = ul_content_buffers_new ();
  if (entry->kind == UL_ENTRY_FILE
      && !ul_objects_open_file (repo, &entry->checksum, &content, error))
    return FALSE;
  const gboolean readable = content != NULL && S_ISREG (ul_content_meta (content)->mode)
                            && ul_content_size (content) <= MAX_CONF;
  const gsize size = readable ? (gsize) ul_content_size (content) : 0;
  g_autofree char *text = g_malloc0 (size + 1);
  if (size > 0 && !ul_content_read_all (content, buffers, text, error))
    return FALSE;
  *out = g_steal_pointer (&text);
  return TRUE;
}

static gboolean
advise (const UlCliEmbed *self, UlRepo *repo, const char *place, const UlEntry *entry,
        GError **error)
{
  const char *const *paths = (const char *const *) self->paths->pdata;
  g_autofree char *text = NULL;
  g_autofree char *line = ul_embed_conf_line (paths);
  if (!read_conf (repo, entry, &text, error))
    return FALSE;
  if (!ul_embed_conf_names (text, paths))
    fprintf (stderr, "%s is in the tree already: podman needs %s below [storage.options] in it\n",
             place, line);
  return TRUE;
}

gboolean
ul_cli_embed_advise (const UlCliEmbed *self, UlRepo *repo, const UlChecksum *checksum,
                     GError **error)
{
  g_auto (UlCommit) commit = { 0 };
  gboolean found = FALSE;
  UlEntry entry;
  if (!self->conf || self->stores->len == 0)
    return TRUE;
  if (!ul_objects_load_commit (repo, checksum, &commit, error))
    return FALSE;
  for (const char *const *place = ul_embed_conf_places; *place != NULL && !found; place++)
    if (!ul_objects_lookup_path (repo, &commit.tree, &commit.meta, *place, &found, &entry, error)
        || (found && !advise (self, repo, *place, &entry, error)))
      return ul_prefix (error, "%s", *place);
  return TRUE;
}
