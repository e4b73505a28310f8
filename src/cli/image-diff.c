// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/image-diff.h"

#include "cli/escape.h"
#include "cli/image-print.h"
#include "core/oci-config-diff.h"
#include "repo/tree-diff.h"

#include <stdio.h>

static gboolean
has_tar (const UlImage *image, guint from, const UlChecksum *diff_id)
{
  for (guint i = from; i < image->layers->len; i++)
    if (ul_checksum_equal (&((const UlImageLayer *) image->layers->pdata[i])->diff_id, diff_id))
      return TRUE;
  return FALSE;
}

static void
add_rest (GArray *layers, const UlImage *image, const UlImage *other, guint from, char change)
{
  for (guint i = from; i < image->layers->len; i++)
    {
      const UlImageLayer *layer = image->layers->pdata[i];
      const UlImageDiffLayer row = {
        .change = change,
        .layer = layer,
        .elsewhere = has_tar (other, from, &layer->diff_id),
      };
      g_array_append_val (layers, row);
    }
}

GArray *
ul_image_diff_layers (const UlImage *a, const UlImage *b)
{
  guint common = 0;
  GArray *layers = g_array_new (FALSE, FALSE, sizeof (UlImageDiffLayer));
  for (; common < a->layers->len && common < b->layers->len; common++)
    {
      const UlImageDiffLayer row = { .change = '=', .layer = a->layers->pdata[common] };
      const UlImageLayer *other = b->layers->pdata[common];
      if (!g_str_equal (row.layer->id, other->id))
        break;
      g_array_append_val (layers, row);
    }
  add_rest (layers, a, b, common, 'D');
  add_rest (layers, b, a, common, 'A');
  return layers;
}

void
ul_image_diff_print_layers (const GArray *layers)
{
  for (guint i = 0; i < layers->len; i++)
    {
      const UlImageDiffLayer *row = &g_array_index (layers, UlImageDiffLayer, i);
      g_autofree char *size = g_format_size (row->layer->size);
      printf ("%c    %.*s  %s%s\n", row->change, UL_IMAGE_SHORT_ID, row->layer->id, size,
              row->elsewhere ? ", the same tar in both images" : "");
    }
}

void
ul_image_diff_count_layers (const GArray *layers)
{
  static const char changes[] = "=DA";
  static const char *const names[] = { "common", "removed", "added" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      guint n = 0;
      guint64 bytes = 0;
      for (guint j = 0; j < layers->len; j++)
        {
          const UlImageDiffLayer *row = &g_array_index (layers, UlImageDiffLayer, j);
          n += row->change == changes[i];
          bytes += row->change == changes[i] ? row->layer->size : 0;
        }
      g_autofree char *size = g_format_size (bytes);
      printf ("%s%u %s (%s)", i > 0 ? ", " : "", n, names[i], size);
    }
  putchar ('\n');
}

void
ul_image_diff_json_layers (JsonBuilder *builder, const GArray *layers)
{
  if (layers == NULL)
    {
      ul_json_add_string (builder, "layers", NULL);
      return;
    }
  json_builder_set_member_name (builder, "layers");
  json_builder_begin_array (builder);
  for (guint i = 0; i < layers->len; i++)
    {
      const UlImageDiffLayer *row = &g_array_index (layers, UlImageDiffLayer, i);
      json_builder_begin_object (builder);
      ul_json_add_string (builder, "change",
                          row->change == '='   ? NULL
                          : row->change == 'D' ? "removed"
                                               : "added");
      ul_json_add_string (builder, "id", row->layer->id);
      ul_json_add_digest (builder, "diff_id", &row->layer->diff_id);
      ul_json_add_int (builder, "size", (gint64) row->layer->size);
      ul_json_add_bool (builder, "elsewhere", row->elsewhere);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static guint
kind_of (const UlOciConfigChange *change)
{
  return change->old == NULL   ? UL_TREE_ADDED
         : change->new == NULL ? UL_TREE_REMOVED
                               : UL_TREE_CHANGED;
}

/* What tells how to run the image is all in "config": that isn't said each time. */
static char *
key_text (const UlOciConfigChange *change)
{
  char **path = change->path;
  if (g_str_equal (path[0], "config") && path[1] != NULL)
    path++;
  g_autofree char *text = g_strjoinv (" ", path);
  return ul_escape (text);
}

void
ul_image_diff_print_config (const GPtrArray *changes)
{
  for (guint i = 0; i < changes->len; i++)
    {
      const UlOciConfigChange *change = changes->pdata[i];
      g_autofree char *key = key_text (change);
      g_autofree char *old = change->old != NULL ? ul_escape (change->old) : NULL;
      g_autofree char *new = change->new != NULL ? ul_escape (change->new) : NULL;
      printf ("%c    %s", "ADM"[kind_of (change)], key);
      if (old != NULL && new != NULL)
        printf (": %s -> %s", old, new);
      else if (!ul_oci_config_is_mark (old) || !ul_oci_config_is_mark (new))
        printf (": %s", old != NULL ? old : new);
      putchar ('\n');
    }
}

void
ul_image_diff_count_config (const GPtrArray *changes)
{
  guint counts[UL_TREE_CHANGED + 1] = { 0 };
  for (guint i = 0; i < changes->len; i++)
    counts[kind_of (changes->pdata[i])]++;
  printf ("%u modified, %u removed, %u added\n", counts[UL_TREE_CHANGED], counts[UL_TREE_REMOVED],
          counts[UL_TREE_ADDED]);
}

static void
add_json_value (JsonBuilder *builder, const char *name, const char *text)
{
  json_builder_set_member_name (builder, name);
  if (text == NULL)
    json_builder_add_null_value (builder);
  else
    json_builder_add_value (builder, json_from_string (text, NULL));
}

void
ul_image_diff_json_config (JsonBuilder *builder, const GPtrArray *changes)
{
  static const char *const names[] = { "added", "removed", "modified" };
  if (changes == NULL)
    {
      ul_json_add_string (builder, "config", NULL);
      return;
    }
  json_builder_set_member_name (builder, "config");
  json_builder_begin_array (builder);
  for (guint i = 0; i < changes->len; i++)
    {
      const UlOciConfigChange *change = changes->pdata[i];
      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "key");
      json_builder_begin_array (builder);
      for (char **name = change->path; *name != NULL; name++)
        json_builder_add_string_value (builder, *name);
      json_builder_end_array (builder);
      ul_json_add_string (builder, "change", names[kind_of (change)]);
      add_json_value (builder, "old", change->old);
      add_json_value (builder, "new", change->new);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}
