// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/image-options.h"
#include "cli/open.h"
#include "cli/print.h"
#include "image/remove.h"
#include "util/error.h"

#include <stdio.h>

typedef struct
{
  gboolean unused;
  gboolean dry_run;
} Options;

static void
print_json (const UlImageRemoveResult *result, const Options *options)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  ul_json_add_bool (builder, "dry_run", options->dry_run);
  ul_json_add_strings (builder, "images", result->images);
  ul_json_add_strings (builder, "layers", result->layers);
  ul_json_add_strings (builder, "tar_splits", result->tar_splits);
  ul_json_add_strings (builder, "blobs", result->blobs);
  ul_json_add_strings (builder, "unread", result->unread);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static void
print_list (const char *what, const GPtrArray *names)
{
  for (guint i = 0; i < names->len; i++)
    printf ("%s %s\n", what, (const char *) names->pdata[i]);
}

static void
print_text (const UlImageRemoveResult *result, const Options *options)
{
  print_list ("image", result->images);
  print_list ("layer", result->layers);
  print_list ("tar-split", result->tar_splits);
  print_list ("blob", result->blobs);
  for (guint i = 0; !options->unused && i < result->unread->len; i++)
    printf ("%s can't be read: if it has layers of its own, 'image remove --unused' removes them\n",
            (const char *) result->unread->pdata[i]);
  if (result->images->len + result->layers->len + result->tar_splits->len + result->blobs->len == 0)
    puts ("Nothing to remove");
  else if (options->dry_run)
    puts ("Nothing was removed (--dry-run)");
  else
    puts ("'underlay prune --refs-only' frees their space");
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  g_autoptr (GPtrArray) names = NULL;
  g_auto (UlImageRemoveResult) result = { 0 };
  if (inv->argc == 0 && !options->unused)
    return ul_throw (error, UL_ERROR_INVALID, "At least one NAME or --unused must be given");
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL || !ul_cli_image_names (repo, inv->argv, &names, error))
    return FALSE;
  const UlImageRemoveOptions request = {
    .names = (const char *const *) names->pdata,
    .unused = options->unused,
    .dry_run = options->dry_run,
  };
  if (!ul_image_remove (repo, &request, &result, error))
    return ul_prefix (error, "Removing images");
  if (inv->json)
    print_json (&result, options);
  else if (!inv->quiet)
    print_text (&result, options);
  return TRUE;
}

static const UlOption table[] = {
  { "unused", 0, UL_OPTION_FLAG, offsetof (Options, unused), NULL,
    "Remove the layers that no image has, as one that was replaced leaves them" },
  { "dry-run", 0, UL_OPTION_FLAG, offsetof (Options, dry_run), NULL,
    "Only print what would be removed" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_remove = {
  .name = "image remove",
  .args = "[NAME...]",
  .summary = "Remove images and the layers that no other image needs",
  .others_say = "rm rmi delete untag",
  .details = "It removes refs; the space is freed by 'prune --refs-only'. NAME may be an ID.",
  .completes = "@image",
  .uses = UL_USES_REPO | UL_USES_QUIET | UL_USES_JSON | UL_USES_LOCK,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
