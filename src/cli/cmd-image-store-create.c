// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/image-options.h"
#include "cli/image-store.h"
#include "cli/open.h"
#include "util/error.h"

#include <fcntl.h>
#include <unistd.h>

typedef struct
{
  UlCliStoreOptions store;
  gboolean shared;
} Options;

/* Is the directory empty, or what a killed one has begun? */
static gboolean
is_beginning (const char *path)
{
  static const char *const parts[]
      = { "overlay", "overlay-images", "overlay-layers", UL_STORE_CHANGE_LOCK, NULL };
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  gboolean only_parts = dir != NULL;
  for (const char *name; only_parts && (name = g_dir_read_name (dir)) != NULL;)
    only_parts = g_strv_contains (parts, name);
  return only_parts;
}

/* Nothing that is there is taken for a new store, but one that is empty: a create that failed left
 * it. */
static gboolean
check_new (const UlInvocation *inv, const char *path, gboolean shared, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (UlStore) there = ul_cli_open_store (inv, path, 0, &failure);
  if (there != NULL)
    return (ul_store_layers (there)->len == 0 && ul_store_images (there)->len == 0
            && ul_store_is_shared (there) == shared)
           || ul_throw (error, UL_ERROR_EXISTS,
                        "%s: a store is there already, add to it with 'image store add'", path);
  if (g_error_matches (failure, UL_ERROR, UL_ERROR_NOT_FOUND)
      || (path != NULL && is_beginning (path)))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* All images are looked up before a directory is made for them. */
static gboolean
check_images (UlRepo *repo, const char *const *names, GError **error)
{
  for (const char *const *name = names; *name != NULL; name++)
    {
      g_autoptr (UlImage) image = ul_image_load (repo, *name, error);
      if (image == NULL)
        return FALSE;
    }
  return TRUE;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  const UlStoreFlags flags = UL_STORE_CREATE | (options->shared ? UL_STORE_SHARED : 0);
  g_auto (UlCliStoreReport) report;
  ul_cli_store_report_init (&report);
  if (!check_new (inv, options->store.store, options->shared, error))
    return FALSE;
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL || !ul_cli_image_names (repo, inv->argv, &names, error)
      || !check_images (repo, (const char *const *) names->pdata, error))
    return FALSE;
  g_autoptr (UlStore) store = ul_cli_open_store (inv, options->store.store, flags, error);
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
  { "shared", 0, UL_OPTION_FLAG, offsetof (Options, shared), NULL,
    "Let all users read it, not only root" },
  UL_CLI_STORE_MTIMES_OPTION,
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_store_create = {
  .name = "image store create",
  .args = "IMAGE...",
  .summary = "Make a store of images for podman and CRI-O",
  .others_say = "init",
  .details = "DIR becomes an additional image store (additionalimagestores in storage.conf). Its "
             "files are hardlinks of the repository's where that can be.",
  .completes = "@image",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_QUIET | UL_USES_LOCK | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
