// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/diff-side.h"
#include "cli/open.h"
#include "cli/print.h"
#include "core/whiteout.h"
#include "repo/traverse.h"
#include "util/error.h"

#include <stdio.h>
#include <sys/stat.h>

typedef struct
{
  gboolean stats;
  gboolean fs_diff;
  UlModifier modifier; /* of directories */
} Options;

static gboolean
parse_id (const char *option, const char *value, guint32 *out, GError **error)
{
  guint64 id;
  if (!g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT32 - 1, &id, NULL))
    return ul_throw (error, UL_ERROR_INVALID,
                     "Cannot parse integer value \xe2\x80\x9c%s\xe2\x80\x9d for %s", value, option);
  *out = (guint32) id;
  return TRUE;
}

static gboolean
parse_uid (const char *value, gpointer data, GError **error)
{
  UlModifier *modifier = &((Options *) data)->modifier;
  modifier->set_uid = TRUE;
  return parse_id ("--owner-uid", value, &modifier->owner_uid, error);
}

static gboolean
parse_gid (const char *value, gpointer data, GError **error)
{
  UlModifier *modifier = &((Options *) data)->modifier;
  modifier->set_gid = TRUE;
  return parse_id ("--owner-gid", value, &modifier->owner_gid, error);
}

typedef struct
{
  const UlDiffSide *a;
  const UlDiffSide *b;
  GPtrArray *lists[3]; /* by kind: paths as they are printed */
  JsonBuilder *json;
  UlJsonList list;
} Printer;

/* As ostree prints them: from the root of a commit, relative to a directory. */
static void
note (Printer *self, const UlTreeDiffEntry *entry)
{
  const UlDiffSide *side = entry->kind == UL_TREE_ADDED ? self->b : self->a;
  g_ptr_array_add (self->lists[entry->kind], g_strdup (entry->path + (side->fd >= 0 ? 1 : 0)));
}

static gboolean
print_text_entry (const UlTreeDiffEntry *entry, gboolean *descend, gpointer data,
                  G_GNUC_UNUSED GError **error)
{
  *descend = entry->kind == UL_TREE_ADDED;
  /* ostree takes no notice of the root's own metadata. */
  if (*entry->name != '\0')
    note (data, entry);
  return TRUE;
}

static gboolean
print_text (Printer *self, GError **error)
{
  static const UlTreeDiffKind order[] = { UL_TREE_CHANGED, UL_TREE_REMOVED, UL_TREE_ADDED };
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    self->lists[i] = g_ptr_array_new_with_free_func (g_free);
  const gboolean ok
      = ul_tree_diff (&self->a->root, &self->b->root, 0, print_text_entry, self, error);
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      const GPtrArray *paths = self->lists[order[i]];
      for (guint n = 0; ok && n < paths->len; n++)
        printf ("%c    %s\n", "MDA"[i], (const char *) paths -> pdata[n]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    g_ptr_array_unref (self->lists[i]);
  return ok;
}

static const char *
type_name (guint32 mode)
{
  switch (mode & S_IFMT)
    {
    case S_IFDIR:
      return "directory";
    case S_IFLNK:
      return "symlink";
    case S_IFREG:
      return "file";
    default:
      return "special";
    }
}

static void
add_side (JsonBuilder *json, const char *name, const UlEntry *entry, const UlDiffMeta *meta)
{
  json_builder_set_member_name (json, name);
  if (entry == NULL)
    {
      json_builder_add_null_value (json);
      return;
    }
  json_builder_begin_object (json);
  ul_json_add_string (json, "type", type_name (meta->meta.mode));
  ul_json_add_mode (json, "mode", meta->meta.mode);
  ul_json_add_int (json, "uid", meta->meta.uid);
  ul_json_add_int (json, "gid", meta->meta.gid);
  ul_json_add_int (json, "size", (gint64) meta->size);
  ul_json_add_string (json, "target", meta->meta.symlink_target);
  ul_json_add_checksum (json, "checksum", &entry->checksum);
  ul_json_add_xattrs (json, "xattrs", meta->meta.xattrs);
  json_builder_end_object (json);
}

/* Two entries of the same type: is it the content that differs? */
static gboolean
content_differs (const Printer *self, const UlTreeDiffEntry *entry, const UlDiffMeta *a,
                 const UlDiffMeta *b, gboolean *out_differs, GError **error)
{
  gboolean same = TRUE;
  if (S_ISREG (a->meta.mode) && a->size == b->size && a->size > 0
      && !ul_diff_side_same_content (self->a, entry->a, self->b, entry->b, entry->path, &same,
                                     error))
    return FALSE;
  *out_differs = !same || a->size != b->size
                 || g_strcmp0 (a->meta.symlink_target, b->meta.symlink_target) != 0;
  return TRUE;
}

static gboolean
add_what (const Printer *self, const UlTreeDiffEntry *entry, const UlDiffMeta *a,
          const UlDiffMeta *b, GError **error)
{
  JsonBuilder *json = self->json;
  const gboolean same_type = (a->meta.mode & S_IFMT) == (b->meta.mode & S_IFMT);
  gboolean content = FALSE;
  if (same_type && !content_differs (self, entry, a, b, &content, error))
    return FALSE;
  json_builder_set_member_name (json, "what");
  json_builder_begin_array (json);
  if (!same_type)
    json_builder_add_string_value (json, "type");
  if (content)
    json_builder_add_string_value (json, "content");
  if ((a->meta.mode & 07777) != (b->meta.mode & 07777))
    json_builder_add_string_value (json, "mode");
  if (a->meta.uid != b->meta.uid || a->meta.gid != b->meta.gid)
    json_builder_add_string_value (json, "owner");
  if (!g_variant_equal (a->meta.xattrs, b->meta.xattrs))
    json_builder_add_string_value (json, "xattrs");
  json_builder_end_array (json);
  return TRUE;
}

/* The name that a whiteout on either side deletes, or NULL. */
static const char *
deleted_name (const UlTreeDiffEntry *entry, const UlDiffMeta *a, const UlDiffMeta *b)
{
  const UlDiffMeta *meta = entry->b != NULL ? b : a;
  UlWhiteoutKind kind;
  const char *deleted;
  const gboolean empty_regular = S_ISREG (meta->meta.mode) && meta->size == 0;
  if (!ul_whiteout_decode (UL_WHITEOUT_COMMIT, entry->name, empty_regular, &kind, &deleted, NULL))
    return NULL;
  return deleted;
}

static gboolean
print_json_entry (const UlTreeDiffEntry *entry, gboolean *descend, gpointer data, GError **error)
{
  static const char *const changes[] = {
    [UL_TREE_ADDED] = "added",
    [UL_TREE_REMOVED] = "removed",
    [UL_TREE_CHANGED] = "modified",
  };
  Printer *self = data;
  g_auto (UlDiffMeta) a = { 0 };
  g_auto (UlDiffMeta) b = { 0 };
  if ((entry->a != NULL && !ul_diff_side_load (self->a, entry->path, entry->a, &a, error))
      || (entry->b != NULL && !ul_diff_side_load (self->b, entry->path, entry->b, &b, error)))
    return FALSE;
  *descend = TRUE;
  json_builder_begin_object (self->json);
  ul_json_add_string (self->json, "path", entry->path);
  ul_json_add_string (self->json, "change", changes[entry->kind]);
  if (entry->kind == UL_TREE_CHANGED)
    {
      if (!add_what (self, entry, &a, &b, error))
        return FALSE;
    }
  else
    ul_json_add_string (self->json, "what", NULL);
  ul_json_add_string (self->json, "whiteout", deleted_name (entry, &a, &b));
  add_side (self->json, "old", entry->a, &a);
  add_side (self->json, "new", entry->b, &b);
  json_builder_end_object (self->json);
  ul_json_list_add (&self->list, self->json);
  return TRUE;
}

static gboolean
print_json (Printer *self, GError **error)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  self->json = json;
  ul_json_list_begin (&self->list);
  if (!ul_tree_diff (&self->a->root, &self->b->root, 0, print_json_entry, self, error))
    return FALSE;
  ul_json_list_end (&self->list);
  return TRUE;
}

/* Objects that a commit reaches, as ul_object_to_string () has them. */
typedef struct
{
  UlRepo *repo;
  GHashTable *others; /* NULL: none to compare with */
  GHashTable *objects;
  guint64 common;
  guint64 common_size;
} Count;

static gboolean
count (UlObjectType type, const UlChecksum *checksum, G_GNUC_UNUSED GVariant *variant,
       gpointer data, GError **error)
{
  Count *self = data;
  g_autofree char *name = ul_object_to_string (checksum, type);
  if (self->others != NULL && g_hash_table_contains (self->others, name))
    {
      guint64 size;
      if (!ul_objects_stored_size (self->repo, type, checksum, &size, error))
        return FALSE;
      self->common++;
      self->common_size += size;
    }
  g_hash_table_add (self->objects, g_steal_pointer (&name));
  return TRUE;
}

static gboolean
refuse_broken (G_GNUC_UNUSED UlObjectType type, G_GNUC_UNUSED const UlChecksum *checksum,
               GError *cause, G_GNUC_UNUSED gpointer data, GError **error)
{
  g_propagate_error (error, cause);
  return FALSE;
}

static gboolean
count_side (Count *self, const UlDiffSide *side, GError **error)
{
  const UlTraversalFuncs funcs = { .visit = count, .broken = refuse_broken, .data = self };
  g_autoptr (UlTraversal) traversal = ul_traversal_new (self->repo, &funcs);
  return count (UL_OBJECT_COMMIT, &side->commit, NULL, self, error)
         && ul_traversal_walk (traversal, &side->root.tree, &side->root.meta, error);
}

static void
print_stats (const UlInvocation *inv, guint n_a, guint n_b, const Count *count)
{
  if (!inv->json)
    {
      g_autofree char *size = g_format_size (count->common_size);
      printf ("[A] Object Count: %u\n[B] Object Count: %u\nCommon Object Count: %" G_GUINT64_FORMAT
              "\nCommon Object Size: %s\n",
              n_a, n_b, count->common, size);
      return;
    }
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  ul_json_add_int (json, "a_objects", n_a);
  ul_json_add_int (json, "b_objects", n_b);
  ul_json_add_int (json, "common_objects", (gint64) count->common);
  ul_json_add_int (json, "common_bytes", (gint64) count->common_size);
  json_builder_end_object (json);
  ul_print_json (json);
}

static gboolean
stats (const UlInvocation *inv, const UlDiffSide *a, const UlDiffSide *b, GError **error)
{
  if (a->fd >= 0 || b->fd >= 0)
    return ul_throw (error, UL_ERROR_INVALID, "--stats compares two commits, not directories");
  g_autoptr (GHashTable) of_a = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) of_b = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Count count_a = { .repo = a->root.repo, .objects = of_a };
  Count count_b = { .repo = a->root.repo, .objects = of_b, .others = of_a };
  if (!count_side (&count_a, a, error) || !count_side (&count_b, b, error))
    return FALSE;
  print_stats (inv, g_hash_table_size (of_a), g_hash_table_size (of_b), &count_b);
  return TRUE;
}

static gboolean
diff (const UlInvocation *inv, const Options *o, UlRepo *repo, const char *arg_a, const char *arg_b,
      GError **error)
{
  g_auto (UlDiffSide) a = UL_DIFF_SIDE_INIT;
  g_auto (UlDiffSide) b = UL_DIFF_SIDE_INIT;
  if (!ul_diff_side_open (&a, repo, arg_a, &o->modifier, inv, error)
      || !ul_diff_side_open (&b, repo, arg_b, &o->modifier, inv, error))
    return FALSE;
  Printer printer = { .a = &a, .b = &b };
  if ((o->fs_diff || !o->stats)
      && !(inv->json ? print_json (&printer, error) : print_text (&printer, error)))
    return FALSE;
  return !o->stats || stats (inv, &a, &b, error);
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *o = data;
  if (inv->argc < 1)
    return ul_throw (error, UL_ERROR_INVALID, "REV must be specified");
  if (inv->argc > 2)
    return ul_throw (error, UL_ERROR_INVALID, "Unexpected argument '%s'", inv->argv[2]);
  if (inv->json && o->stats && o->fs_diff)
    return ul_throw (error, UL_ERROR_INVALID, "Cannot specify --stats and --fs-diff with --json");
  const char *first = inv->argv[0];
  if (inv->argc == 1 && ul_diff_side_is_dir (first))
    return ul_throw (error, UL_ERROR_INVALID, "A directory has no parent to compare with: %s",
                     first);
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL)
    return FALSE;
  if (inv->argc == 2)
    return diff (inv, o, repo, first, inv->argv[1], error);
  g_autofree char *parent = g_strconcat (first, "^", NULL);
  return diff (inv, o, repo, parent, first, error);
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("What is shown"),
  { "fs-diff", 0, UL_OPTION_FLAG, offsetof (Options, fs_diff), NULL,
    "Print what differs (default without --stats)" },
  { "stats", 0, UL_OPTION_FLAG, offsetof (Options, stats), NULL,
    "Print how many objects two commits have in common" },

  UL_OPTIONS_HEADING ("How directories are read"),
  { "no-xattrs", 0, UL_OPTION_FLAG, offsetof (Options, modifier.no_xattrs), NULL,
    "As if files had no extended attributes" },
  { "owner-uid", 0, UL_OPTION_CALLBACK, 0, "UID", "As if files belonged to UID", NULL, parse_uid },
  { "owner-gid", 0, UL_OPTION_CALLBACK, 0, "GID", "As if files belonged to group GID", NULL,
    parse_gid },
  { "retarget-whiteouts", 0, UL_OPTION_FLAG, offsetof (Options, modifier.retarget_whiteouts), NULL,
    "As if devices 0:0 were the markers that a commit has" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_diff = {
  .name = "diff",
  .args = "REV_OR_DIR [REV_OR_DIR]",
  .summary = "Compare commits and directories",
  .details = "What begins with / or ./ is a directory, all else a revision. With one revision, it "
             "is compared with its parent.",
  .completes = "@rev @rev",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_QUIET | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
