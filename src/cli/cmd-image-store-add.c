// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/image-options.h"
#include "cli/image-store.h"
#include "cli/open.h"
#include "util/error.h"

typedef struct
{
  UlCliStoreOptions store;
} Options;

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  g_auto (UlCliStoreReport) report;
  ul_cli_store_report_init (&report);
  if (inv->argc < 1)
    return ul_throw (error, UL_ERROR_INVALID, "At least one IMAGE must be given");
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL || !ul_cli_image_names (repo, inv->argv, &names, error))
    return FALSE;
  g_autoptr (UlStore) store = ul_cli_open_store (inv, options->store.store, 0, error);
  if (store == NULL
      || !ul_cli_store_fill (inv, &options->store, store, repo, (const char *const *) names->pdata,
                             &report, error))
    return FALSE;
  ul_cli_store_report_print (inv, &report);
  return TRUE;
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("The store"),
  UL_CLI_STORE_OPTION,
  UL_CLI_STORE_MTIMES_OPTION,
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_store_add = {
  .name = "image store add",
  .args = "IMAGE...",
  .summary = "Add images to a store",
  .others_say = "import pull copy",
  .details = "Who reads the store sees it as it was or with all of them. An image of the same name "
             "loses it, and is gone when it has no other; its layers stay until 'image store gc'.",
  .completes = "@image",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_QUIET | UL_USES_LOCK | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
