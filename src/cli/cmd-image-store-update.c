// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/image-store.h"
#include "cli/open.h"
#include "core/image-name.h"
#include "image/store-query.h"
#include "repo/refs.h"
#include "util/error.h"

typedef struct
{
  UlCliStoreOptions store;
} Options;

/* The names of the store's image that the repository has an image for. */
static gboolean
add_names (UlRepo *repo, const UlStoreImage *image, GPtrArray *names, GError **error)
{
  for (guint i = 0; i < image->names->len; i++)
    {
      const char *name = image->names->pdata[i];
      g_autofree char *full = NULL;
      UlChecksum commit;
      gboolean found = FALSE;
      if (!ul_image_name_normalize (name, &full, NULL) || !g_str_equal (full, name))
        continue;
      g_autofree char *ref = ul_image_name_to_ref (full);
      if (!ul_refs_find (repo, ref, &found, &commit, error))
        return FALSE;
      if (found)
        g_ptr_array_add (names, g_steal_pointer (&full));
    }
  return TRUE;
}

static gboolean
find_all (UlRepo *repo, const UlStore *store, GPtrArray *names, GError **error)
{
  const GPtrArray *images = ul_store_images (store);
  for (guint i = 0; i < images->len; i++)
    if (!add_names (repo, images->pdata[i], names, error))
      return FALSE;
  return TRUE;
}

/* By its name, that one only; by its ID, all its names. */
static gboolean
find_one (UlRepo *repo, const UlStore *store, const char *given, GPtrArray *names, GError **error)
{
  g_autofree char *full = NULL;
  const UlStoreImage *image;
  const guint before = names->len;
  if (!ul_image_name_normalize (given, &full, error)
      || !ul_store_resolve_image (store, given, &image, error))
    return FALSE;
  if (image == NULL)
    return ul_throw (error, UL_ERROR_NOT_FOUND,
                     "%s: not in the store, add it with 'image store add'", full);
  if (ul_store_image_has_name (image, full))
    {
      g_ptr_array_add (names, g_steal_pointer (&full));
      return TRUE;
    }
  if (!add_names (repo, image, names, error))
    return FALSE;
  return names->len > before
         || ul_throw (error, UL_ERROR_NOT_FOUND,
                      "image %s of the store: the repository has none of its names", image->id);
}

static gboolean
find_given (UlRepo *repo, const UlStore *store, char **given, GPtrArray *names, GError **error)
{
  for (; *given != NULL; given++)
    if (!find_one (repo, store, *given, names, error))
      return FALSE;
  return TRUE;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  g_auto (UlCliStoreReport) report;
  ul_cli_store_report_init (&report);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL)
    return FALSE;
  g_autoptr (UlStore) store = ul_cli_open_store (inv, options->store.store, 0, error);
  if (store == NULL
      || !(inv->argc > 0 ? find_given (repo, store, inv->argv, names, error)
                         : find_all (repo, store, names, error)))
    return FALSE;
  g_ptr_array_add (names, NULL);
  if (!ul_cli_store_check_users (inv, &options->store, store, error)
      || !ul_cli_store_fill (inv, &options->store, store, repo, (const char *const *) names->pdata,
                             &report, error)
      || !ul_cli_store_gc (inv, &options->store, store, &report, error))
    return FALSE;
  ul_cli_store_report_print (inv, &report);
  return TRUE;
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("The store"),
  UL_CLI_STORE_OPTION,
  UL_CLI_STORE_MTIMES_OPTION,
  UL_OPTIONS_HEADING ("Layers that no image needs any more"),
  UL_CLI_STORE_IN_USE_OPTION,
  UL_CLI_STORE_KEEP_OPTION,
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_store_update = {
  .name = "image store update",
  .args = "[IMAGE...]",
  .summary = "Bring images of a store to what the repository has",
  .details
  = "Without IMAGE all whose names the repository has. Layers that no image needs any more "
    "are removed unless something stands on them.",
  .completes = "@image",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_QUIET | UL_USES_LOCK | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
