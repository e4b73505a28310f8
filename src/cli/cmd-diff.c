// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/diff-print.h"
#include "cli/open.h"
#include "cli/print.h"
#include "repo/traverse.h"
#include "util/error.h"

#include <stdio.h>

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
  if ((o->fs_diff || !o->stats)
      && !(inv->json ? ul_diff_print_json (&a, &b, error)
                     : ul_diff_print_text (&a, &b, UL_DIFF_LIKE_OSTREE, "", error)))
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
