// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/image-options.h"
#include "cli/image-print.h"
#include "cli/input.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/timestamp.h"
#include "core/image-name.h"
#include "core/oci-digest.h"
#include "image/build.h"
#include "image/resolve.h"
#include "util/error.h"
#include "util/json.h"

#include <stdio.h>
#include <string.h>

typedef struct
{
  char **from;
  char *base;
  gboolean squash;
  UlToTarCompression compression;
  gboolean keep_labels;
  gboolean keep_blobs;
  char *timestamp;
  char *config;
  char *platform;
  char *author;
  char *user;
  char *workdir;
  char *stop_signal;
  char *entrypoint;
  char *cmd;
  char **env;
  char **labels;
  char **ports;
  char **volumes;
  char **annotations;
  gboolean no_fsync;
  gboolean per_object_fsync;
} Options;

/* What the library needs and the options don't own. */
typedef struct
{
  UlImageSettings settings;
  GBytes *document;
  UlOciPlatform *default_platform;
  UlOciPlatform *platform;
  char **entrypoint;
  char **cmd;
} Settings;

static void
settings_clear (Settings *self)
{
  g_clear_pointer (&self->document, g_bytes_unref);
  g_clear_pointer (&self->default_platform, ul_oci_platform_free);
  g_clear_pointer (&self->platform, ul_oci_platform_free);
  g_strfreev (self->entrypoint);
  g_strfreev (self->cmd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Settings, settings_clear)

static gboolean
parse_compress (const char *value, gpointer data, GError **error)
{
  Options *options = data;
  if (g_str_equal (value, "gzip"))
    options->compression = UL_TO_TAR_GZIP;
  else if (g_str_equal (value, "zstd"))
    options->compression = UL_TO_TAR_ZSTD;
  else if (g_str_equal (value, "none"))
    options->compression = UL_TO_TAR_PLAIN;
  else
    return ul_throw (error, UL_ERROR_INVALID,
                     "--compress must be one of gzip, zstd, none, not '%s'", value);
  return TRUE;
}

/* An array of JSON, as in a config; else words as a shell has them, though none will run. */
static gboolean
parse_words (const char *option, const char *text, char ***out, GError **error)
{
  g_autoptr (GError) cause = NULL;
  if (text == NULL)
    return TRUE;
  if (*text == '[')
    return ul_json_read_strings (text, out, error) || ul_prefix (error, "%s", option);
  if (g_shell_parse_argv (text, NULL, out, &cause))
    return TRUE;
  if (!g_error_matches (cause, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING))
    return ul_throw (error, UL_ERROR_INVALID, "%s: %s", option, cause->message);
  *out = g_new0 (char *, 1);
  return TRUE;
}

static gboolean
read_document (const char *path, GBytes **out, GError **error)
{
  return path == NULL || ul_input_read (path, out, error) || ul_prefix (error, "--config");
}

static gboolean
make_settings (const Options *options, Settings *out, GError **error)
{
  out->default_platform = ul_cli_platform (NULL, error);
  if (out->default_platform == NULL || !read_document (options->config, &out->document, error)
      || !parse_words ("--entrypoint", options->entrypoint, &out->entrypoint, error)
      || !parse_words ("--cmd", options->cmd, &out->cmd, error))
    return FALSE;
  if (options->platform != NULL)
    {
      out->platform = ul_cli_platform (options->platform, error);
      if (out->platform == NULL)
        return FALSE;
    }
  out->settings = (UlImageSettings){
    .document = out->document,
    .default_platform = out->default_platform,
    .platform = out->platform,
    .author = options->author,
    .user = options->user,
    .workdir = options->workdir,
    .stop_signal = options->stop_signal,
    .entrypoint = out->entrypoint,
    .cmd = out->cmd,
    .env = options->env,
    .labels = options->labels,
    .ports = options->ports,
    .volumes = options->volumes,
  };
  return TRUE;
}

/* REV[,REV...] of each --from. */
static gboolean
split_revs (char **from, GPtrArray **out, GError **error)
{
  g_autoptr (GPtrArray) revs = g_ptr_array_new_with_free_func (g_free);
  for (char **list = from; list != NULL && *list != NULL; list++)
    {
      g_auto (GStrv) parts = g_strsplit (*list, ",", -1);
      for (char **part = parts; *part != NULL; part++)
        {
          if (**part == '\0')
            return ul_throw (error, UL_ERROR_INVALID, "--from=%s: a REV is empty", *list);
          g_ptr_array_add (revs, g_strdup (*part));
        }
      if (*parts == NULL)
        return ul_throw (error, UL_ERROR_INVALID, "--from=%s: a REV is empty", *list);
    }
  g_ptr_array_add (revs, NULL);
  *out = g_steal_pointer (&revs);
  return TRUE;
}

static void
print_json (const char *name, const UlImageBuildResult *result)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  ul_json_add_string (builder, "name", name);
  ul_json_add_digest (builder, "digest", &result->manifest);
  ul_json_add_digest (builder, "config", &result->config);
  ul_json_add_checksum (builder, "commit", &result->import.commit);
  ul_json_add_bool (builder, "unchanged", result->import.unchanged);
  ul_json_add_int (builder, "layers", result->import.layers);
  ul_json_add_int (builder, "layers_new", result->import.layers_read);
  ul_json_add_int (builder, "bytes_packed", (gint64) result->import.bytes_read);
  ul_json_add_int (builder, "bytes_written", (gint64) result->import.bytes_written);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static void
print_text (const char *name, const UlImageBuildResult *result)
{
  char manifest[UL_OCI_DIGEST_SIZE];
  const UlImageImportResult *import = &result->import;
  g_autofree char *packed = g_format_size (import->bytes_read);
  ul_oci_digest_format (&result->manifest, manifest);
  printf ("%s: %s, %u layer%s, %u new (%s packed)%s\n", name, manifest, import->layers,
          import->layers == 1 ? "" : "s", import->layers_read, packed,
          import->unchanged ? ", unchanged" : "");
}

static gboolean
build (const UlInvocation *inv, UlRepo *repo, const UlImageBuildOptions *options,
       UlProgress *progress, GError **error)
{
  UlImageBuildResult result;
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Building", progress);
  const gboolean ok = ul_image_build (repo, options, &result, error);
  ul_progress_bar_stop (g_steal_pointer (&bar));
  if (!ok)
    return ul_prefix (error, "build %s", options->name);
  if (inv->json)
    print_json (options->name, &result);
  else if (!inv->quiet)
    print_text (options->name, &result);
  return TRUE;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  g_autofree char *name = NULL;
  g_autofree char *base = NULL;
  g_autoptr (GPtrArray) revs = NULL;
  g_auto (Settings) settings = { 0 };
  if (inv->argc != 1)
    return ul_throw (error, UL_ERROR_INVALID, "Exactly one NAME must be given");
  if (options->from == NULL && options->base == NULL)
    return ul_throw (error, UL_ERROR_INVALID,
                     "What to build it of must be given: --from or --base");
  if (strchr (inv->argv[0], '@') != NULL)
    return ul_throw (error, UL_ERROR_INVALID,
                     "%s: a name with a digest, which follows from what is built", inv->argv[0]);
  if (!ul_image_name_normalize (inv->argv[0], &name, error)
      || !split_revs (options->from, &revs, error) || !make_settings (options, &settings, error))
    return FALSE;
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL
      || (options->base != NULL && !ul_image_resolve (repo, options->base, &base, error)))
    return FALSE;
  UlProgress progress = { 0 };
  UlImageBuildOptions request = {
    .name = name,
    .base = base,
    .squash = options->squash,
    .revs = (const char *const *) revs->pdata,
    .compression = options->compression,
    .keep_labels = options->keep_labels,
    .settings = &settings.settings,
    .annotations = options->annotations,
    .keep_blobs = options->keep_blobs,
    .jobs = (guint) inv->jobs,
    .progress = &progress,
    .transaction = { .no_fsync = options->no_fsync, .per_object_fsync = options->per_object_fsync },
  };
  request.has_timestamp = options->timestamp != NULL;
  if (request.has_timestamp && *options->timestamp == '\0')
    return ul_throw (error, UL_ERROR_INVALID, "--timestamp: it is empty");
  if (request.has_timestamp && !ul_timestamp_parse (options->timestamp, &request.timestamp, error))
    return ul_prefix (error, "--timestamp");
  return build (inv, repo, &request, &progress, error);
}

static const Options defaults = { .compression = UL_TO_TAR_GZIP };

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("What it's made of"),
  { "from", 0, UL_OPTION_STRING_LIST, offsetof (Options, from), "REV[,REV...]",
    "Commits, each of which becomes a layer, the lowest first; may be given again", "@rev," },
  { "base", 0, UL_OPTION_STRING, offsetof (Options, base), "IMAGE",
    "Put them upon the layers of this image, whose config is the one to start from", "@image" },
  { "squash", 0, UL_OPTION_FLAG, offsetof (Options, squash), NULL,
    "Make one layer of the commits" },
  { "keep-labels", 0, UL_OPTION_FLAG, offsetof (Options, keep_labels), NULL,
    "Have the files' SELinux labels in the layers" },
  { "timestamp", 0, UL_OPTION_STRING, offsetof (Options, timestamp), "TIMESTAMP",
    "Time of the image and of all files: @SECONDS, ISO 8601, or as date(1) takes it (default: "
    "those of the commits)" },
  UL_OPTIONS_HEADING ("How it's run"),
  { "config", 0, UL_OPTION_PATH, offsetof (Options, config), "FILE",
    "An OCI image config, over the base's; the options below change it", "@file" },
  { "entrypoint", 0, UL_OPTION_STRING, offsetof (Options, entrypoint), "WORDS",
    "The program and its first arguments: words, or a JSON array; empty: none" },
  { "cmd", 0, UL_OPTION_STRING, offsetof (Options, cmd), "WORDS",
    "Arguments that a user may replace, or the program: words, or a JSON array; empty: none" },
  { "env", 'e', UL_OPTION_STRING_LIST, offsetof (Options, env), "NAME=VALUE",
    "Set an environment variable; may be given again" },
  { "user", 'u', UL_OPTION_STRING, offsetof (Options, user), "USER[:GROUP]", "Run as this user" },
  { "workdir", 'w', UL_OPTION_STRING, offsetof (Options, workdir), "PATH",
    "Run in this directory" },
  { "expose", 0, UL_OPTION_STRING_LIST, offsetof (Options, ports), "PORT[/PROTOCOL]",
    "It listens on this port; may be given again" },
  { "volume", 0, UL_OPTION_STRING_LIST, offsetof (Options, volumes), "PATH",
    "It keeps its data in this directory; may be given again" },
  { "stop-signal", 0, UL_OPTION_STRING, offsetof (Options, stop_signal), "SIGNAL",
    "What ends it, such as SIGINT or 15" },
  UL_OPTIONS_HEADING ("What is said of it"),
  { "platform", 0, UL_OPTION_STRING, offsetof (Options, platform), "OS/ARCH[/VARIANT]",
    "What it runs on (default: the base's or config's, else Linux on this machine)" },
  { "label", 'l', UL_OPTION_STRING_LIST, offsetof (Options, labels), "NAME=VALUE",
    "Set a label in the config; may be given again" },
  { "annotation", 0, UL_OPTION_STRING_LIST, offsetof (Options, annotations), "NAME=VALUE",
    "Set an annotation in the manifest; may be given again" },
  { "author", 0, UL_OPTION_STRING, offsetof (Options, author), "TEXT", "Who made it" },
  UL_OPTIONS_HEADING ("How it's stored"),
  { "compress", 0, UL_OPTION_CALLBACK, 0, "METHOD",
    "Pack the layers with gzip (the default) or zstd, or not at all: none", "gzip zstd none",
    parse_compress },
  { "keep-blobs", 0, UL_OPTION_FLAG, offsetof (Options, keep_blobs), NULL,
    "Keep what makes the packed layers again, so that an export needn't find out how" },
  { "disable-fsync", 0, UL_OPTION_FLAG, offsetof (Options, no_fsync), NULL,
    "Do not make the result durable" },
  { "per-object-fsync", 0, UL_OPTION_FLAG, offsetof (Options, per_object_fsync), NULL,
    "Sync each object, not the whole file system, which makes others wait" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_build = {
  .name = "image build",
  .args = "NAME",
  .summary = "Make a container image of commits",
  .details = "Each commit becomes a layer, with its whiteouts as deletions. The same commits and "
             "options always give the same image, with the same digest.",
  .completes = "@image",
  .uses = UL_USES_REPO | UL_USES_JOBS | UL_USES_QUIET | UL_USES_LOCK | UL_USES_JSON,
  .options_size = sizeof (Options),
  .defaults = &defaults,
  .options = table,
  .run = run,
};
