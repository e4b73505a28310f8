// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/columns.h"
#include "cli/df-print.h"
#include "cli/escape.h"
#include "cli/image-options.h"
#include "cli/image-print.h"
#include "cli/open-store.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "image/df.h"
#include "image/store-query.h"
#include "util/error.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  char **stores;
} Options;

/* A store that was named, and what was found. */
typedef struct
{
  const Options *options;
  GPtrArray *stores; /* of UlStore, as they were named */
  UlImageDf df;
} Report;

static void
report_clear (Report *self)
{
  g_ptr_array_unref (self->stores);
  ul_image_df_clear (&self->df);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Report, report_clear)

static gboolean
open_stores (const UlInvocation *inv, Report *self, GError **error)
{
  for (char **path = self->options->stores; path != NULL && *path != NULL; path++)
    {
      UlStore *store = ul_cli_open_store (inv, *path, 0, error);
      if (store == NULL)
        return FALSE;
      g_ptr_array_add (self->stores, store);
    }
  return TRUE;
}

static gboolean
store_has_image (const UlStore *store, const UlImage *image)
{
  char id[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (&image->documents->manifest->config.digest, id);
  return ul_store_find_image (store, id) != NULL;
}

static guint
store_layers (const UlStore *store, const UlImage *image)
{
  guint n = 0;
  for (guint i = 0; i < image->layers->len; i++)
    n += ul_store_find_whole_layer (store, ((const UlImageLayer *) image->layers->pdata[i])->id)
         != NULL;
  return n;
}

static void
add_json_stores (JsonBuilder *builder, const Report *self, const UlImage *image)
{
  json_builder_set_member_name (builder, "stores");
  json_builder_begin_array (builder);
  for (guint i = 0; image != NULL && i < self->stores->len; i++)
    {
      const UlStore *store = self->stores->pdata[i];
      json_builder_begin_object (builder);
      ul_json_add_path (builder, "store", self->options->stores[i]);
      ul_json_add_bool (builder, "image", store_has_image (store, image));
      ul_json_add_int (builder, "layers", store_layers (store, image));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_json_row (JsonBuilder *builder, const Report *self, const UlImageDfRow *row)
{
  const gboolean ok = row->image != NULL;
  const UlDfSize shared = ul_df_less (&row->total, &row->alone);
  json_builder_begin_object (builder);
  ul_json_add_string (builder, "name", row->name);
  json_builder_set_member_name (builder, "layers");
  if (ok)
    json_builder_add_int_value (builder, row->image->layers->len);
  else
    json_builder_add_null_value (builder);
  ul_json_add_df_size (builder, "size", ok ? &row->size : NULL);
  ul_json_add_df_size (builder, "total", ok ? &row->total : NULL);
  ul_json_add_df_size (builder, "alone", ok ? &row->alone : NULL);
  ul_json_add_df_size (builder, "shared", ok ? &shared : NULL);
  add_json_stores (builder, self, row->image);
  ul_json_add_strings (builder, "refs", row->refs);
  ul_json_add_string (builder, "error", ok ? NULL : ul_image_cause (row->failure, row->name));
  json_builder_end_object (builder);
}

static void
print_json (const Report *self)
{
  const UlImageDf *df = &self->df;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "images");
  json_builder_begin_array (builder);
  for (guint i = 0; i < df->rows->len; i++)
    add_json_row (builder, self, df->rows->pdata[i]);
  json_builder_end_array (builder);
  ul_json_add_df_size (builder, "apart", &df->apart);
  ul_json_add_df_size (builder, "layers_once", &df->layers_once);
  ul_json_add_df_size (builder, "here", &df->here);
  ul_json_add_int (builder, "saved_by_layers", (gint64) (df->apart.bytes - df->layers_once.bytes));
  ul_json_add_int (builder, "saved_by_files", (gint64) (df->layers_once.bytes - df->here.bytes));
  ul_json_add_df_size (builder, "in_layers", &df->layers);
  ul_json_add_df_size (builder, "in_tar_splits", &df->tar_splits);
  ul_json_add_df_size (builder, "in_blobs", &df->blobs);
  ul_json_add_df_size (builder, "in_documents", &df->documents);
  ul_json_add_df_size (builder, "elsewhere", &df->elsewhere);
  ul_json_add_int (builder, "missing", (gint64) df->n_missing);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static void
add_row (UlColumns *columns, const UlImageDfRow *row, guint64 most)
{
  const UlDfSize shared = ul_df_less (&row->total, &row->alone);
  ul_columns_add (columns, g_strdup (row->name));
  ul_columns_add (columns, g_strdup_printf ("%u", row->image->layers->len));
  ul_columns_add (columns, g_format_size (row->size.bytes));
  ul_columns_add (columns, g_format_size (row->alone.bytes));
  ul_columns_add (columns, g_format_size (shared.bytes));
  if (most > 0)
    ul_columns_add (columns, ul_bar (row->alone.bytes, row->total.bytes, most));
}

static void
print_rows (const UlImageDf *df, gboolean bars)
{
  static const char *const titles[] = { "NAME", "LAYERS", "SIZE", "ALONE", "SHARED", "", NULL };
  g_auto (UlColumns) columns;
  guint64 most = 0;
  const char *used[G_N_ELEMENTS (titles)];
  memcpy (used, titles, sizeof titles);
  for (guint i = 0; bars && i < df->rows->len; i++)
    most = MAX (most, ((const UlImageDfRow *) df->rows->pdata[i])->total.bytes);
  if (most == 0)
    used[G_N_ELEMENTS (titles) - 2] = NULL;
  ul_columns_init (&columns, used, 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4);
  for (guint i = 0; i < df->rows->len; i++)
    if (((const UlImageDfRow *) df->rows->pdata[i])->image != NULL)
      add_row (&columns, df->rows->pdata[i], most);
  ul_columns_print (&columns);
}

static void
add_sum (UlColumns *columns, const char *what, const UlDfSize *size, guint64 most)
{
  ul_columns_add (columns, g_strdup (what));
  ul_columns_add (columns, g_format_size (size->bytes));
  if (columns->n == 3)
    ul_columns_add (columns, most > 0 ? ul_bar (size->bytes, size->bytes, most) : g_strdup (""));
}

static void
print_sums (const UlImageDf *df, gboolean bars)
{
  const char *const titles[] = { "IN ALL", "SIZE", bars ? "" : NULL, NULL };
  const guint64 most = df->apart.bytes;
  const UlDfSize by_layers = ul_df_less (&df->apart, &df->layers_once);
  const UlDfSize by_files = ul_df_less (&df->layers_once, &df->here);
  g_auto (UlColumns) columns;
  ul_columns_init (&columns, titles, 1 << 1);
  add_sum (&columns, "Each image with layers of its own", &df->apart, most);
  add_sum (&columns, "Each layer once", &df->layers_once, most);
  add_sum (&columns, "Each file once: in the repository", &df->here, most);
  add_sum (&columns, "Of that in layers", &df->layers, most);
  add_sum (&columns, "Of that in tar-splits", &df->tar_splits, most);
  add_sum (&columns, "Of that in kept blobs", &df->blobs, most);
  add_sum (&columns, "Of that in documents", &df->documents, most);
  add_sum (&columns, "Of that also in other images, refs", &df->elsewhere, most);
  add_sum (&columns, "Saved by sharing layers", &by_layers, most);
  add_sum (&columns, "Saved by sharing files", &by_files, most);
  putchar ('\n');
  ul_columns_print (&columns);
}

/* A line for each store and ref, behind an empty one. */
static void
print_users (const Report *self)
{
  gboolean any = FALSE;
  for (guint i = 0; i < self->df.rows->len; i++)
    {
      const UlImageDfRow *row = self->df.rows->pdata[i];
      for (guint j = 0; row->image != NULL && j < self->stores->len; j++)
        {
          const UlStore *store = self->stores->pdata[j];
          const guint n = store_layers (store, row->image);
          const gboolean has = store_has_image (store, row->image);
          if (n == 0 && !has)
            continue;
          g_autofree char *path = ul_escape (self->options->stores[j]);
          printf ("%s%s: %s %u of %u layers in store %s\n", any ? "" : "\n", row->name,
                  has ? "image and" : "not the image, but", n, row->image->layers->len, path);
          any = TRUE;
        }
      for (guint j = 0; j < row->refs->len; j++)
        {
          g_autofree char *ref = ul_escape (row->refs->pdata[j]);
          printf ("%s%s: in ref %s\n", any ? "" : "\n", row->name, ref);
          any = TRUE;
        }
    }
}

static void
print_broken (const UlImageDf *df)
{
  for (guint i = 0; i < df->rows->len; i++)
    {
      const UlImageDfRow *row = df->rows->pdata[i];
      if (row->image != NULL)
        continue;
      g_autofree char *cause = ul_escape (ul_image_cause (row->failure, row->name));
      printf ("%s  broken: %s\n", row->name, cause);
    }
}

static void
print_text (const Report *self)
{
  const gboolean bars = isatty (STDOUT_FILENO);
  if (self->df.rows->len == 0)
    return;
  print_rows (&self->df, bars);
  print_broken (&self->df);
  print_users (self);
  print_sums (&self->df, bars);
}

static guint
count_broken (const UlImageDf *df)
{
  guint broken = 0;
  for (guint i = 0; i < df->rows->len; i++)
    broken += ((const UlImageDfRow *) df->rows->pdata[i])->image == NULL;
  return broken;
}

static gboolean
measure (const UlInvocation *inv, UlRepo *repo, const GPtrArray *names, UlImageDf *out,
         GError **error)
{
  UlProgress progress = { 0 };
  const UlImageDfOptions options
      = { .names = names, .jobs = (guint) inv->jobs, .progress = &progress };
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Measuring", &progress);
  return ul_image_df_run (repo, &options, out, error);
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  g_autoptr (GPtrArray) names = NULL;
  g_auto (Report) self = {
    .options = data,
    .stores = g_ptr_array_new_with_free_func ((GDestroyNotify) ul_store_free),
  };
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL || !ul_image_list (repo, &names, error)
      || !ul_cli_select_images (repo, names, inv->argv, error) || !open_stores (inv, &self, error)
      || !measure (inv, repo, names, &self.df, error))
    return FALSE;
  if (inv->json)
    print_json (&self);
  else
    print_text (&self);
  ul_df_print_missing (self.df.n_missing);
  return ul_cli_check_broken (names->len, count_broken (&self.df), error);
}

static const UlOption table[] = {
  { "store", 0, UL_OPTION_STRING_LIST, offsetof (Options, stores), "DIR",
    "Say which of the images are in the container store DIR; may be given several times", "@dir" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_df = {
  .name = "image df",
  .args = "[NAME...]",
  .summary = "Show what images take, and what sharing saves",
  .details = "SIZE is that of an image of which nothing is shared, ALONE what no other image or "
             "ref has, SHARED the rest of what it has in the repository. NAME may be an ID.",
  .completes = "@image",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
