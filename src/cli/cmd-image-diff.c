// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/diff-print.h"
#include "cli/image-diff.h"
#include "cli/image-options.h"
#include "cli/image-print.h"
#include "cli/open.h"
#include "core/oci-config-diff.h"
#include "image/merged.h"
#include "util/error.h"

#include <stdio.h>

typedef struct
{
  gboolean layers;
  gboolean config;
  gboolean files;
  gboolean stat;
} Options;

/* Two images, and what was asked about them: the rest is NULL. */
typedef struct
{
  UlImage *image[2];
  GArray *layers;
  GPtrArray *config;
  UlMerged *merged[2];
  UlDiffSide side[2];
} Comparison;

static void
comparison_clear (Comparison *self)
{
  g_clear_pointer (&self->layers, g_array_unref);
  g_clear_pointer (&self->config, g_ptr_array_unref);
  for (guint i = 0; i < 2; i++)
    {
      ul_diff_side_clear (&self->side[i]);
      ul_merged_free (self->merged[i]);
      ul_image_free (self->image[i]);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Comparison, comparison_clear)

static gboolean
merge (UlRepo *repo, Comparison *self, guint i, GError **error)
{
  const UlImage *image = self->image[i];
  g_autoptr (GArray) commits = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  for (guint j = 0; j < image->layers->len; j++)
    g_array_append_val (commits, ((const UlImageLayer *) image->layers->pdata[j])->commit);
  self->merged[i] = ul_merged_new (repo, commits, UL_MERGED_SHOWN, error);
  if (self->merged[i] == NULL)
    return ul_prefix (error, "image %s", image->name);
  self->side[i].root = ul_merged_side (self->merged[i]);
  return TRUE;
}

/* Layers need not be there for what the documents say. */
static gboolean
load (UlRepo *repo, const GPtrArray *names, const Options *o, Comparison *self, GError **error)
{
  for (guint i = 0; i < 2; i++)
    {
      const char *name = names->pdata[i];
      self->image[i] = o->layers || o->files ? ul_image_load (repo, name, error)
                                             : ul_image_load_documents (repo, name, error);
      if (self->image[i] == NULL || (o->files && !merge (repo, self, i, error)))
        return FALSE;
    }
  if (o->layers)
    self->layers = ul_image_diff_layers (self->image[0], self->image[1]);
  return !o->config
         || ul_oci_config_diff (self->image[0]->documents->config_bytes,
                                self->image[1]->documents->config_bytes, &self->config, error);
}

static gboolean
count_files (const Comparison *self, GError **error)
{
  UlDiffCount counts[UL_DIFF_KINDS];
  if (!ul_diff_count (&self->side[0], &self->side[1], counts, error))
    return FALSE;
  const UlDiffCount *changed = &counts[UL_TREE_CHANGED];
  const UlDiffCount *removed = &counts[UL_TREE_REMOVED];
  const UlDiffCount *added = &counts[UL_TREE_ADDED];
  g_autofree char *before = g_format_size (changed->old_bytes);
  g_autofree char *after = g_format_size (changed->new_bytes);
  g_autofree char *gone = g_format_size (removed->old_bytes);
  g_autofree char *more = g_format_size (added->new_bytes);
  printf ("%" G_GUINT64_FORMAT " modified (%s -> %s), %" G_GUINT64_FORMAT
          " removed (%s), %" G_GUINT64_FORMAT " added (%s)\n",
          changed->entries, before, after, removed->entries, gone, added->entries, more);
  return TRUE;
}

static gboolean
print_stat (const Options *o, const Comparison *self, GError **error)
{
  if (o->layers)
    {
      fputs ("Layers: ", stdout);
      ul_image_diff_count_layers (self->layers);
    }
  if (o->config)
    {
      fputs ("Config: ", stdout);
      ul_image_diff_count_config (self->config);
    }
  if (!o->files)
    return TRUE;
  fputs ("Files:  ", stdout);
  return count_files (self, error);
}

/* A part that stands alone needs no title, and one in which nothing differs isn't printed. */
static gboolean
print_text (const Options *o, const Comparison *self, GError **error)
{
  const gboolean titles = o->layers + o->config + o->files > 1;
  const char *between = "";
  if (o->layers)
    {
      fputs (titles ? "Layers:\n" : "", stdout);
      ul_image_diff_print_layers (self->layers);
      between = "\n";
    }
  if (o->config && self->config->len > 0)
    {
      if (titles)
        printf ("%sConfig:\n", between);
      ul_image_diff_print_config (self->config);
      between = "\n";
    }
  if (!o->files)
    return TRUE;
  g_autofree char *title = g_strconcat (between, "Files:\n", NULL);
  return ul_diff_print_text (&self->side[0], &self->side[1], UL_DIFF_ALL, titles ? title : "",
                             error);
}

static void
add_json_image (JsonBuilder *builder, const char *member, const UlImage *image)
{
  json_builder_set_member_name (builder, member);
  json_builder_begin_object (builder);
  ul_json_add_string (builder, "name", image->name);
  ul_json_add_digest (builder, "id", &image->documents->manifest->config.digest);
  ul_json_add_digest (builder, "manifest", &image->documents->manifest_digest);
  json_builder_end_object (builder);
}

static gboolean
add_json_stat (JsonBuilder *builder, const Comparison *self, GError **error)
{
  static const char *const names[] = { "added", "removed", "modified" };
  UlDiffCount counts[UL_DIFF_KINDS];
  if (!ul_diff_count (&self->side[0], &self->side[1], counts, error))
    return FALSE;
  json_builder_set_member_name (builder, "stat");
  json_builder_begin_object (builder);
  for (guint i = 0; i < UL_DIFF_KINDS; i++)
    {
      json_builder_set_member_name (builder, names[i]);
      json_builder_begin_object (builder);
      ul_json_add_int (builder, "entries", (gint64) counts[i].entries);
      ul_json_add_int (builder, "old_bytes", (gint64) counts[i].old_bytes);
      ul_json_add_int (builder, "new_bytes", (gint64) counts[i].new_bytes);
      json_builder_end_object (builder);
    }
  json_builder_end_object (builder);
  return TRUE;
}

static gboolean
print_json (const Options *o, const Comparison *self, GError **error)
{
  const gboolean list = o->files && !o->stat;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  add_json_image (builder, "a", self->image[0]);
  add_json_image (builder, "b", self->image[1]);
  ul_image_diff_json_layers (builder, self->layers);
  ul_image_diff_json_config (builder, self->config);
  if (!o->files || !o->stat)
    ul_json_add_string (builder, "stat", NULL);
  else if (!add_json_stat (builder, self, error))
    return FALSE;
  if (!list)
    ul_json_add_string (builder, "files", NULL);
  json_builder_end_object (builder);
  if (!list)
    {
      ul_print_json (builder);
      return TRUE;
    }
  ul_print_json_open (builder, "files");
  if (!ul_diff_print_json (&self->side[0], &self->side[1], error))
    return FALSE;
  ul_print_json_close ();
  return TRUE;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  Options o = *(const Options *) data;
  g_autoptr (GPtrArray) names = NULL;
  g_auto (Comparison) self = { .side = { UL_DIFF_SIDE_INIT, UL_DIFF_SIDE_INIT } };
  if (inv->argc != 2)
    return ul_throw (error, UL_ERROR_INVALID, "Exactly two names of images must be given");
  if (!o.layers && !o.config && !o.files)
    o.layers = o.config = o.files = TRUE;
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL || !ul_cli_image_names (repo, inv->argv, &names, error)
      || !load (repo, names, &o, &self, error))
    return FALSE;
  return inv->json ? print_json (&o, &self, error)
         : o.stat  ? print_stat (&o, &self, error)
                   : print_text (&o, &self, error);
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("What is compared (default: all)"),
  { "layers", 0, UL_OPTION_FLAG, offsetof (Options, layers), NULL, "The layers" },
  { "config", 0, UL_OPTION_FLAG, offsetof (Options, config), NULL,
    "The config: how the image is run, platform, labels" },
  { "files", 0, UL_OPTION_FLAG, offsetof (Options, files), NULL,
    "The files that a container sees" },

  UL_OPTIONS_HEADING ("What is printed"),
  { "stat", 0, UL_OPTION_FLAG, offsetof (Options, stat), NULL,
    "Only how much differs, and how large that is" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_diff = {
  .name = "image diff",
  .args = "A B",
  .summary = "Compare two images",
  .details = "A line begins with M for what differs, D for what only A has, A for what only B has, "
             "= for a layer that both have. A and B are names or IDs.",
  .completes = "@image @image",
  .uses = UL_USES_REPO | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
