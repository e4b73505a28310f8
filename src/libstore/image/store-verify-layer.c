// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/store-verify-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/store-names.h"
#include "util/error.h"
#include "util/fd.h"

static const UlStoreLayer *
find_parent (const UlStoreVerify *self, const UlStoreLayer *layer)
{
  return layer->parent != NULL ? g_hash_table_lookup (self->layers, layer->parent) : NULL;
}

static void
verify_forbidden (UlStoreVerify *self, const UlStoreLayer *layer, const char *object)
{
  static const struct
  {
    UlStoreLayerForbidden flag;
    const char *text;
  } members[] = {
    { UL_STORE_LAYER_UIDMAP, "uidmap: its owners are mapped" },
    { UL_STORE_LAYER_GIDMAP, "gidmap: its owners are mapped" },
    { UL_STORE_LAYER_MOUNTLABEL, "mountlabel: it's for one SELinux label" },
    { UL_STORE_LAYER_INCOMPLETE, "flags: it's incomplete" },
    { UL_STORE_LAYER_TOC_DIGEST, "toc-digest: it's known by its table of contents only" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    if (layer->forbidden & members[i].flag)
      {
        ul_store_verify_add (self, UL_STORE_FAULT_FORBIDDEN, object, "%s", members[i].text);
        ul_store_verify_set_repairable (self, (layer->removable & members[i].flag) != 0);
      }
}

/* What the list says of it. Layers of containers have no diff ID; podman reads it only of images'.
 */
static void
verify_entry (UlStoreVerify *self, const UlStoreLayer *layer, const char *object)
{
  const gboolean used = g_hash_table_contains (self->used, layer->id);
  verify_forbidden (self, layer, object);
  if (layer->parent != NULL && find_parent (self, layer) == NULL)
    ul_store_verify_add (self, UL_STORE_FAULT_PARENT, object, "its parent %s is not there",
                         layer->parent);
  if (used && (!layer->has_diff || layer->diff_size < 0))
    ul_store_verify_add (self, UL_STORE_FAULT_DIFF_UNKNOWN, object,
                         "without %s: podman can't list images, or shows a wrong size",
                         layer->has_diff ? "diff-size" : "diff-digest");
  if (!layer->has_diff || ul_store_layer_has_right_id (layer))
    return;
  UlChecksum id;
  ul_store_layer_id (layer->parent, &layer->diff_digest, &id);
  g_autofree char *hex = ul_checksum_dup_hex (&id);
  ul_store_verify_add (self, UL_STORE_FAULT_LAYER_ID, object,
                       "should be %s: pulls of images with it fail", hex);
}

static gboolean
verify_empty_dirs (UlStoreVerify *self, int dfd, gboolean base, const char *object, GError **error)
{
  static const char *const names[] = { "merged", "work", "empty" };
  for (gsize i = 0; i < (base ? 3 : 2); i++)
    {
      struct stat st;
      const gboolean there = fstatat (dfd, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0;
      if (!there && errno != ENOENT)
        return ul_throw_errno (error, "stat %s", names[i]);
      if (there && S_ISDIR (st.st_mode))
        continue;
      ul_store_verify_add (self, UL_STORE_FAULT_EMPTY_DIRS, object,
                           "without %s/: a read-only store can't show changes", names[i]);
    }
  return TRUE;
}

static gboolean
verify_link_target (UlStoreVerify *self, const char *id, const char *link, const char *object,
                    GError **error)
{
  g_autofree char *wanted = g_strdup_printf ("../%s/diff", id);
  g_autofree char *path = g_strdup_printf ("l/%s", link);
  char target[256];
  const ssize_t n = readlinkat (self->store->overlay_dfd, path, target, sizeof target);
  if (n < 0 && errno != ENOENT && errno != EINVAL)
    return ul_throw_errno (error, "read %s", path);
  if (n != (ssize_t) strlen (wanted) || memcmp (target, wanted, (gsize) n) != 0)
    ul_store_verify_add (self, UL_STORE_FAULT_LINK_TARGET, object,
                         "overlay/l/%s doesn't lead to its diff", link);
  return TRUE;
}

static gboolean
verify_link (UlStoreVerify *self, int dfd, const char *id, const char *object, GError **error)
{
  g_autofree char *link = NULL;
  if (!ul_store_read_text (dfd, "link", &link, error))
    return FALSE;
  if (link != NULL && ul_store_is_link (link))
    return verify_link_target (self, id, link, object, error);
  ul_store_verify_add (self, UL_STORE_FAULT_LINK, object, "link: %s",
                       link == NULL ? "not there" : "not a name");
  return TRUE;
}

/* What its `lower` should be; NULL where that can't be said: something is wrong with the parent. */
static gboolean
expected_lower (UlStoreVerify *self, const char *parent, char **out, GError **error)
{
  g_autofree char *link_path = g_strdup_printf ("%s/link", parent);
  g_autofree char *lower_path = g_strdup_printf ("%s/lower", parent);
  g_autofree char *link = NULL;
  g_autofree char *lower = NULL;
  if (!ul_store_read_text (self->store->overlay_dfd, link_path, &link, error)
      || !ul_store_read_text (self->store->overlay_dfd, lower_path, &lower, error))
    return FALSE;
  *out = link != NULL && ul_store_is_link (link) ? ul_store_lower (link, lower) : NULL;
  return TRUE;
}

static gboolean
verify_lower (UlStoreVerify *self, int dfd, const UlStoreLayer *layer, const char *object,
              GError **error)
{
  g_autofree char *lower = NULL;
  g_autofree char *expected = NULL;
  if (!ul_store_read_text (dfd, "lower", &lower, error))
    return FALSE;
  /* Else it may be the last that is known of the parent. */
  if (layer->parent == NULL && lower != NULL)
    {
      ul_store_verify_add (self, UL_STORE_FAULT_LOWER, object,
                           "lower: there, but it has no parent");
      ul_store_verify_set_repairable (self, ul_store_layer_has_right_id (layer));
    }
  if (find_parent (self, layer) == NULL)
    return TRUE;
  if (lower == NULL)
    {
      ul_store_verify_add (self, UL_STORE_FAULT_LOWER, object,
                           "lower: not there, what is below it would be missing");
      return TRUE;
    }
  if (!expected_lower (self, layer->parent, &expected, error))
    return FALSE;
  if (expected != NULL && !g_str_equal (expected, lower))
    ul_store_verify_add (self, UL_STORE_FAULT_LOWER, object, "lower: not what its parent's says");
  return TRUE;
}

static gboolean
verify_diff (UlStoreVerify *self, int dfd, const char *object, GError **error)
{
  struct stat st;
  const gboolean there = fstatat (dfd, "diff", &st, AT_SYMLINK_NOFOLLOW) == 0;
  if (!there && errno != ENOENT)
    return ul_throw_errno (error, "stat diff");
  if (there && S_ISLNK (st.st_mode))
    {
      ul_store_verify_add (self, UL_STORE_FAULT_DIFF_SYMLINK, object,
                           "diff: a symlink, which containers with mapped owners can't use");
      return TRUE;
    }
  if (there && S_ISDIR (st.st_mode))
    return !self->full || ul_store_verify_diff (self, dfd, object, error);
  ul_store_verify_add (self, UL_STORE_FAULT_DIFF, object, "diff: %s",
                       there ? "not a directory" : "not there");
  return TRUE;
}

static gboolean
verify_tar_split (UlStoreVerify *self, const UlStoreLayer *layer, const char *object,
                  GError **error)
{
  struct stat st;
  g_autofree char *name = g_strdup_printf ("%s.tar-split.gz", layer->id);
  const gboolean there = fstatat (self->store->layers_dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
  if (!there && errno != ENOENT)
    return ul_throw_errno (error, "stat %s", name);
  if (there)
    return ul_store_verify_mode (self, self->store->layers_dfd, name, object, error);
  if (g_hash_table_contains (self->used, layer->id))
    ul_store_verify_add (self, UL_STORE_FAULT_TAR_SPLIT, object,
                         "no tar-split: images with it can't be saved or pushed");
  return TRUE;
}

static gboolean
verify_dir (UlStoreVerify *self, const UlStoreLayer *layer, const char *object, GError **error)
{
  struct stat st;
  ul_autofd int dfd = -1;
  if (fstatat (self->store->overlay_dfd, layer->id, &st, AT_SYMLINK_NOFOLLOW) != 0
      && errno == ENOENT)
    {
      ul_store_verify_add (self, UL_STORE_FAULT_DIFF, object, "its directory is not there");
      return TRUE;
    }
  return ul_fd_open_dir_at (self->store->overlay_dfd, layer->id, FALSE, &dfd, error)
         && ul_store_verify_mode (self, dfd, ".", object, error)
         && verify_link (self, dfd, layer->id, object, error)
         && verify_lower (self, dfd, layer, object, error)
         && ul_store_verify_mode (self, dfd, "link", object, error)
         && ul_store_verify_mode (self, dfd, "lower", object, error)
         && verify_empty_dirs (self, dfd, layer->parent == NULL, object, error)
         && verify_diff (self, dfd, object, error);
}

gboolean
ul_store_verify_layer (UlStoreVerify *self, const UlStoreLayer *layer, GError **error)
{
  g_autofree char *object = g_strdup_printf ("layer %s", layer->id);
  verify_entry (self, layer, object);
  return (verify_dir (self, layer, object, error) && verify_tar_split (self, layer, object, error))
         || ul_prefix (error, "%s", object);
}
