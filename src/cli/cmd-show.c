// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "cli/open.h"
#include "cli/print.h"
#include "core/sizes.h"
#include "repo/objects.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

typedef struct
{
  gboolean print_related;
  gboolean print_sizes;
  gboolean raw;
  gboolean no_byteswap;
  char *variant_type;
  char *metadata_key;
  char *detached_metadata_key;
} Options;

static gboolean
print_file_as_variant (const char *path, const Options *options, GError **error)
{
  if (!g_variant_type_string_is_valid (options->variant_type)
      || !g_variant_type_is_definite (G_VARIANT_TYPE (options->variant_type)))
    return ul_throw (error, UL_ERROR_INVALID, "'%s' is no GVariant type", options->variant_type);

  g_autoptr (GBytes) bytes = NULL;
  if (!ul_fd_read_file_at (AT_FDCWD, path, UL_OBJECT_MAX_METADATA_SIZE, FALSE, &bytes, error))
    return FALSE;
  g_autoptr (GVariant) variant = g_variant_ref_sink (
      g_variant_new_from_bytes (G_VARIANT_TYPE (options->variant_type), bytes, FALSE));
  ul_print_variant (variant, !options->no_byteswap);
  return TRUE;
}

static gboolean
print_metadata_key (UlRepo *repo, const UlChecksum *checksum, const Options *options,
                    GError **error)
{
  const char *key = options->detached_metadata_key;
  g_autoptr (GVariant) metadata = NULL;
  if (key != NULL)
    {
      if (!ul_objects_load_if_exists (repo, UL_OBJECT_COMMITMETA, checksum, &metadata, error))
        return FALSE;
      if (metadata == NULL)
        {
          g_autofree char *hex = ul_checksum_dup_hex (checksum);
          return ul_throw (error, UL_ERROR_NOT_FOUND, "No detached metadata for commit %s", hex);
        }
    }
  else
    {
      key = options->metadata_key;
      g_auto (UlCommit) commit = { 0 };
      if (!ul_objects_load_commit (repo, checksum, &commit, error))
        return FALSE;
      metadata = g_variant_ref (commit.metadata);
    }

  g_autoptr (GVariant) value = g_variant_lookup_value (metadata, key, NULL);
  if (value == NULL)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "No such metadata key '%s'", key);
  ul_print_variant (value, !options->no_byteswap);
  return TRUE;
}

static gboolean
print_related (UlRepo *repo, const UlChecksum *checksum, GError **error)
{
  g_auto (UlCommit) commit = { 0 };
  if (!ul_objects_load_commit (repo, checksum, &commit, error))
    return FALSE;
  for (gsize i = 0; i < g_variant_n_children (commit.related); i++)
    {
      const char *name;
      g_autoptr (GVariant) bytes = NULL;
      g_variant_get_child (commit.related, i, "(&s@ay)", &name, &bytes);
      UlChecksum related;
      if (!ul_checksum_from_variant (bytes, &related))
        return ul_throw (error, UL_ERROR_CORRUPT, "Related commit '%s' has an invalid checksum",
                         name);
      g_autofree char *hex = ul_checksum_dup_hex (&related);
      printf ("%s %s\n", name, hex);
    }
  return TRUE;
}

typedef struct
{
  UlRepo *repo;
  guint64 n, stored, unpacked;
  guint64 n_needed, stored_needed, unpacked_needed;
} Sizes;

static gboolean
count_size (const UlSize *size, gpointer data, GError **error)
{
  Sizes *sizes = data;
  gboolean has;
  if (!ul_objects_has (sizes->repo, size->type, &size->checksum, &has, error))
    return FALSE;
  sizes->n++;
  sizes->stored += size->stored;
  sizes->unpacked += size->unpacked;
  if (!has)
    {
      sizes->n_needed++;
      sizes->stored_needed += size->stored;
      sizes->unpacked_needed += size->unpacked;
    }
  return TRUE;
}

static void
print_size (const char *what, guint64 needed, guint64 total)
{
  g_autofree char *needed_text = g_format_size (needed);
  g_autofree char *total_text = g_format_size (total);
  printf ("%s (needed/total): %s/%s\n", what, needed_text, total_text);
}

static gboolean
print_sizes (UlRepo *repo, const UlChecksum *checksum, GError **error)
{
  g_auto (UlCommit) commit = { 0 };
  Sizes sizes = { .repo = repo };
  if (!ul_objects_load_commit (repo, checksum, &commit, error))
    return FALSE;
  g_autoptr (GVariant) value = g_variant_lookup_value (commit.metadata, UL_SIZES_KEY, NULL);
  if (value == NULL)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "No metadata key " UL_SIZES_KEY " in commit");
  if (!ul_sizes_foreach (value, count_size, &sizes, error))
    return FALSE;
  print_size ("Compressed size", sizes.stored_needed, sizes.stored);
  print_size ("Unpacked size", sizes.unpacked_needed, sizes.unpacked);
  printf ("Number of objects (needed/total): %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "\n",
          sizes.n_needed, sizes.n);
  return TRUE;
}

static gboolean
print_metadata_object (UlRepo *repo, UlObjectType type, const UlChecksum *checksum,
                       const UlInvocation *inv, const Options *options, GError **error)
{
  g_autoptr (GVariant) variant = NULL;
  if (!ul_objects_load (repo, type, checksum, &variant, error))
    return FALSE;
  g_auto (UlCommit) commit = { 0 };
  if (type == UL_OBJECT_COMMIT && !ul_commit_parse (variant, &commit, error))
    return FALSE;

  if (inv->json)
    {
      g_autoptr (JsonBuilder) builder = json_builder_new ();
      if (type == UL_OBJECT_COMMIT)
        {
          if (!ul_json_commit (builder, checksum, &commit, error))
            return FALSE;
        }
      else
        {
          g_autofree char *text = g_variant_print (variant, TRUE);
          json_builder_begin_object (builder);
          ul_json_add_checksum (builder, "checksum", checksum);
          ul_json_add_string (builder, "type", ul_object_type_name (type));
          ul_json_add_string (builder, "variant", text);
          json_builder_end_object (builder);
        }
      ul_print_json (builder);
      return TRUE;
    }

  g_autofree char *hex = ul_checksum_dup_hex (checksum);
  printf ("%s %s\n", ul_object_type_name (type), hex);
  if (options->raw || options->no_byteswap)
    ul_print_variant (variant, !options->no_byteswap);
  if (type == UL_OBJECT_COMMIT && (!options->raw || options->no_byteswap))
    return ul_print_commit_body (checksum, &commit, error);
  return TRUE;
}

static void
json_file_object (const UlChecksum *checksum, const UlFileMeta *meta, guint64 size)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  ul_json_add_checksum (builder, "checksum", checksum);
  ul_json_add_string (builder, "type", "file");
  ul_json_add_string (builder, "file_type", meta->symlink_target != NULL ? "symlink" : "regular");
  ul_json_add_int (builder, "size", (gint64) size);
  ul_json_add_string (builder, "target", meta->symlink_target);
  ul_json_add_mode (builder, "mode", meta->mode);
  ul_json_add_int (builder, "uid", meta->uid);
  ul_json_add_int (builder, "gid", meta->gid);
  ul_json_add_xattrs (builder, "xattrs", meta->xattrs);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static gboolean
print_file_object (UlRepo *repo, const UlChecksum *checksum, gboolean json, GError **error)
{
  g_auto (UlFileMeta) meta = { 0 };
  guint64 size;
  if (!ul_objects_load_file_meta (repo, checksum, &meta, &size, error))
    return FALSE;
  if (json)
    {
      json_file_object (checksum, &meta, size);
      return TRUE;
    }

  g_autofree char *hex = ul_checksum_dup_hex (checksum);
  printf ("Object: %s\nType: file\n", hex);
  if (meta.symlink_target != NULL)
    printf ("File Type: symlink\nTarget: %s\n", meta.symlink_target);
  else
    printf ("File Type: regular\nSize: %" G_GUINT64_FORMAT "\n", size);
  g_autofree char *xattrs = g_variant_print (meta.xattrs, TRUE);
  printf ("Mode: 0%o\nUid: %u\nGid: %u\nExtended Attributes: { %s }\n", meta.mode, meta.uid,
          meta.gid, xattrs);
  return TRUE;
}

/* A checksum may name an object of any type; the first that is there is shown. */
static gboolean
print_object (UlRepo *repo, const UlChecksum *checksum, const UlInvocation *inv,
              const Options *options, GError **error)
{
  static const UlObjectType types[] = { UL_OBJECT_COMMIT, UL_OBJECT_DIRTREE, UL_OBJECT_DIRMETA,
                                        UL_OBJECT_TOMBSTONE_COMMIT, UL_OBJECT_COMMITMETA };
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      gboolean has;
      if (!ul_objects_has (repo, types[i], checksum, &has, error))
        return FALSE;
      if (has)
        return print_metadata_object (repo, types[i], checksum, inv, options, error);
    }

  gboolean has;
  if (!ul_objects_has (repo, UL_OBJECT_FILE, checksum, &has, error))
    return FALSE;
  if (has)
    return print_file_object (repo, checksum, inv->json, error);
  g_autofree char *hex = ul_checksum_dup_hex (checksum);
  return ul_throw (error, UL_ERROR_NOT_FOUND, "Couldn't find file object '%s'", hex);
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  if (inv->argc < 1)
    return ul_throw (error, UL_ERROR_INVALID, "An object argument is required");
  if (inv->argc > 1)
    return ul_throw (error, UL_ERROR_INVALID, "Too many arguments given");
  const gboolean wants_part = options->variant_type != NULL || options->metadata_key != NULL
                              || options->detached_metadata_key != NULL || options->print_related
                              || options->print_sizes;
  if (inv->json && (wants_part || options->raw || options->no_byteswap))
    return ul_throw (error, UL_ERROR_INVALID,
                     "--json shows whole objects, it excludes --raw, "
                     "--no-byteswap and the --print options");
  if (options->variant_type != NULL)
    return print_file_as_variant (inv->argv[0], options, error);

  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  UlChecksum checksum;
  if (repo == NULL)
    return FALSE;
  if (!ul_checksum_from_hex (inv->argv[0], &checksum)
      && !ul_refs_resolve (repo, inv->argv[0], NULL, &checksum, error))
    return FALSE;

  if (options->metadata_key != NULL || options->detached_metadata_key != NULL)
    return print_metadata_key (repo, &checksum, options, error);
  if (options->print_related)
    return print_related (repo, &checksum, error);
  if (options->print_sizes)
    return print_sizes (repo, &checksum, error);
  return print_object (repo, &checksum, inv, options, error);
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("Show only"),
  { "print-metadata-key", 0, UL_OPTION_STRING, offsetof (Options, metadata_key), "KEY",
    "Print the value of a metadata key" },
  { "print-detached-metadata-key", 0, UL_OPTION_STRING, offsetof (Options, detached_metadata_key),
    "KEY", "Print the value of a detached metadata key" },
  { "print-related", 0, UL_OPTION_FLAG, offsetof (Options, print_related), NULL,
    "Show the \"related\" commits" },
  { "print-sizes", 0, UL_OPTION_FLAG, offsetof (Options, print_sizes), NULL,
    "Show what the commit takes, compressed and unpacked, and how much of it isn't here" },
  { "print-variant-type", 0, UL_OPTION_STRING, offsetof (Options, variant_type), "TYPE",
    "OBJECT is a file name: print the file as a GVariant of TYPE" },
  UL_OPTIONS_HEADING ("Form"),
  { "raw", 0, UL_OPTION_FLAG, offsetof (Options, raw), NULL, "Show raw variant data" },
  { "no-byteswap", 'B', UL_OPTION_FLAG, offsetof (Options, no_byteswap), NULL,
    "Do not automatically convert variant data from big endian" },
  UL_OPTION_REFUSE ("gpg-homedir", 0),
  UL_OPTION_REFUSE ("gpg-verify-remote", 0),
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_show = {
  .name = "show",
  .args = "OBJECT",
  .summary = "Output a metadata object",
  .details = "OBJECT is a rev, or the checksum of an object of any type.",
  .completes = "@rev",
  .uses = UL_USES_REPO | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
