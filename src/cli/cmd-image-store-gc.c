// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/image-store.h"
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
  if (inv->argc > 0)
    return ul_throw (error, UL_ERROR_INVALID, "No arguments are taken, but '%s' was given",
                     inv->argv[0]);
  g_autoptr (UlStore) store = ul_cli_open_store (inv, options->store.store, 0, error);
  if (store == NULL || !ul_cli_store_gc (inv, &options->store, store, &report, error))
    return FALSE;
  ul_cli_store_report_print (inv, &report);
  return TRUE;
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("The store"),
  UL_CLI_STORE_OPTION,
  UL_CLI_STORE_IN_USE_OPTION,
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_store_gc = {
  .name = "image store gc",
  .args = "",
  .summary = "Remove layers of a store that nothing needs",
  .others_say = "prune",
  .details = "Says what stands on those that no image of the store needs and that are kept.",
  .completes = "",
  .uses = UL_USES_QUIET | UL_USES_LOCK | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
