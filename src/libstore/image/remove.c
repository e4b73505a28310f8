// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/remove.h"

#include <string.h>

#include "core/image-name.h"
#include "image/records.h"
#include "repo/lock.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/fd.h"

typedef struct
{
  UlRepo *repo;
  const UlImageRemoveOptions *options;
  GPtrArray *names;    /* of all images */
  GPtrArray *aliases;  /* of UlRef: all */
  GPtrArray *stored;   /* of refs of layers, tar-splits and blobs: all that are there */
  GHashTable *doomed;  /* refs of images that go */
  GHashTable *needed;  /* refs of layers, tar-splits, blobs that images need which stay */
  GHashTable *planned; /* what is in refs */
  GPtrArray *refs;     /* all that go, in this order */
  GPtrArray *unread;   /* names of images that go and can't be read */
} Removal;

void
ul_image_remove_result_clear (UlImageRemoveResult *result)
{
  g_clear_pointer (&result->images, g_ptr_array_unref);
  g_clear_pointer (&result->layers, g_ptr_array_unref);
  g_clear_pointer (&result->tar_splits, g_ptr_array_unref);
  g_clear_pointer (&result->blobs, g_ptr_array_unref);
  g_clear_pointer (&result->unread, g_ptr_array_unref);
}

static GHashTable *
string_set (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

static void
removal_init (Removal *self, UlRepo *repo, const UlImageRemoveOptions *options)
{
  *self = (Removal){
    .repo = repo,
    .options = options,
    .stored = g_ptr_array_new_with_free_func (g_free),
    .doomed = string_set (),
    .needed = string_set (),
    .planned = string_set (),
    .refs = g_ptr_array_new_with_free_func (g_free),
    .unread = g_ptr_array_new_with_free_func (g_free),
  };
}

static void
removal_clear (Removal *self)
{
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_clear_pointer (&self->aliases, g_ptr_array_unref);
  g_clear_pointer (&self->stored, g_ptr_array_unref);
  g_clear_pointer (&self->doomed, g_hash_table_unref);
  g_clear_pointer (&self->needed, g_hash_table_unref);
  g_clear_pointer (&self->planned, g_hash_table_unref);
  g_clear_pointer (&self->refs, g_ptr_array_unref);
  g_clear_pointer (&self->unread, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Removal, removal_clear)

/* Refs right below @prefix that are ours, by their 64 digits; whatever they hold. */
static gboolean
list_stored (Removal *self, const char *prefix, GError **error)
{
  g_autoptr (GPtrArray) refs = NULL;
  g_autofree char *dir = g_strndup (prefix, strlen (prefix) - 1);
  UlChecksum unused;
  if (!ul_refs_list (self->repo, dir, UL_REFS_LIST_NO_REMOTES | UL_REFS_LIST_NAMES, &refs, error))
    return FALSE;
  for (guint i = 0; i < refs->len; i++)
    {
      const char *ref = ((const UlRef *) refs->pdata[i])->refspec;
      if (g_str_has_prefix (ref, prefix) && ul_checksum_from_hex (ref + strlen (prefix), &unused))
        g_ptr_array_add (self->stored, g_strdup (ref));
    }
  return TRUE;
}

static gboolean
look_around (Removal *self, GError **error)
{
  return ul_image_list (self->repo, &self->names, error)
         && ul_refs_list (self->repo, NULL, UL_REFS_LIST_ALIASES, &self->aliases, error)
         && list_stored (self, UL_IMAGE_LAYER_PREFIX, error)
         && list_stored (self, UL_IMAGE_TAR_SPLIT_PREFIX, error)
         && list_stored (self, UL_IMAGE_BLOB_PREFIX, error);
}

static gboolean
check_names (Removal *self, GError **error)
{
  static const char *const none[] = { NULL };
  const char *const *name = self->options->names != NULL ? self->options->names : none;
  for (; *name != NULL; name++)
    {
      if (!g_ptr_array_find_with_equal_func (self->names, *name, g_str_equal, NULL))
        return ul_throw (error, UL_ERROR_NOT_FOUND, "image %s: not there", *name);
      g_hash_table_add (self->doomed, ul_image_name_to_ref (*name));
    }
  return TRUE;
}

/* Refs of the layers of @image from the top, each with those of its tar-split and its blob. */
static GPtrArray *
refs_of (const UlImage *image)
{
  g_autoptr (GPtrArray) ids = ul_image_layer_ids (image);
  GPtrArray *refs = g_ptr_array_new_with_free_func (g_free);
  for (guint i = ids->len; i-- > 0;)
    {
      const UlChecksum *diff_id
          = &g_array_index (image->documents->config->diff_ids, UlChecksum, i);
      g_ptr_array_add (refs, ul_image_layer_ref (ids->pdata[i]));
      const UlOciDescriptor *blob = ul_oci_descriptor_at (image->documents->manifest->layers, i);
      g_ptr_array_add (refs, ul_image_tar_split_ref (diff_id));
      g_ptr_array_add (refs, ul_image_blob_ref (&blob->digest));
    }
  return refs;
}

static gboolean
find_needed (Removal *self, GError **error)
{
  for (guint i = 0; i < self->names->len; i++)
    {
      g_autofree char *image_ref = ul_image_name_to_ref (self->names->pdata[i]);
      if (g_hash_table_contains (self->doomed, image_ref))
        continue;
      g_autoptr (UlImage) image
          = ul_image_load_documents (self->repo, self->names->pdata[i], error);
      if (image == NULL)
        return ul_prefix (error, "which layers other images need isn't known");
      g_autoptr (GPtrArray) refs = refs_of (image);
      for (guint j = 0; j < refs->len; j++)
        g_hash_table_add (self->needed, g_strdup (refs->pdata[j]));
    }
  return TRUE;
}

/* An alias that goes too goes first, so that it never leads nowhere: ostree can list no refs at all
 * then. */
static void
plan_image (Removal *self, const char *ref)
{
  if (!g_hash_table_add (self->planned, g_strdup (ref)))
    return;
  for (guint i = 0; i < self->aliases->len; i++)
    {
      const UlRef *alias = self->aliases->pdata[i];
      if (g_strcmp0 (alias->target, ref) == 0
          && g_hash_table_contains (self->doomed, alias->refspec))
        plan_image (self, alias->refspec);
    }
  g_ptr_array_add (self->refs, g_strdup (ref));
}

static void
plan_stored (Removal *self, const char *ref)
{
  if (!g_hash_table_contains (self->needed, ref)
      && g_hash_table_add (self->planned, g_strdup (ref)))
    g_ptr_array_add (self->refs, g_strdup (ref));
}

/* Of an image that is damaged nobody knows its layers. */
static void
plan_layers (Removal *self, const char *name)
{
  g_autoptr (UlImage) image = ul_image_load_documents (self->repo, name, NULL);
  if (image == NULL)
    {
      g_ptr_array_add (self->unread, g_strdup (name));
      return;
    }
  g_autoptr (GPtrArray) refs = refs_of (image);
  for (guint i = 0; i < refs->len; i++)
    if (g_ptr_array_find_with_equal_func (self->stored, refs->pdata[i], g_str_equal, NULL))
      plan_stored (self, refs->pdata[i]);
}

static void
plan (Removal *self)
{
  g_autoptr (GPtrArray) doomed = g_ptr_array_new ();
  for (guint i = 0; i < self->names->len; i++)
    {
      g_autofree char *ref = ul_image_name_to_ref (self->names->pdata[i]);
      if (!g_hash_table_contains (self->doomed, ref))
        continue;
      plan_image (self, ref);
      g_ptr_array_add (doomed, self->names->pdata[i]);
    }
  for (guint i = 0; i < doomed->len; i++)
    plan_layers (self, doomed->pdata[i]);
  for (guint i = 0; self->options->unused && i < self->stored->len; i++)
    plan_stored (self, self->stored->pdata[i]);
}

static gboolean
check_no_alias_left (const Removal *self, GError **error)
{
  for (guint i = 0; i < self->aliases->len; i++)
    {
      const UlRef *alias = self->aliases->pdata[i];
      if (alias->target != NULL && g_hash_table_contains (self->planned, alias->target)
          && !g_hash_table_contains (self->planned, alias->refspec))
        return ul_throw (error, UL_ERROR_INVALID, "Ref '%s' has an active alias: '%s'",
                         alias->target, alias->refspec);
    }
  return TRUE;
}

static void
report (Removal *self, UlImageRemoveResult *out)
{
  *out = (UlImageRemoveResult){
    .images = g_ptr_array_new_with_free_func (g_free),
    .layers = g_ptr_array_new_with_free_func (g_free),
    .tar_splits = g_ptr_array_new_with_free_func (g_free),
    .blobs = g_ptr_array_new_with_free_func (g_free),
    .unread = g_steal_pointer (&self->unread),
  };
  for (guint i = 0; i < self->refs->len; i++)
    {
      const char *ref = self->refs->pdata[i];
      char *name;
      if (g_str_has_prefix (ref, UL_IMAGE_LAYER_PREFIX))
        g_ptr_array_add (out->layers, g_strdup (ref + strlen (UL_IMAGE_LAYER_PREFIX)));
      else if (g_str_has_prefix (ref, UL_IMAGE_TAR_SPLIT_PREFIX))
        g_ptr_array_add (out->tar_splits, g_strdup (ref + strlen (UL_IMAGE_TAR_SPLIT_PREFIX)));
      else if (g_str_has_prefix (ref, UL_IMAGE_BLOB_PREFIX))
        g_ptr_array_add (out->blobs, g_strdup (ref + strlen (UL_IMAGE_BLOB_PREFIX)));
      else if (ul_image_name_from_ref (ref, &name))
        g_ptr_array_add (out->images, name);
    }
}

gboolean
ul_image_remove (UlRepo *repo, const UlImageRemoveOptions *options, UlImageRemoveResult *out_result,
                 GError **error)
{
  ul_autofd int lock_fd = -1;
  g_auto (Removal) removal;
  removal_init (&removal, repo, options);
  if (!options->dry_run
      && (!ul_repo_check_writable (repo, error)
          || !ul_repo_lock (repo, UL_LOCK_EXCLUSIVE, &lock_fd, error)))
    return FALSE;
  if (!look_around (&removal, error) || !check_names (&removal, error)
      || !find_needed (&removal, error))
    return FALSE;
  plan (&removal);
  if (!check_no_alias_left (&removal, error)
      || (!options->dry_run && !ul_refs_remove (repo, removal.refs, error)))
    return FALSE;
  report (&removal, out_result);
  return TRUE;
}
