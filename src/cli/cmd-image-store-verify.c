// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/open-store.h"
#include "cli/print.h"
#include "cli/store-faults.h"
#include "util/error.h"

#include <stdio.h>

typedef struct
{
  char *store;
  gboolean full;
} Options;

static void
print_json (const UlStore *store, const GPtrArray *faults)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  ul_json_add_bool (builder, "sound", ul_cli_faults_count (faults).errors == 0);
  ul_json_add_int (builder, "images", ul_store_images (store)->len);
  ul_json_add_int (builder, "layers", ul_store_layers (store)->len);
  ul_cli_faults_json (builder, faults);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static void
print_text (const UlStore *store, const GPtrArray *faults)
{
  const UlStoreCounts n = ul_cli_faults_count (faults);
  const guint images = ul_store_images (store)->len;
  const guint layers = ul_store_layers (store)->len;
  g_autofree char *sum = ul_cli_faults_sum (&n);
  ul_cli_faults_print (faults);
  printf ("%u image%s, %u layer%s: %s", images, images == 1 ? "" : "s", layers,
          layers == 1 ? "" : "s", sum);
  if (n.repairable > 0)
    printf (", %u repairable", n.repairable);
  putchar ('\n');
}

static gboolean
verify (UlInvocation *inv, const Options *options, GError **error)
{
  g_autoptr (UlStore) store = ul_cli_open_store (inv, options->store, 0, error);
  g_autoptr (GPtrArray) faults
      = store != NULL ? ul_store_verify (store, options->full ? UL_STORE_VERIFY_FULL : 0, error)
                      : NULL;
  if (faults == NULL)
    return FALSE;
  const UlStoreCounts n = ul_cli_faults_count (faults);
  if (inv->json)
    print_json (store, faults);
  else if (!inv->quiet)
    print_text (store, faults);
  if (n.errors == 0)
    return TRUE;
  return ul_throw (error, UL_ERROR_CORRUPT, "%s: %u error%s in the container store", options->store,
                   n.errors, n.errors == 1 ? "" : "s");
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  g_autoptr (GError) cause = NULL;
  const Options *options = data;
  if (inv->argc > 0)
    return ul_throw (error, UL_ERROR_INVALID, "Unexpected argument '%s'", inv->argv[0]);
  if (verify (inv, options, &cause))
    return TRUE;
  inv->failure = ul_cli_faults_status (options->store, cause);
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("What to check"),
  { "store", 0, UL_OPTION_PATH, offsetof (Options, store), "DIR", "The container store", "@dir" },
  { "full", 0, UL_OPTION_FLAG, offsetof (Options, full), NULL, "Read the layers' trees as well" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_store_verify = {
  .name = "image store verify",
  .args = "--store=DIR",
  .summary = "Check a container store for what makes podman fail",
  .others_say = "check fsck",
  .uses = UL_USES_QUIET | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
