// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commit-path.h"

#include "repo/refs.h"
#include "util/error.h"

#include <string.h>

/* As the kernel has it (ELOOP). */
#define MAX_SYMLINKS 40

gboolean
ul_commit_path_load (UlRepo *repo, const char *rev, UlCommit *out_commit, GError **error)
{
  UlChecksum checksum;
  g_autoptr (GVariant) variant = NULL;
  return ul_refs_resolve (repo, rev, NULL, &checksum, error)
         && ul_objects_load (repo, UL_OBJECT_COMMIT, &checksum, &variant, error)
         && ul_commit_parse (variant, out_commit, error);
}

char *
ul_commit_path_normalize (const char *path)
{
  GString *out = g_string_new (NULL);
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  for (char **part = parts; *part != NULL; part++)
    if (**part != '\0' && strcmp (*part, ".") != 0)
      g_string_append_printf (out, "/%s", *part);
  if (out->len == 0)
    g_string_append_c (out, '/');
  return g_string_free (out, FALSE);
}

/* Why nothing is at @path: the first of its leading paths that is missing or no directory. */
static gboolean
explain_missing (UlRepo *repo, const UlCommit *commit, const char *path, GError **error)
{
  for (const char *end = path; *end != '\0';)
    {
      end = strchrnul (end + 1, '/');
      g_autofree char *part = g_strndup (path, (gsize) (end - path));
      gboolean found;
      UlEntry entry;
      if (!ul_objects_lookup_path (repo, &commit->tree, &commit->meta, part, &found, &entry, error))
        return FALSE;
      if (!found)
        return ul_throw (error, UL_ERROR_NOT_FOUND, "No such file or directory: %s", part);
      if (entry.kind == UL_ENTRY_FILE && *end != '\0')
        return ul_throw (error, UL_ERROR_NOT_FOUND, "Not a directory: %s", part);
    }
  return ul_throw (error, UL_ERROR_NOT_FOUND, "No such file or directory: %s", path);
}

gboolean
ul_commit_path_lookup (UlRepo *repo, const UlCommit *commit, const char *path, UlEntry *out_entry,
                       GError **error)
{
  gboolean found;
  if (!ul_objects_lookup_path (repo, &commit->tree, &commit->meta, path, &found, out_entry, error))
    return FALSE;
  return found || explain_missing (repo, commit, path, error);
}

/* Walk @rest from the root with symlinks expanded on the way, as the kernel would with the commit
 * as the root directory: `..` of the root is the root. */
typedef struct
{
  UlRepo *repo;
  const UlCommit *commit;
  GPtrArray *done; /* components that are resolved */
  GQueue rest;     /* components to come, owned */
  guint symlinks;
} Walk;

static void
walk_clear (Walk *walk)
{
  g_ptr_array_unref (walk->done);
  g_queue_clear_full (&walk->rest, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Walk, walk_clear)

static void
push_components (Walk *walk, const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  for (guint i = g_strv_length (parts); i > 0; i--)
    if (*parts[i - 1] != '\0' && strcmp (parts[i - 1], ".") != 0)
      g_queue_push_head (&walk->rest, g_strdup (parts[i - 1]));
}

static char *
path_so_far (Walk *walk)
{
  GString *path = g_string_new (NULL);
  for (guint i = 0; i < walk->done->len; i++)
    g_string_append_printf (path, "/%s", (const char *) walk->done->pdata[i]);
  if (path->len == 0)
    g_string_append_c (path, '/');
  return g_string_free (path, FALSE);
}

static gboolean
follow (Walk *walk, const char *path, const char *target, GError **error)
{
  if (++walk->symlinks > MAX_SYMLINKS)
    return ul_throw (error, UL_ERROR_INVALID, "Too many levels of symbolic links: %s", path);
  if (target[0] == '/')
    g_ptr_array_set_size (walk->done, 0);
  else
    g_ptr_array_remove_index (walk->done, walk->done->len - 1);
  push_components (walk, target);
  return TRUE;
}

/* One component further; *out_content is set when it was the last and a file. */
static gboolean
step (Walk *walk, UlContent **out_content, GError **error)
{
  g_autofree char *name = g_queue_pop_head (&walk->rest);
  if (strcmp (name, "..") == 0)
    {
      if (walk->done->len > 0)
        g_ptr_array_remove_index (walk->done, walk->done->len - 1);
      return TRUE;
    }

  g_ptr_array_add (walk->done, g_steal_pointer (&name));
  g_autofree char *path = path_so_far (walk);
  UlEntry entry;
  if (!ul_commit_path_lookup (walk->repo, walk->commit, path, &entry, error))
    return FALSE;
  if (entry.kind == UL_ENTRY_DIR)
    return TRUE;

  g_autoptr (UlContent) content = NULL;
  if (!ul_objects_open_file (walk->repo, &entry.checksum, &content, error))
    return FALSE;
  const char *target = ul_content_meta (content)->symlink_target;
  if (target != NULL)
    return follow (walk, path, target, error);
  if (!g_queue_is_empty (&walk->rest))
    return ul_throw (error, UL_ERROR_NOT_FOUND, "Not a directory: %s", path);
  *out_content = g_steal_pointer (&content);
  return TRUE;
}

gboolean
ul_commit_path_open_file (UlRepo *repo, const UlCommit *commit, const char *path,
                          UlContent **out_content, GError **error)
{
  g_auto (Walk) walk = { .repo = repo, .commit = commit };
  walk.done = g_ptr_array_new_with_free_func (g_free);
  g_queue_init (&walk.rest);
  push_components (&walk, path);

  g_autoptr (UlContent) content = NULL;
  while (!g_queue_is_empty (&walk.rest))
    if (!step (&walk, &content, error))
      return FALSE;
  if (content == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "Is a directory: %s", path);
  *out_content = g_steal_pointer (&content);
  return TRUE;
}
