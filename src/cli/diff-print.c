// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/diff-print.h"

#include "cli/print.h"
#include "core/whiteout.h"

#include <stdio.h>
#include <sys/stat.h>

typedef struct
{
  const UlDiffSide *a;
  const UlDiffSide *b;
  GPtrArray *lists[3]; /* by kind: paths as they are printed */
  UlDiffStyle style;
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
  Printer *self = data;
  const gboolean all = self->style == UL_DIFF_ALL;
  const gboolean is_new_dir = entry->b != NULL && entry->b->kind == UL_ENTRY_DIR
                              && (entry->a == NULL || entry->a->kind != UL_ENTRY_DIR);
  *descend = entry->kind == UL_TREE_ADDED || (all && is_new_dir);
  if (*entry->name != '\0' || all)
    note (self, entry);
  return TRUE;
}

gboolean
ul_diff_print_text (const UlDiffSide *a, const UlDiffSide *b, UlDiffStyle style, const char *title,
                    GError **error)
{
  static const UlTreeDiffKind order[] = { UL_TREE_CHANGED, UL_TREE_REMOVED, UL_TREE_ADDED };
  Printer self = { .a = a, .b = b, .style = style };
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    self.lists[i] = g_ptr_array_new_with_free_func (g_free);
  const gboolean ok = ul_tree_diff (&a->root, &b->root, 0, print_text_entry, &self, error);
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      const GPtrArray *paths = self.lists[order[i]];
      for (guint n = 0; ok && n < paths->len; n++)
        {
          printf ("%s%c    %s\n", title, "MDA"[i], (const char *) paths -> pdata[n]);
          title = "";
        }
    }
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    g_ptr_array_unref (self.lists[i]);
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

gboolean
ul_diff_print_json (const UlDiffSide *a, const UlDiffSide *b, GError **error)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  Printer self = { .a = a, .b = b, .json = json };
  ul_json_list_begin (&self.list);
  if (!ul_tree_diff (&a->root, &b->root, 0, print_json_entry, &self, error))
    return FALSE;
  ul_json_list_end (&self.list);
  return TRUE;
}

typedef struct
{
  const UlDiffSide *a;
  const UlDiffSide *b;
  UlDiffCount *count;
} Counting;

static gboolean
count_entry (const UlTreeDiffEntry *entry, gboolean *descend, gpointer data, GError **error)
{
  Counting *self = data;
  g_auto (UlDiffMeta) a = { 0 };
  g_auto (UlDiffMeta) b = { 0 };
  *descend = TRUE;
  if ((entry->a != NULL && !ul_diff_side_load (self->a, entry->path, entry->a, &a, error))
      || (entry->b != NULL && !ul_diff_side_load (self->b, entry->path, entry->b, &b, error)))
    return FALSE;
  UlDiffCount *count = &self->count[entry->kind];
  count->entries++;
  count->old_bytes += a.size;
  count->new_bytes += b.size;
  return TRUE;
}

gboolean
ul_diff_count (const UlDiffSide *a, const UlDiffSide *b, UlDiffCount counts[UL_DIFF_KINDS],
               GError **error)
{
  Counting self = { .a = a, .b = b, .count = counts };
  for (guint i = 0; i < UL_DIFF_KINDS; i++)
    counts[i] = (UlDiffCount){ 0 };
  return ul_tree_diff (&a->root, &b->root, 0, count_entry, &self, error);
}
