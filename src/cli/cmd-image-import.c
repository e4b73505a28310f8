// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/image-options.h"
#include "cli/open.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "core/image-name.h"
#include "image/import.h"
#include "util/error.h"

#include <stdio.h>

typedef struct
{
  char *name;
  char *platform;
  UlDevicePolicy devices;
  gboolean keep_blobs;
  gboolean no_keep_blobs;
  UlCliRegistry registry;
  gboolean insecure_policy;
  gboolean no_fsync;
  gboolean per_object_fsync;
} Options;

static gboolean
parse_devices (const char *value, gpointer data, GError **error)
{
  return ul_cli_parse_devices (value, &((Options *) data)->devices, error);
}

static gboolean
parse_tls_verify (const char *value, gpointer data, GError **error)
{
  return ul_cli_parse_tls_verify (value, &((Options *) data)->registry, error);
}

static void
print_json (const char *name, const UlImageImportResult *result)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  ul_json_add_string (builder, "name", name);
  ul_json_add_checksum (builder, "commit", &result->commit);
  ul_json_add_bool (builder, "unchanged", result->unchanged);
  ul_json_add_int (builder, "layers", result->layers);
  ul_json_add_int (builder, "layers_read", result->layers_read);
  ul_json_add_int (builder, "blobs_kept", result->blobs_kept);
  ul_json_add_int (builder, "bytes_read", (gint64) result->bytes_read);
  ul_json_add_int (builder, "bytes_written", (gint64) result->bytes_written);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static void
print_text (const char *name, const UlImageImportResult *result)
{
  g_autofree char *read = g_format_size (result->bytes_read);
  g_autofree char *written = g_format_size (result->bytes_written);
  printf ("%s: %u layer%s, %u new", name, result->layers, result->layers == 1 ? "" : "s",
          result->layers_read);
  if (result->blobs_added > 0)
    printf (", %u blob%s kept", result->blobs_added, result->blobs_added == 1 ? "" : "s");
  printf (" (%s read, %s of new files written)%s\n", read, written,
          result->unchanged ? ", unchanged" : "");
}

static gboolean
choose_name (const Options *options, const UlImageSource *source, char **out, GError **error)
{
  if (options->name != NULL)
    return ul_image_name_normalize (options->name, out, error) || ul_prefix (error, "--name");
  return ul_image_source_suggest_name (source, out, error)
         || ul_prefix (error, "no name for the image, give one with --name");
}

static gboolean
import (UlInvocation *inv, const Options *options, UlRepo *repo, const UlImageSource *source,
        GError **error)
{
  UlProgress progress = { 0 };
  UlImageImportResult result;
  g_autofree char *name = NULL;
  if (!choose_name (options, source, &name, error))
    return FALSE;
  const UlImageImportOptions request = {
    .name = name,
    .devices = options->devices,
    .forget_blobs = options->no_keep_blobs || (!options->keep_blobs && !ul_repo_keep_blobs (repo)),
    .jobs = (guint) inv->jobs,
    .transaction = { .no_fsync = options->no_fsync, .per_object_fsync = options->per_object_fsync },
    .progress = &progress,
  };
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Importing", &progress);
  const gboolean ok = ul_image_import (repo, source, &request, &result, error);
  ul_progress_bar_stop (g_steal_pointer (&bar));
  if (!ok)
    return FALSE;
  if (inv->json)
    print_json (name, &result);
  else if (!inv->quiet)
    print_text (name, &result);
  return TRUE;
}

/* The user's own policy, or that of all; NULL if none is to be asked. Free it. */
static char *
find_policy (const Options *options)
{
  if (options->insecure_policy)
    return NULL;
  g_autofree char *own
      = g_build_filename (g_get_home_dir (), ".config", "containers", "policy.json", NULL);
  return g_file_test (own, G_FILE_TEST_EXISTS) ? g_steal_pointer (&own)
                                               : g_strdup ("/etc/containers/policy.json");
}

static gboolean
open_and_import (UlInvocation *inv, const Options *options, UlRepo *repo,
                 const UlOciPlatform *platform, GError **error)
{
  g_autofree char *policy = find_policy (options);
  const UlImageSourceOptions where = {
    .platform = platform,
    .tmp_dfd = ul_repo_tmp_dfd (repo),
    .skopeo = {
      .authfile = options->registry.authfile,
      .cert_dir = options->registry.cert_dir,
      .insecure_tls = options->registry.insecure_tls,
      .policy = policy,
    },
  };
  g_autoptr (UlImageSource) source = ul_image_source_open (inv->argv[0], &where, error);
  return source != NULL && import (inv, options, repo, source, error);
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (inv->argc != 1)
    return ul_throw (error, UL_ERROR_INVALID, "Exactly one SOURCE must be given");
  if (options->keep_blobs && options->no_keep_blobs)
    return ul_throw (error, UL_ERROR_INVALID,
                     "--keep-blobs and --no-keep-blobs exclude each other");
  if (!ul_cli_check_location (inv->argv[0], error))
    return FALSE;
  g_autoptr (UlOciPlatform) platform = ul_cli_platform (options->platform, error);
  if (platform == NULL)
    return FALSE;
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  return repo != NULL
         && (open_and_import (inv, options, repo, platform, error)
             || ul_prefix (error, "import %s", inv->argv[0]));
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("What to import"),
  { "name", 0, UL_OPTION_STRING, offsetof (Options, name), "NAME",
    "Name the image NAME; without a registry it's in localhost/, without a tag it's latest" },
  { "platform", 0, UL_OPTION_STRING, offsetof (Options, platform), "OS/ARCH[/VARIANT]",
    "Which image of an index (default: Linux on this machine)" },
  UL_CLI_REGISTRY_OPTIONS (Options, registry, parse_tls_verify),
  { "insecure-policy", 0, UL_OPTION_FLAG, offsetof (Options, insecure_policy), NULL,
    "Don't ask the policy about signatures (containers-policy.json(5))" },
  UL_OPTIONS_HEADING ("How"),
  { "devices", 0, UL_OPTION_CALLBACK, 0, "error|skip",
    "Devices, FIFOs and sockets in layers, which can't be stored: fail and list them, or leave "
    "them "
    "out (default: error)",
    "error skip", parse_devices },
  { "keep-blobs", 0, UL_OPTION_FLAG, offsetof (Options, keep_blobs), NULL,
    "Keep what makes the packed layers again as they came, so that an export is the same image: of "
    "gzip a fifth of it or more, else all (default, unless the repository's image.keep-blobs says "
    "no)" },
  { "no-keep-blobs", 0, UL_OPTION_FLAG, offsetof (Options, no_keep_blobs), NULL,
    "Don't keep it, which is faster and smaller, but an export may be another image" },
  { "disable-fsync", 0, UL_OPTION_FLAG, offsetof (Options, no_fsync), NULL,
    "Do not make the result durable" },
  { "per-object-fsync", 0, UL_OPTION_FLAG, offsetof (Options, per_object_fsync), NULL,
    "Sync each object, not the whole file system, which makes others wait" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_import = {
  .name = "image import",
  .args = "SOURCE",
  .summary = "Import a container image",
  .others_say = "pull load copy",
  .details = "SOURCE is oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], "
             "docker://NAME[:TAG] or containers-storage:NAME[:TAG]. Each layer becomes a commit, "
             "and layers that are there already aren't read again.",
  .completes = "oci:@dir|oci-archive:@file|docker-archive:@file|docker://|containers-storage:",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_QUIET | UL_USES_LOCK | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
