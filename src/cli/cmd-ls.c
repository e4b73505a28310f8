// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/commit-path.h"
#include "core/dirtree.h"
#include "cli/open.h"
#include "cli/print.h"
#include "util/error.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct
{
  gboolean dironly;
  gboolean recursive;
  gboolean checksum;
  gboolean xattrs;
  gboolean nul_filenames_only;
} Options;

typedef struct
{
  UlRepo *repo;
  const Options *options;
  JsonBuilder *json; /* NULL: text */
  UlHasher *hasher;
  UlJsonList list;
} Lister;

/* An entry with all that may be shown of it. */
typedef struct
{
  const char *path;
  char type;
  UlFileMeta meta;
  guint64 size;
  const UlChecksum *checksum; /* of the file or dirtree */
  const UlChecksum *dirmeta;  /* NULL for a file */
} Shown;

static void
print_text (const Options *options, const Shown *shown)
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  printf ("%c%05o %u %u %6" G_GUINT64_FORMAT " ", shown->type, shown->meta.mode & ~(guint32) S_IFMT,
          shown->meta.uid, shown->meta.gid, shown->size);
  if (options->checksum)
    {
      ul_checksum_to_hex (shown->checksum, hex);
      printf ("%s ", hex);
      if (shown->dirmeta != NULL)
        {
          ul_checksum_to_hex (shown->dirmeta, hex);
          printf ("%s ", hex);
        }
    }
  if (options->xattrs)
    {
      g_autofree char *xattrs = g_variant_print (shown->meta.xattrs, TRUE);
      printf ("{ %s } ", xattrs);
    }
  fputs (shown->path, stdout);
  if (shown->meta.symlink_target != NULL)
    printf (" -> %s", shown->meta.symlink_target);
  putchar ('\n');
}

static void
print_json (Lister *self, const Shown *shown)
{
  const char *type = shown->type == 'd' ? "directory" : shown->type == 'l' ? "symlink" : "file";
  json_builder_begin_object (self->json);
  ul_json_add_string (self->json, "path", shown->path);
  ul_json_add_string (self->json, "type", type);
  ul_json_add_mode (self->json, "mode", shown->meta.mode);
  ul_json_add_int (self->json, "uid", shown->meta.uid);
  ul_json_add_int (self->json, "gid", shown->meta.gid);
  ul_json_add_int (self->json, "size", (gint64) shown->size);
  ul_json_add_string (self->json, "target", shown->meta.symlink_target);
  ul_json_add_checksum (self->json, "checksum", shown->checksum);
  ul_json_add_checksum (self->json, "dirmeta", shown->dirmeta);
  ul_json_add_xattrs (self->json, "xattrs", shown->meta.xattrs);
  json_builder_end_object (self->json);
  ul_json_list_add (&self->list, self->json);
}

static void
print_shown (Lister *self, const Shown *shown)
{
  if (self->json != NULL)
    print_json (self, shown);
  else
    print_text (self->options, shown);
}

static gboolean
print_name_only (const char *path)
{
  fwrite (path, 1, strlen (path) + 1, stdout);
  return TRUE;
}

static gboolean
show_file (Lister *self, const char *path, const UlChecksum *checksum, GError **error)
{
  if (self->options->nul_filenames_only)
    return print_name_only (path);

  g_auto (UlFileMeta) meta = { 0 };
  Shown shown = { .path = path, .checksum = checksum };
  if (!ul_objects_load_file_meta (self->repo, checksum, &meta, &shown.size, error))
    return FALSE;
  shown.meta = meta;
  shown.type = meta.symlink_target != NULL ? 'l' : '-';
  print_shown (self, &shown);
  return TRUE;
}

static gboolean
show_dir (Lister *self, const char *path, const UlChecksum *tree, const UlChecksum *dirmeta,
          GError **error)
{
  if (self->options->nul_filenames_only)
    return print_name_only (path);

  g_autoptr (GVariant) variant = NULL, xattrs = NULL;
  if (!ul_objects_load (self->repo, UL_OBJECT_DIRMETA, dirmeta, &variant, error))
    return FALSE;
  Shown shown = { .path = path, .type = 'd', .checksum = tree, .dirmeta = dirmeta };
  ul_dirmeta_get (variant, &shown.meta.uid, &shown.meta.gid, &shown.meta.mode, &xattrs);
  shown.meta.xattrs = xattrs;
  print_shown (self, &shown);
  return TRUE;
}

/* A directory being listed. A stack of these, not the C stack: how deep a tree is comes from disk.
 */
typedef struct
{
  UlDirtreeView view;
  gsize next_dir;
  gsize path_len;
} Level;

static void
level_clear (gpointer level)
{
  ul_dirtree_view_clear (&((Level *) level)->view);
}

static gboolean
enter_dir (Lister *self, GArray *levels, const GString *path, const UlChecksum *tree,
           GError **error)
{
  g_autoptr (GVariant) dirtree = NULL;
  if (!ul_objects_load_verified (self->repo, UL_OBJECT_DIRTREE, tree, self->hasher, &dirtree,
                                 error))
    return FALSE;
  Level level = { .path_len = path->len };
  ul_dirtree_view_init (&level.view, dirtree);
  g_array_append_val (levels, level);
  return TRUE;
}

static void
enter_name (GString *path, gsize parent_len, const char *name)
{
  g_string_truncate (path, parent_len);
  g_string_append_printf (path, "%s%s", parent_len > 1 ? "/" : "", name);
}

static gboolean
list_files (Lister *self, const Level *level, GString *path, GError **error)
{
  for (gsize i = 0; i < level->view.n_files; i++)
    {
      UlDirtreeFile file;
      ul_dirtree_view_file (&level->view, i, &file);
      enter_name (path, level->path_len, file.name);
      if (!show_file (self, path->str, &file.checksum, error))
        return FALSE;
    }
  return TRUE;
}

/* What is in directory @path: files first, then directories, as ostree prints them. */
static gboolean
list_dir (Lister *self, GString *path, const UlChecksum *tree, GError **error)
{
  g_autoptr (GArray) levels = g_array_new (FALSE, FALSE, sizeof (Level));
  g_array_set_clear_func (levels, level_clear);
  if (!enter_dir (self, levels, path, tree, error))
    return FALSE;
  while (levels->len > 0)
    {
      Level *level = &g_array_index (levels, Level, levels->len - 1);
      if (level->next_dir == 0 && !list_files (self, level, path, error))
        return FALSE;
      if (level->next_dir == level->view.n_dirs)
        {
          g_array_set_size (levels, levels->len - 1);
          continue;
        }
      UlDirtreeDir dir;
      ul_dirtree_view_dir (&level->view, level->next_dir++, &dir);
      enter_name (path, level->path_len, dir.name);
      if (!show_dir (self, path->str, &dir.tree, &dir.meta, error))
        return FALSE;
      if (self->options->recursive && !enter_dir (self, levels, path, &dir.tree, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
find_path (UlRepo *repo, const UlCommit *commit, const char *given, char **out_path,
           UlEntry *out_entry, GError **error)
{
  g_autofree char *path = ul_commit_path_normalize (given);
  if (!ul_commit_path_lookup (repo, commit, path, out_entry, error))
    return ul_prefix (error, "Inspecting path '%s'", given);
  *out_path = g_steal_pointer (&path);
  return TRUE;
}

static gboolean
list_path (Lister *self, const UlCommit *commit, const char *given, GError **error)
{
  g_autofree char *path = NULL;
  UlEntry entry;
  if (!find_path (self->repo, commit, given, &path, &entry, error))
    return FALSE;
  if (entry.kind == UL_ENTRY_FILE)
    return show_file (self, path, &entry.checksum, error);

  if (!show_dir (self, path, &entry.checksum, &entry.meta, error))
    return FALSE;
  if (self->options->dironly && !self->options->recursive)
    return TRUE;
  g_autoptr (GString) buffer = g_string_new (path);
  return list_dir (self, buffer, &entry.checksum, error);
}

/* A JSON document that breaks off is no document: what can be known to be missing is said before.
 */
static gboolean
check_paths (UlRepo *repo, const UlCommit *commit, char **paths, GError **error)
{
  for (char **given = paths; *given != NULL; given++)
    {
      g_autofree char *path = NULL;
      UlEntry entry;
      if (!find_path (repo, commit, *given, &path, &entry, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (inv->argc < 1)
    return ul_throw (error, UL_ERROR_INVALID, "An COMMIT argument is required");
  if (options->nul_filenames_only && inv->json)
    return ul_throw (error, UL_ERROR_INVALID, "--nul-filenames-only and --json exclude each other");

  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  g_auto (UlCommit) commit = { 0 };
  if (repo == NULL || !ul_commit_path_load (repo, inv->argv[0], &commit, error))
    return FALSE;

  g_autoptr (JsonBuilder) json = inv->json ? json_builder_new () : NULL;
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  Lister self = { .repo = repo, .options = options, .json = json, .hasher = hasher };
  if (json != NULL && !check_paths (repo, &commit, inv->argv + 1, error))
    return FALSE;
  if (json != NULL)
    ul_json_list_begin (&self.list);
  if (inv->argc == 1 && !list_path (&self, &commit, "/", error))
    return FALSE;
  for (char **path = inv->argv + 1; *path != NULL; path++)
    if (!list_path (&self, &commit, *path, error))
      return FALSE;
  if (json != NULL)
    ul_json_list_end (&self.list);
  return TRUE;
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("Which entries"),
  { "recursive", 'R', UL_OPTION_FLAG, offsetof (Options, recursive), NULL,
    "Print directories recursively" },
  { "dironly", 'd', UL_OPTION_FLAG, offsetof (Options, dironly), NULL,
    "Do not recurse into directory arguments" },
  UL_OPTIONS_HEADING ("What of them"),
  { "checksum", 'C', UL_OPTION_FLAG, offsetof (Options, checksum), NULL, "Print checksum" },
  { "xattrs", 'X', UL_OPTION_FLAG, offsetof (Options, xattrs), NULL, "Print extended attributes" },
  { "nul-filenames-only", 0, UL_OPTION_FLAG, offsetof (Options, nul_filenames_only), NULL,
    "Print only filenames, NUL separated" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_ls = {
  .name = "ls",
  .args = "COMMIT [PATH...]",
  .summary = "List file paths",
  .completes = "@rev @path",
  .uses = UL_USES_REPO | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
