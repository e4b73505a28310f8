// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/open-store.h"
#include "cli/store-faults.h"
#include "cli/store-mend.h"
#include "util/error.h"

typedef struct
{
  char *store;
  gboolean shared;
  gboolean force;
  gboolean dry_run;
} Options;

/* There are none, if it doesn't matter. */
static UlStore *
open_and_count (UlInvocation *inv, const char *path, const Options *options, guint *out_containers,
                GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (UlStore) store = ul_cli_open_store (inv, path, 0, &cause);
  *out_containers = 0;
  if (store != NULL
      && (options->force || ul_store_count_containers (store, out_containers, &cause)))
    return g_steal_pointer (&store);
  inv->failure = ul_cli_faults_status (path, cause);
  g_propagate_error (error, g_steal_pointer (&cause));
  return NULL;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  UlStoreRepairFlags flags = UL_STORE_REPAIR_FULL | UL_STORE_REPAIR_OPAQUE;
  guint n;
  if (inv->argc + (options->store != NULL) != 1)
    return ul_throw (error, UL_ERROR_INVALID, "Exactly one DIR must be given");
  const char *path = options->store != NULL ? options->store : inv->argv[0];
  g_autoptr (UlStore) store = open_and_count (inv, path, options, &n, error);
  if (store == NULL)
    return FALSE;
  if (n > 0)
    return ul_throw (error, UL_ERROR_INVALID,
                     "%s: %u container%s in it: it is in use as a primary store; --force prepares "
                     "it anyway",
                     path, n, n == 1 ? "" : "s");
  if (options->shared)
    flags |= UL_STORE_REPAIR_SHARED;
  if (options->dry_run)
    flags |= UL_STORE_REPAIR_DRY_RUN;
  return ul_cli_store_mend (inv, store, path, flags, error);
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("The store"),
  { "store", 0, UL_OPTION_PATH, offsetof (Options, store), "DIR", "The same as DIR", "@dir" },
  UL_OPTIONS_HEADING ("How"),
  { "shared", 0, UL_OPTION_FLAG, offsetof (Options, shared), NULL,
    "Let all users read it: modes 0755 and 0644" },
  { "force", 0, UL_OPTION_FLAG, offsetof (Options, force), NULL,
    "Also if there are containers in it" },
  { "dry-run", 0, UL_OPTION_FLAG, offsetof (Options, dry_run), NULL,
    "Only say what would be done" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_store_prepare = {
  .name = "image store prepare",
  .args = "(DIR | --store=DIR)",
  .summary = "Make a container store of podman's fit for a read-only mount",
  .completes = "@dir",
  .uses = UL_USES_QUIET | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
