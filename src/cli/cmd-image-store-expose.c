// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/escape.h"
#include "cli/open-store.h"
#include "cli/print.h"
#include "image/embed.h"
#include "image/store-expose.h"
#include "util/error.h"
#include "util/fd.h"

#include <fcntl.h>
#include <stdio.h>

#define UNITS        "/etc/systemd/system"
#define PROGRAM      "/proc/self/exe"
#define USER_CONF    ".config/containers/storage.conf"
#define MAX_CONF     (1024 * 1024)
#define MAX_IDS_SAID 5

typedef struct
{
  char *store;
  char *user;
  char *unit; /* "": UNITS */
  gboolean remove;
  gboolean dry_run;
} Options;

/* What is said of it at the end. */
typedef struct
{
  char *unit; /* path; NULL: none */
  char *unit_text;
  char *conf; /* path of the user's storage.conf */
  char *conf_text;
  gboolean conf_names;
} Report;

static void
clear_report (Report *report)
{
  g_free (report->unit);
  g_free (report->unit_text);
  g_free (report->conf);
  g_free (report->conf_text);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Report, clear_report)

static const char *
units_of (const Options *options)
{
  return options->unit != NULL && *options->unit != '\0' ? options->unit : UNITS;
}

/* A user's file replaces the machine's as a whole, and podman asks for the driver then. */
static void
look_at_conf (const UlStoreExposure *exposure, Report *report)
{
  const char *const paths[] = { exposure->directory, NULL };
  g_autofree char *line = ul_embed_conf_line (paths);
  g_autoptr (GBytes) bytes = NULL;
  report->conf = g_build_filename (exposure->user->home, USER_CONF, NULL);
  report->conf_text
      = g_strdup_printf ("[storage]\ndriver = \"overlay\"\n\n[storage.options]\n%s\n", line);
  if (!ul_fd_read_file_at (AT_FDCWD, report->conf, MAX_CONF, TRUE, &bytes, NULL) || bytes == NULL
      || g_bytes_get_size (bytes) == 0)
    return;
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  report->conf_names = ul_embed_conf_names (text, paths);
}

static gboolean
make_unit (const Options *options, const UlStoreExposure *exposure, Report *report, GError **error)
{
  g_autofree char *program = g_file_read_link (PROGRAM, error);
  if (program == NULL)
    return FALSE;
  g_autofree char *name = ul_expose_unit_name (exposure->directory, error);
  if (name == NULL)
    return FALSE;
  report->unit = g_build_filename (units_of (options), name, NULL);
  report->unit_text = ul_expose_unit_text (exposure, program);
  return options->dry_run
         || ul_expose_unit_write (units_of (options), name, report->unit_text, error);
}

static void
add_map (JsonBuilder *builder, const char *name, const GArray *ranges)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < ranges->len; i++)
    {
      const UlIdRange *range = &g_array_index (ranges, UlIdRange, i);
      json_builder_begin_object (builder);
      ul_json_add_int (builder, "inside", range->inside);
      ul_json_add_int (builder, "outside", range->outside);
      ul_json_add_int (builder, "count", range->count);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_path (JsonBuilder *builder, const char *name, const char *path)
{
  if (path != NULL)
    ul_json_add_path (builder, name, path);
  else
    ul_json_add_string (builder, name, NULL);
}

static void
add_ids (JsonBuilder *builder, const char *name, const GArray *ids)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < ids->len; i++)
    json_builder_add_int_value (builder, g_array_index (ids, guint32, i));
  json_builder_end_array (builder);
}

static void
print_json (const Options *options, const UlStoreExposure *exposure, const Report *report)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  ul_json_add_path (builder, "store", exposure->store);
  ul_json_add_path (builder, "directory", exposure->directory);
  ul_json_add_bool (builder, "dry_run", options->dry_run);
  ul_json_add_bool (builder, "was_mounted", exposure->mounted);
  ul_json_add_string (builder, "user", exposure->user->name);
  ul_json_add_int (builder, "uid", exposure->user->uid);
  ul_json_add_int (builder, "gid", exposure->user->gid);
  add_map (builder, "uid_map", exposure->map->uids);
  add_map (builder, "gid_map", exposure->map->gids);
  add_ids (builder, "hidden_uids", exposure->hidden_uids);
  add_ids (builder, "hidden_gids", exposure->hidden_gids);
  add_path (builder, "unit", report->unit);
  add_path (builder, "unit_text", report->unit_text);
  ul_json_add_path (builder, "storage_conf", report->conf);
  ul_json_add_bool (builder, "storage_conf_names_it", report->conf_names);
  ul_json_add_path (builder, "storage_conf_text", report->conf_text);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static void
print_hidden (const char *kind, const UlStoreExposure *exposure, const GArray *ids)
{
  if (ids->len == 0)
    return;
  printf ("%s that %s has no id for, and that appear as nobody:", kind, exposure->user->name);
  for (guint i = 0; i < ids->len && i < MAX_IDS_SAID; i++)
    printf (" %u", g_array_index (ids, guint32, i));
  if (ids->len > MAX_IDS_SAID)
    printf (" and %u more", ids->len - MAX_IDS_SAID);
  putchar ('\n');
}

static void
print_text (const Options *options, const UlStoreExposure *exposure, const Report *report)
{
  g_autofree char *store = ul_escape (exposure->store);
  g_autofree char *directory = ul_escape (exposure->directory);
  g_autofree char *conf = ul_escape (report->conf);
  printf ("%s %s at %s for %s\n",
          exposure->mounted  ? "there already:"
          : options->dry_run ? "would mount"
                             : "mounted",
          store, directory, exposure->user->name);
  print_hidden ("uids", exposure, exposure->hidden_uids);
  print_hidden ("gids", exposure, exposure->hidden_gids);
  if (report->unit != NULL)
    {
      g_autofree char *unit = ul_escape (report->unit);
      printf ("%s %s\n", options->dry_run ? "would write" : "wrote", unit);
      if (options->dry_run)
        printf ("\n%s\n", report->unit_text);
    }
  if (report->conf_names)
    printf ("%s names it\n", conf);
  else
    printf ("%s needs this:\n\n%s", conf, report->conf_text);
}

static gboolean
expose (const UlInvocation *inv, const Options *options, GError **error)
{
  g_auto (Report) report = { 0 };
  if (options->store == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "Which store must be given, with --store=STORE");
  if (options->user == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "For whom must be given, with --user=USER");
  g_autoptr (UlStore) store = ul_cli_open_store (inv, options->store, 0, error);
  if (store == NULL)
    return FALSE;
  g_autoptr (UlStoreExposure) exposure
      = ul_store_exposure_new (store, options->user, inv->argv[0], error);
  if (exposure == NULL || (!options->dry_run && !ul_store_expose (exposure, error))
      || (options->unit != NULL && !make_unit (options, exposure, &report, error)))
    return FALSE;
  look_at_conf (exposure, &report);
  if (inv->json)
    print_json (options, exposure, &report);
  else if (!inv->quiet)
    print_text (options, exposure, &report);
  return TRUE;
}

static void
print_removed (const UlInvocation *inv, const Options *options, const char *directory,
               gboolean mounted, const char *unit)
{
  g_autofree char *shown = ul_escape (directory);
  if (inv->json)
    {
      g_autoptr (JsonBuilder) builder = json_builder_new ();
      json_builder_begin_object (builder);
      ul_json_add_path (builder, "directory", directory);
      ul_json_add_bool (builder, "dry_run", options->dry_run);
      ul_json_add_bool (builder, "was_mounted", mounted);
      add_path (builder, "unit", unit);
      json_builder_end_object (builder);
      ul_print_json (builder);
      return;
    }
  if (inv->quiet)
    return;
  if (mounted)
    printf ("%s %s\n", options->dry_run ? "would unmount" : "unmounted", shown);
  if (unit != NULL)
    {
      g_autofree char *path = ul_escape (unit);
      printf ("%s %s\n", options->dry_run ? "would remove" : "removed", path);
    }
}

/* The unit goes only when the mount has: it says what is there. */
static gboolean
take_away (const UlInvocation *inv, const Options *options, GError **error)
{
  g_autofree char *directory = g_canonicalize_filename (inv->argv[0], NULL);
  gboolean mounted;
  gboolean has_unit;
  if (options->store != NULL || options->user != NULL)
    return ul_throw (error, UL_ERROR_INVALID, "--remove takes no --store and no --user");
  g_autofree char *name = ul_expose_unit_name (directory, error);
  if (name == NULL || !ul_store_unexpose (directory, options->dry_run, &mounted, error)
      || !ul_expose_unit_remove (units_of (options), name, options->dry_run, &has_unit, error))
    return FALSE;
  if (!mounted && !has_unit)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "%s: no store is mounted there", directory);
  g_autofree char *unit = has_unit ? g_build_filename (units_of (options), name, NULL) : NULL;
  print_removed (inv, options, directory, mounted, unit);
  return TRUE;
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (inv->argc != 1)
    return ul_throw (error, UL_ERROR_INVALID, "Exactly one DIR must be given");
  if (!options->dry_run && geteuid () != 0)
    return ul_throw (error, UL_ERROR_INVALID, "Only root can mount a store");
  return options->remove ? take_away (inv, options, error) : expose (inv, options, error);
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("What and for whom"),
  { "store", 0, UL_OPTION_PATH, offsetof (Options, store), "STORE", "The container store", "@dir" },
  { "user", 0, UL_OPTION_STRING, offsetof (Options, user), "USER",
    "Whose containers it is for, by name or uid", "@user" },
  UL_OPTIONS_HEADING ("How"),
  { "unit", 0, UL_OPTION_OPTIONAL, offsetof (Options, unit), "UNITS",
    "Also have systemd do it at each start, by a unit in UNITS (" UNITS ")", "@dir" },
  { "remove", 0, UL_OPTION_FLAG, offsetof (Options, remove), NULL,
    "Unmount what is at DIR, and remove its unit" },
  { "dry-run", 0, UL_OPTION_FLAG, offsetof (Options, dry_run), NULL,
    "Only say what would be done" },
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_image_store_expose = {
  .name = "image store expose",
  .args = "DIR",
  .summary = "Show a store of root's to a user's rootless containers",
  .details = "Mounts the store at DIR, read-only, with owners as they are in containers of the "
             "user. Nothing is copied.",
  .completes = "@dir",
  .uses = UL_USES_QUIET | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
