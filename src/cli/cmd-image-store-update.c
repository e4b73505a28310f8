// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/image-store.h"
#include "cli/open.h"
#include "core/image-name.h"
#include "repo/refs.h"
#include "util/error.h"

typedef struct
{
  UlCliStoreOptions store;
} Options;

/* All names of the store's that the repository has an image for. */
static gboolean
find_all (UlRepo *repo, const UlStore *store, GPtrArray *names, GError **error)
{
  const GPtrArray *images = ul_store_images (store);
  for (guint i = 0; i < images->len; i++)
    {
      const UlStoreImage *image = images->pdata[i];
      for (guint j = 0; j < image->names->len; j++)
        {
          const char *name = image->names->pdata[j];
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
    }
  return TRUE;
}

static gboolean
find_given (const UlStore *store, char **given, GPtrArray *names, GError **error)
{
  for (char **name = given; *name != NULL; name++)
    {
      char *full;
      if (!ul_image_name_normalize (*name, &full, error))
        return FALSE;
      g_ptr_array_add (names, full);
      if (ul_store_find_image (store, full) == NULL)
        return ul_throw (error, UL_ERROR_NOT_FOUND,
                         "%s: not in the store, add it with 'image store add'", full);
    }
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
      || !(inv->argc > 0 ? find_given (store, inv->argv, names, error)
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
