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
  return ul_refs_resolve (repo, rev, NULL, &checksum, error)
         && ul_objects_load_commit (repo, &checksum, out_commit, error);
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

static UlEntry
root_of (const UlCommit *commit)
{
  return (UlEntry){ .kind = UL_ENTRY_DIR, .checksum = commit->tree, .meta = commit->meta };
}

gboolean
ul_commit_path_lookup (UlRepo *repo, const UlCommit *commit, const char *path, UlEntry *out_entry,
                       GError **error)
{
  UlEntry at = root_of (commit);
  g_auto (GStrv) parts = g_strsplit (path + 1, "/", -1);
  gsize len = 0; /* of @path as far as it is looked up */
  for (char **part = parts; *part != NULL && **part != '\0'; part++)
    {
      if (at.kind == UL_ENTRY_FILE)
        return ul_throw (error, UL_ERROR_NOT_FOUND, "Not a directory: %.*s", (int) len, path);
      gboolean found;
      if (!ul_objects_lookup_name (repo, &at, *part, &found, &at, error))
        return FALSE;
      len += 1 + strlen (*part);
      if (!found)
        return ul_throw (error, UL_ERROR_NOT_FOUND, "No such file or directory: %.*s", (int) len,
                         path);
    }
  *out_entry = at;
  return TRUE;
}

/* A directory on the way, and the length of its path. */
typedef struct
{
  UlEntry entry;
  gsize path_len;
} Dir;

/* Go down from the root with symlinks expanded on the way, as the kernel would with the commit as
 * the root directory: `..` of the root is the root. */
typedef struct
{
  UlRepo *repo;
  GArray *dirs;  /* from the root to where we are */
  GString *path; /* of what was looked up last */
  GQueue rest;   /* components to come, owned */
  guint symlinks;
} Walk;

static void
walk_init (Walk *walk, UlRepo *repo, const UlCommit *commit)
{
  const Dir root = { .entry = root_of (commit) };
  walk->repo = repo;
  walk->dirs = g_array_new (FALSE, FALSE, sizeof (Dir));
  g_array_append_val (walk->dirs, root);
  walk->path = g_string_new (NULL);
  g_queue_init (&walk->rest);
}

static void
walk_clear (Walk *walk)
{
  g_array_unref (walk->dirs);
  g_string_free (walk->path, TRUE);
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

static gboolean
follow (Walk *walk, const char *target, GError **error)
{
  if (++walk->symlinks > MAX_SYMLINKS)
    return ul_throw (error, UL_ERROR_INVALID, "Too many levels of symbolic links: %s",
                     walk->path->str);
  if (target[0] == '/')
    g_array_set_size (walk->dirs, 1);
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
      if (walk->dirs->len > 1)
        g_array_set_size (walk->dirs, walk->dirs->len - 1);
      return TRUE;
    }

  const Dir *dir = &g_array_index (walk->dirs, Dir, walk->dirs->len - 1);
  g_string_truncate (walk->path, dir->path_len);
  g_string_append_printf (walk->path, "/%s", name);
  gboolean found;
  Dir next = { .path_len = walk->path->len };
  if (!ul_objects_lookup_name (walk->repo, &dir->entry, name, &found, &next.entry, error))
    return FALSE;
  if (!found)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "No such file or directory: %s", walk->path->str);
  if (next.entry.kind == UL_ENTRY_DIR)
    {
      g_array_append_val (walk->dirs, next);
      return TRUE;
    }

  g_autoptr (UlContent) content = NULL;
  if (!ul_objects_open_file (walk->repo, &next.entry.checksum, &content, error))
    return FALSE;
  const char *target = ul_content_meta (content)->symlink_target;
  if (target != NULL)
    return follow (walk, target, error);
  if (!g_queue_is_empty (&walk->rest))
    return ul_throw (error, UL_ERROR_NOT_FOUND, "Not a directory: %s", walk->path->str);
  *out_content = g_steal_pointer (&content);
  return TRUE;
}

gboolean
ul_commit_path_open_file (UlRepo *repo, const UlCommit *commit, const char *path,
                          UlContent **out_content, GError **error)
{
  g_auto (Walk) walk = { 0 };
  walk_init (&walk, repo, commit);
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
