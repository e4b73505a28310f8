// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/image-options.h"
#include "cli/image-print.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "core/oci-digest.h"
#include "image/export.h"
#include "image/resolve.h"
#include "util/error.h"

#include <stdio.h>

typedef struct
{
  gboolean exact;
  gboolean repack;
  UlCliRegistry registry;
} Options;

static gboolean
parse_tls_verify (const char *value, gpointer data, GError **error)
{
  return ul_cli_parse_tls_verify (value, &((Options *) data)->registry, error);
}

static void
print_json (const char *name, const UlImageExportResult *result)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  ul_json_add_string (builder, "name", name);
  ul_json_add_digest (builder, "digest", &result->manifest);
  ul_json_add_digest (builder, "original_digest", &result->original);
  ul_json_add_bool (builder, "converted", result->converted);
  ul_json_add_int (builder, "layers", result->layers);
  ul_json_add_int (builder, "layers_changed", result->layers_changed);
  ul_json_add_int (builder, "bytes_written", (gint64) result->bytes_written);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static void
print_text (const char *name, const UlImageExportResult *result)
{
  char digest[UL_OCI_DIGEST_SIZE];
  g_autofree char *written = g_format_size (result->bytes_written);
  ul_oci_digest_format (&result->manifest, digest);
  printf ("%s: %s, %u layer%s (%s written)\n", name, digest, result->layers,
          result->layers == 1 ? "" : "s", written);
}

/* Whoever signed the image or refers to it by its digest has to know, --quiet or not. */
static void
warn_changed (const char *name, const UlImageExportResult *result)
{
  char manifest[UL_OCI_DIGEST_SIZE];
  char original[UL_OCI_DIGEST_SIZE];
  ul_oci_digest_format (&result->manifest, manifest);
  ul_oci_digest_format (&result->original, original);
  g_autoptr (GString) why = g_string_new (result->converted ? "from Docker's format to OCI's" : "");
  if (result->layers_changed > 0)
    g_string_append_printf (why, "%s%u of %u layer%s packed anew", why->len > 0 ? ", " : "",
                            result->layers_changed, result->layers, result->layers == 1 ? "" : "s");
  fprintf (stderr, "%s: the manifest's digest is %s, not %s as it was: %s\n", name, manifest,
           original, why->str);
}

static gboolean export(UlInvocation *inv, const Options *options, UlRepo *repo, GError **error)
{
  UlProgress progress = { 0 };
  UlImageExportResult result;
  g_autofree char *name = NULL;
  if (!ul_image_resolve (repo, inv->argv[0], &name, error))
    return FALSE;
  const UlImageExportOptions request = {
    .exact = options->exact,
    .repack = options->repack,
    .skopeo = {
      .authfile = options->registry.authfile,
      .cert_dir = options->registry.cert_dir,
      .insecure_tls = options->registry.insecure_tls,
    },
    .jobs = (guint) inv->jobs,
    .progress = &progress,
  };
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Exporting", &progress);
  const gboolean ok = ul_image_export (repo, name, inv->argv[1], &request, &result, error);
  ul_progress_bar_stop (g_steal_pointer (&bar));
  if (!ok)
    return ul_prefix (error, "export %s", name);
  if (result.converted || result.layers_changed > 0)
    warn_changed (name, &result);
  if (inv->json)
    print_json (name, &result);
  else if (!inv->quiet)
    print_text (name, &result);
  return TRUE;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (inv->argc != 2)
    return ul_throw (error, UL_ERROR_INVALID, "An IMAGE and a DESTINATION must be given");
  if (options->exact && options->repack)
    return ul_throw (error, UL_ERROR_INVALID, "--exact and --repack exclude each other");
  if (!ul_cli_check_location (inv->argv[1], error))
    return FALSE;
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  return repo != NULL && export(inv, options, repo, error);
}

static const UlOption table[] = {
  { "exact", 0, UL_OPTION_FLAG, offsetof (Options, exact), NULL,
    "Fail if the image can't be the same, rather than pack layers anew" },
  { "repack", 0, UL_OPTION_FLAG, offsetof (Options, repack), NULL,
    "Pack layers the fastest way, without looking for the one that gives them their digests" },
  UL_CLI_REGISTRY_OPTIONS (Options, registry, parse_tls_verify),
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_export = {
  .name = "image export",
  .args = "IMAGE DESTINATION",
  .summary = "Write a container image for other tools",
  .others_say = "push save",
  .details = "DESTINATION is oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker://NAME[:TAG]. The "
             "image is the one that "
             "was imported, byte for byte, "
             "where its layers can be packed again as they were. IMAGE is a name or an ID.",
  .completes = "@image oci:@dir|oci-archive:@file|docker://",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_QUIET | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
