// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/image-store.h"
#include "image/resolve.h"
#include "image/store-query.h"
#include "util/error.h"

typedef struct
{
  UlCliStoreOptions store;
} Options;

/* What is said of an image is what it was called, but for an ID, which is said as a whole. */
static gboolean
remove_image (UlStoreChange *change, const UlStore *store, const char *text, GHashTable *removed,
              UlCliStoreReport *report, GError **error)
{
  const UlStoreImage *image;
  const char *digits = ul_image_id_digits (text);
  if (!ul_store_resolve_image (store, text, &image, error))
    return FALSE;
  if (image == NULL)
    return ul_store_change_remove_image (change, text, error);
  if (!g_hash_table_add (removed, image->id))
    return TRUE;
  g_ptr_array_add (
      report->removed_images,
      g_strdup (digits != NULL && g_str_has_prefix (image->id, digits) ? image->id : text));
  return ul_store_change_remove_image (change, image->id, error);
}

static gboolean
remove_images (const UlInvocation *inv, UlStore *store, UlCliStoreReport *report, GError **error)
{
  g_autoptr (UlStoreChange) change = ul_cli_store_begin (inv, store, error);
  if (change == NULL)
    return FALSE;
  g_autoptr (GHashTable) removed = g_hash_table_new (g_str_hash, g_str_equal);
  for (char **name = inv->argv; *name != NULL; name++)
    if (!remove_image (change, store, *name, removed, report, error))
      return FALSE;
  return ul_store_change_commit (change, error);
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  g_auto (UlCliStoreReport) report;
  ul_cli_store_report_init (&report);
  if (inv->argc < 1)
    return ul_throw (error, UL_ERROR_INVALID, "At least one IMAGE must be given");
  g_autoptr (UlStore) store = ul_cli_open_store (inv, options->store.store, 0, error);
  if (store == NULL || !ul_cli_store_check_users (inv, &options->store, store, error)
      || !remove_images (inv, store, &report, error)
      || !ul_cli_store_gc (inv, &options->store, store, &report, error))
    return FALSE;
  ul_cli_store_report_print (inv, &report);
  return TRUE;
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("The store"),
  UL_CLI_STORE_OPTION,
  UL_OPTIONS_HEADING ("Layers that no image needs any more"),
  UL_CLI_STORE_IN_USE_OPTION,
  UL_CLI_STORE_KEEP_OPTION,
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_store_remove = {
  .name = "image store remove",
  .args = "IMAGE...",
  .summary = "Remove images from a store",
  .others_say = "rm rmi delete",
  .details
  = "IMAGE is a name or an id; an image goes with all its names. Its layers go, too, unless "
    "another image or something in a storage that uses the store stands on them.",
  .completes = "",
  .uses = UL_USES_QUIET | UL_USES_LOCK | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
