// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/image-store.h"

#include "cli/escape.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "image/records.h"
#include "image/storage-conf.h"
#include "util/error.h"

#include <fcntl.h>
#include <stdio.h>

gboolean
ul_cli_parse_mtimes (const char *value, gpointer data, GError **error)
{
  UlCliStoreOptions *options = data;
  if (g_str_equal (value, "auto"))
    options->mtimes = UL_MTIMES_AUTO;
  else if (g_str_equal (value, "zero"))
    options->mtimes = UL_MTIMES_ZERO;
  else if (g_str_equal (value, "keep"))
    options->mtimes = UL_MTIMES_KEEP;
  else
    return ul_throw (error, UL_ERROR_INVALID, "--mtimes must be auto, zero or keep, not '%s'",
                     value);
  return TRUE;
}

void
ul_cli_store_report_init (UlCliStoreReport *report)
{
  *report = (UlCliStoreReport){
    .removed_images = g_ptr_array_new_with_free_func (g_free),
    .removed_layers = g_ptr_array_new_with_free_func (g_free),
    .holds = g_ptr_array_new_with_free_func ((GDestroyNotify) ul_store_hold_free),
    .held = g_ptr_array_new (),
  };
}

void
ul_cli_store_report_clear (UlCliStoreReport *report)
{
  g_ptr_array_unref (report->removed_images);
  g_ptr_array_unref (report->removed_layers);
  g_ptr_array_unref (report->held);
  g_ptr_array_unref (report->holds);
}

UlStoreChange *
ul_cli_store_begin (const UlInvocation *inv, UlStore *store, GError **error)
{
  const UlLockWait wait = ul_cli_store_wait (inv);
  return ul_store_change_begin (store, &wait, error);
}

static gboolean
fill_one (const UlInvocation *inv, const UlCliStoreOptions *options, UlStoreChange *change,
          const UlStore *store, UlRepo *repo, const char *name, UlProgress *progress,
          UlCliStoreReport *report, GError **error)
{
  const UlStoreDiffOptions diff
      = { .mtimes = options->mtimes, .jobs = (guint) inv->jobs, .progress = progress };
  g_autoptr (UlImage) image = ul_image_load (repo, name, error);
  return image != NULL && ul_store_fill (change, store, repo, image, &diff, &report->fill, error);
}

gboolean
ul_cli_store_fill (const UlInvocation *inv, const UlCliStoreOptions *options, UlStore *store,
                   UlRepo *repo, const char *const *names, UlCliStoreReport *report, GError **error)
{
  UlProgress progress = { 0 };
  g_autoptr (UlStoreChange) change = ul_cli_store_begin (inv, store, error);
  if (change == NULL)
    return FALSE;
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Adding", &progress);
  g_autoptr (GHashTable) done = g_hash_table_new (g_str_hash, g_str_equal);
  for (const char *const *name = names; *name != NULL; name++)
    if (g_hash_table_add (done, (gpointer) *name)
        && !fill_one (inv, options, change, store, repo, *name, &progress, report, error))
      return FALSE;
  return ul_store_change_commit (change, error);
}

/* The machine's storage, and the one that podman uses in this environment. */
static gboolean
find_default_holds (const UlStore *store, const UlLockWait *wait, GPtrArray *holds, GError **error)
{
  const char *conf = g_getenv ("CONTAINERS_STORAGE_CONF");
  g_autofree char *root = NULL;
  g_autofree char *own = NULL;
  gboolean found;
  if (!ul_store_graphroot (NULL, &root, error)
      || !ul_store_find_holds (store, root, wait, holds, &found, error))
    return FALSE;
  if (conf == NULL || *conf == '\0')
    return TRUE;
  if (!ul_store_graphroot (conf, &own, error))
    return ul_prefix (error, "CONTAINERS_STORAGE_CONF");
  return g_str_equal (own, root) || ul_store_find_holds (store, own, wait, holds, &found, error);
}

/* What is there of the storages that use it. Only one that was named has to be there. */
static gboolean
find_holds (const UlInvocation *inv, const UlCliStoreOptions *options, const UlStore *store,
            GPtrArray *holds, GError **error)
{
  const UlLockWait wait = ul_cli_store_wait (inv);
  gboolean found;
  if (options->in_use_by == NULL)
    return find_default_holds (store, &wait, holds, error)
           || ul_prefix (error, "look for what uses the store");
  for (char **root = options->in_use_by; *root != NULL; root++)
    {
      if (!ul_store_find_holds (store, *root, &wait, holds, &found, error))
        return ul_prefix (error, "--in-use-by");
      if (!found)
        return ul_throw (error, UL_ERROR_NOT_FOUND, "--in-use-by: %s: no container storage there",
                         *root);
    }
  return TRUE;
}

gboolean
ul_cli_store_check_users (const UlInvocation *inv, const UlCliStoreOptions *options,
                          const UlStore *store, GError **error)
{
  g_autoptr (GPtrArray) holds
      = g_ptr_array_new_with_free_func ((GDestroyNotify) ul_store_hold_free);
  return options->keep_layers
         || (ul_store_check_no_containers (store, error)
             && find_holds (inv, options, store, holds, error));
}

gboolean
ul_cli_store_gc (const UlInvocation *inv, const UlCliStoreOptions *options, UlStore *store,
                 UlCliStoreReport *report, GError **error)
{
  GPtrArray *removed;
  GPtrArray *held;
  if (options->keep_layers)
    return TRUE;
  g_autoptr (UlStoreChange) change = ul_cli_store_begin (inv, store, error);
  if (change == NULL || !find_holds (inv, options, store, report->holds, error)
      || !ul_store_gc (change, store, report->holds, &removed, &held, error))
    return FALSE;
  g_ptr_array_unref (report->removed_layers);
  g_ptr_array_unref (report->held);
  report->removed_layers = removed;
  report->held = held;
  return removed->len == 0 || ul_store_change_commit (change, error);
}

static void
print_json (const UlCliStoreReport *report)
{
  const UlStoreFillStats *fill = &report->fill;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  ul_json_add_int (builder, "images", fill->images);
  ul_json_add_int (builder, "unchanged", fill->unchanged);
  ul_json_add_int (builder, "layers", fill->layers);
  ul_json_add_int (builder, "linked", (gint64) fill->diff.linked);
  ul_json_add_int (builder, "copied", (gint64) fill->diff.copied);
  ul_json_add_int (builder, "copied_bytes", (gint64) fill->diff.copied_bytes);
  ul_json_add_int (builder, "dated", (gint64) fill->diff.times.files);
  ul_json_add_int (builder, "dated_bytes", (gint64) fill->diff.times.bytes);
  ul_json_add_strings (builder, "removed_images", report->removed_images);
  ul_json_add_strings (builder, "removed_layers", report->removed_layers);
  json_builder_set_member_name (builder, "held");
  json_builder_begin_array (builder);
  for (guint i = 0; i < report->held->len; i++)
    {
      const UlStoreHold *hold = report->held->pdata[i];
      json_builder_begin_object (builder);
      ul_json_add_string (builder, "layer", hold->layer);
      ul_json_add_string (builder, "by", hold->by);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static const char *
plural (guint64 n)
{
  return n == 1 ? "" : "s";
}

static void
print_fill (const UlStoreFillStats *fill)
{
  const UlStoreDiffStats *diff = &fill->diff;
  printf ("%u image%s added", fill->images, plural (fill->images));
  if (fill->unchanged > 0)
    printf (", %u unchanged", fill->unchanged);
  printf ("; %u layer%s, %" G_GUINT64_FORMAT " files linked", fill->layers, plural (fill->layers),
          diff->linked);
  if (diff->copied_bytes > 0)
    {
      g_autofree char *size = g_format_size (diff->copied_bytes);
      printf (", %" G_GUINT64_FORMAT " copied (%s)", diff->copied, size);
    }
  if (diff->times.files > 0)
    {
      g_autofree char *size = g_format_size (diff->times.bytes);
      printf (", %" G_GUINT64_FORMAT " with a time of their own (%s copied)", diff->times.files,
              size);
    }
  putchar ('\n');
}

void
ul_cli_store_report_print (const UlInvocation *inv, const UlCliStoreReport *report)
{
  if (inv->json)
    {
      print_json (report);
      return;
    }
  if (inv->quiet)
    return;
  if (report->fill.images + report->fill.unchanged > 0)
    print_fill (&report->fill);
  for (guint i = 0; i < report->removed_images->len; i++)
    printf ("removed image %s\n", (const char *) report->removed_images->pdata[i]);
  for (guint i = 0; i < report->removed_layers->len; i++)
    printf ("removed layer %s\n", (const char *) report->removed_layers->pdata[i]);
  for (guint i = 0; i < report->held->len; i++)
    {
      const UlStoreHold *hold = report->held->pdata[i];
      g_autofree char *by = ul_escape (hold->by);
      printf ("kept layer %s, in use by %s\n", hold->layer, by);
    }
}
