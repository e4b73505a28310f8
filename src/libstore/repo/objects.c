// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/objects.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/dirtree.h"
#include "repo/mode.h"
#include "util/error.h"
#include "util/fd.h"

static void
loose_path (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
            char out[UL_OBJECT_LOOSE_PATH_MAX])
{
  ul_object_loose_path (checksum, type, ul_repo_is_compressed (repo), out);
}

static gboolean
prefix_object (GError **error, const char *verb, UlObjectType type, const UlChecksum *checksum)
{
  g_autofree char *name = ul_object_to_string (checksum, type);
  return ul_prefix (error, "%s object %s", verb, name);
}

gboolean
ul_objects_has_own (UlRepo *repo, UlObjectType type, const UlChecksum *checksum, gboolean *out_has,
                    GError **error)
{
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  loose_path (repo, type, checksum, path);
  struct stat st;
  if (fstatat (ul_repo_objects_dfd (repo), path, &st, AT_SYMLINK_NOFOLLOW) == 0)
    *out_has = TRUE;
  else if (errno == ENOENT)
    *out_has = FALSE;
  else
    {
      ul_throw_errno (error, "stat");
      return prefix_object (error, "looking for", type, checksum);
    }
  return TRUE;
}

gboolean
ul_objects_find (UlRepo *repo, UlObjectType type, const UlChecksum *checksum, UlRepo **out_home,
                 GError **error)
{
  UlRepo *home = repo;
  for (; home != NULL; home = ul_repo_parent (home))
    {
      gboolean has;
      if (!ul_objects_has_own (home, type, checksum, &has, error))
        return FALSE;
      if (has)
        break;
    }
  *out_home = home;
  return TRUE;
}

gboolean
ul_objects_has (UlRepo *repo, UlObjectType type, const UlChecksum *checksum, gboolean *out_has,
                GError **error)
{
  UlRepo *home;
  if (!ul_objects_find (repo, type, checksum, &home, error))
    return FALSE;
  *out_has = home != NULL;
  return TRUE;
}

gboolean
ul_objects_stored_size (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
                        guint64 *out_size, GError **error)
{
  UlRepo *home;
  if (!ul_objects_find (repo, type, checksum, &home, error))
    return FALSE;
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  struct stat st;
  loose_path (home != NULL ? home : repo, type, checksum, path);
  if (fstatat (ul_repo_objects_dfd (home != NULL ? home : repo), path, &st, AT_SYMLINK_NOFOLLOW)
      != 0)
    {
      ul_throw_errno (error, "stat");
      return prefix_object (error, "looking for", type, checksum);
    }
  *out_size = (guint64) st.st_size;
  return TRUE;
}

/* *out_bytes is NULL if no repository has it. */
static gboolean
read_loose (UlRepo *repo, UlObjectType type, const UlChecksum *checksum, GBytes **out_bytes,
            GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  for (; repo != NULL && bytes == NULL; repo = ul_repo_parent (repo))
    {
      char path[UL_OBJECT_LOOSE_PATH_MAX];
      loose_path (repo, type, checksum, path);
      if (!ul_fd_read_file_at (ul_repo_objects_dfd (repo), path, UL_OBJECT_MAX_METADATA_SIZE, TRUE,
                               &bytes, error))
        return prefix_object (error, "loading", type, checksum);
    }
  *out_bytes = g_steal_pointer (&bytes);
  return TRUE;
}

gboolean
ul_objects_load_if_exists (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
                           GVariant **out_variant, GError **error)
{
  const GVariantType *variant_type = ul_object_variant_type (type);
  g_assert (variant_type != NULL);
  g_autoptr (GBytes) bytes = NULL;
  if (!read_loose (repo, type, checksum, &bytes, error))
    return FALSE;
  if (bytes == NULL)
    {
      *out_variant = NULL;
      return TRUE;
    }
  g_autoptr (GVariant) variant
      = g_variant_ref_sink (g_variant_new_from_bytes (variant_type, bytes, FALSE));
  if (!ul_object_validate (type, variant, error))
    {
      prefix_object (error, "corrupt", type, checksum);
      return FALSE;
    }
  *out_variant = g_steal_pointer (&variant);
  return TRUE;
}

gboolean
ul_objects_load (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
                 GVariant **out_variant, GError **error)
{
  g_autoptr (GVariant) variant = NULL;
  if (!ul_objects_load_if_exists (repo, type, checksum, &variant, error))
    return FALSE;
  if (variant == NULL)
    {
      g_autofree char *name = ul_object_to_string (checksum, type);
      return ul_throw (error, UL_ERROR_NOT_FOUND, "No such metadata object %s", name);
    }
  *out_variant = g_steal_pointer (&variant);
  return TRUE;
}

gboolean
ul_objects_load_verified (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
                          UlHasher *hasher, GVariant **out_variant, GError **error)
{
  g_autoptr (GVariant) variant = NULL;
  UlChecksum actual;
  if (!ul_objects_load (repo, type, checksum, &variant, error))
    return FALSE;
  ul_hasher_start (hasher);
  ul_hasher_update (hasher, g_variant_get_data (variant), g_variant_get_size (variant));
  ul_hasher_finish (hasher, &actual);
  if (!ul_checksum_equal (checksum, &actual))
    {
      g_autofree char *name = ul_object_to_string (checksum, type);
      g_autofree char *hex = ul_checksum_dup_hex (&actual);
      return ul_throw (error, UL_ERROR_CORRUPT, "corrupt object %s: its checksum is %s", name, hex);
    }
  *out_variant = g_steal_pointer (&variant);
  return TRUE;
}

gboolean
ul_objects_load_commit (UlRepo *repo, const UlChecksum *checksum, UlCommit *out_commit,
                        GError **error)
{
  g_autoptr (GVariant) variant = NULL;
  return ul_objects_load (repo, UL_OBJECT_COMMIT, checksum, &variant, error)
         && ul_commit_parse (variant, out_commit, error);
}

static gboolean
delete_loose (UlRepo *repo, UlObjectType type, const UlChecksum *checksum, GError **error)
{
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  loose_path (repo, type, checksum, path);
  /* What a broken repository has under an object's name may be a directory. */
  if (ul_fd_remove_tree_at (ul_repo_objects_dfd (repo), path, error))
    return TRUE;
  return prefix_object (error, "deleting", type, checksum);
}

gboolean
ul_objects_delete (UlRepo *repo, UlObjectType type, const UlChecksum *checksum, GError **error)
{
  if (!delete_loose (repo, type, checksum, error))
    return FALSE;
  /* The file goes first: a kill in between leaves a link without a file, which prune finds, rather
   * than a file without its link, which the next commit of that file would take for whole. */
  return type != UL_OBJECT_FILE || !ul_repo_mode_ops (repo)->split_xattrs
         || delete_loose (repo, UL_OBJECT_FILE_XATTRS_LINK, checksum, error);
}

gboolean
ul_objects_foreach_in (UlRepo *repo, guint8 first, UlObjectFunc func, gpointer data, GError **error)
{
  char name[3];
  g_snprintf (name, sizeof name, "%02x", first);
  const int fd = openat (ul_repo_objects_dfd (repo), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    return errno == ENOENT || ul_throw_errno (error, "listing objects/%s", name);
  gboolean ok = TRUE;
  struct dirent *entry;
  while (ok && (errno = 0, entry = readdir (dir)) != NULL)
    {
      UlChecksum checksum;
      UlObjectType type;
      gboolean compressed;
      /* Files as another mode has them are none of this repository. */
      if (ul_object_parse_loose (name, entry->d_name, &checksum, &type, &compressed)
          && (type != UL_OBJECT_FILE || compressed == ul_repo_is_compressed (repo)))
        ok = func (type, &checksum, data, error);
    }
  if (ok && errno != 0)
    ok = ul_throw_errno (error, "listing objects/%s", name);
  closedir (dir);
  return ok;
}

gboolean
ul_objects_foreach (UlRepo *repo, UlObjectFunc func, gpointer data, GError **error)
{
  for (guint i = 0; i < 256; i++)
    if (!ul_objects_foreach_in (repo, (guint8) i, func, data, error))
      return FALSE;
  return TRUE;
}

static char *
partial_path (const UlChecksum *commit)
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (commit, hex);
  return g_strdup_printf ("state/%s.commitpartial", hex);
}

static gboolean
is_marked_here (UlRepo *repo, const UlChecksum *commit, gboolean *out_partial, GError **error)
{
  g_autofree char *path = partial_path (commit);
  struct stat st;
  if (fstatat (ul_repo_dfd (repo), path, &st, AT_SYMLINK_NOFOLLOW) == 0)
    *out_partial = TRUE;
  else if (errno == ENOENT)
    *out_partial = FALSE;
  else
    return ul_throw_errno (error, "stat %s", path);
  return TRUE;
}

gboolean
ul_objects_commit_is_partial (UlRepo *repo, const UlChecksum *commit, gboolean *out_partial,
                              GError **error)
{
  UlRepo *home;
  if (!is_marked_here (repo, commit, out_partial, error))
    return FALSE;
  if (*out_partial || ul_repo_parent (repo) == NULL)
    return TRUE;
  return ul_objects_find (repo, UL_OBJECT_COMMIT, commit, &home, error)
         && (home == NULL || is_marked_here (home, commit, out_partial, error));
}

gboolean
ul_objects_mark_commit_partial (UlRepo *repo, const UlChecksum *commit, GError **error)
{
  g_autofree char *path = partial_path (commit);
  ul_autofd int fd = openat (ul_repo_dfd (repo), path,
                             O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0)
    return ul_throw_errno (error, "create %s", path);
  return ul_fd_write_all (fd, "f", 1, path, error);
}

gboolean
ul_objects_mark_commit_incomplete (UlRepo *repo, const UlChecksum *commit, gboolean sync,
                                   GError **error)
{
  g_autofree char *path = partial_path (commit);
  if (mkdirat (ul_repo_dfd (repo), "state", 0775) != 0 && errno != EEXIST)
    return ul_throw_errno (error, "create directory state");
  ul_autofd int fd = openat (ul_repo_dfd (repo), path,
                             O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
  if (fd < 0)
    return ul_throw_errno (error, "create %s", path);
  return !sync || ul_fd_sync_dir_at (ul_repo_dfd (repo), "state", error);
}

gboolean
ul_objects_unmark_commit (UlRepo *repo, const UlChecksum *commit, GError **error)
{
  g_autofree char *path = partial_path (commit);
  return unlinkat (ul_repo_dfd (repo), path, 0) == 0 || errno == ENOENT
         || ul_throw_errno (error, "remove %s", path);
}

gboolean
ul_objects_commit_marked_by_fsck (UlRepo *repo, const UlChecksum *commit, gboolean *out_marked,
                                  GError **error)
{
  g_autofree char *path = partial_path (commit);
  g_autoptr (GBytes) bytes = NULL;
  if (!ul_fd_read_file_at (ul_repo_dfd (repo), path, 4096, TRUE, &bytes, error))
    return FALSE;
  gsize len = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &len) : NULL;
  *out_marked = len > 0 && data[0] == 'f';
  return TRUE;
}

gboolean
ul_objects_lookup_name (UlRepo *repo, const UlEntry *dir, const char *name, gboolean *out_found,
                        UlEntry *out_entry, GError **error)
{
  if (dir->kind != UL_ENTRY_DIR)
    {
      *out_found = FALSE;
      return TRUE;
    }
  g_autoptr (GVariant) dirtree = NULL;
  if (!ul_objects_load (repo, UL_OBJECT_DIRTREE, &dir->checksum, &dirtree, error))
    return FALSE;
  g_auto (UlDirtreeView) view;
  ul_dirtree_view_init (&view, dirtree);
  UlDirtreeDir sub;
  UlDirtreeFile file;
  *out_found = TRUE;
  if (ul_dirtree_view_find_dir (&view, name, &sub))
    *out_entry = (UlEntry){ .kind = UL_ENTRY_DIR, .checksum = sub.tree, .meta = sub.meta };
  else if (ul_dirtree_view_find_file (&view, name, &file))
    *out_entry = (UlEntry){ .kind = UL_ENTRY_FILE, .checksum = file.checksum };
  else
    *out_found = FALSE;
  return TRUE;
}

gboolean
ul_objects_lookup_path (UlRepo *repo, const UlChecksum *root_tree, const UlChecksum *root_meta,
                        const char *path, gboolean *out_found, UlEntry *out_entry, GError **error)
{
  UlEntry at = { .kind = UL_ENTRY_DIR, .checksum = *root_tree, .meta = *root_meta };
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  gboolean found = TRUE;
  for (char **part = parts; found && *part != NULL; part++)
    if (**part != '\0' && !g_str_equal (*part, ".")
        && !ul_objects_lookup_name (repo, &at, *part, &found, &at, error))
      return FALSE;
  *out_found = found;
  if (found)
    *out_entry = at;
  return TRUE;
}
