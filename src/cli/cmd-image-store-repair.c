// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/open-store.h"
#include "cli/store-faults.h"
#include "cli/store-mend.h"
#include "util/error.h"

typedef struct
{
  char *store;
  gboolean dry_run;
  gboolean full;
} Options;

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  g_autoptr (GError) cause = NULL;
  UlStoreRepairFlags flags = 0;
  if (inv->argc > 0)
    return ul_throw (error, UL_ERROR_INVALID, "Unexpected argument '%s'", inv->argv[0]);
  g_autoptr (UlStore) store = ul_cli_open_store (inv, options->store, 0, &cause);
  if (store == NULL)
    {
      inv->failure = ul_cli_faults_status (options->store, cause);
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  if (options->dry_run)
    flags |= UL_STORE_REPAIR_DRY_RUN;
  if (options->full)
    flags |= UL_STORE_REPAIR_FULL;
  return ul_cli_store_mend (inv, store, options->store, flags, error);
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("What to repair"),
  { "store", 0, UL_OPTION_PATH, offsetof (Options, store), "DIR", "The container store", "@dir" },
  { "full", 0, UL_OPTION_FLAG, offsetof (Options, full), NULL, "The layers' trees as well" },
  UL_OPTIONS_HEADING ("How"),
  { "dry-run", 0, UL_OPTION_FLAG, offsetof (Options, dry_run), NULL,
    "Only say what would be done" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_store_repair = {
  .name = "image store repair",
  .args = "--store=DIR",
  .summary = "Mend a container store from what is in it",
  .uses = UL_USES_QUIET | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
