// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/commands.h"

#include "build/commit.h"
#include "cli/editor.h"
#include "cli/equivalences.h"
#include "cli/image-embed.h"
#include "cli/image-options.h"
#include "cli/input.h"
#include "cli/open.h"
#include "cli/path-lists.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/timestamp.h"
#include "cli/tree-specs.h"
#include "util/error.h"

#include <stdio.h>
#include <string.h>

typedef struct
{
  char *subject;
  char *body;
  char *body_file;
  gboolean editor;
  char *branch;
  char *parent;
  gboolean orphan;
  gboolean no_bindings;
  char **bind_refs;
  char *base;
  char **trees;
  char **image_stores;
  gboolean no_image_store_conf;
  gboolean tar_autocreate_parents;
  char *tar_pathname_filter;
  char **metadata_strings;
  char **metadata_variants;
  char **keep_metadata;
  char **detached_strings;
  char *timestamp;
  gboolean bootable;
  gboolean generate_sizes;
  gboolean skip_if_unchanged;
  gboolean set_uid, set_gid;
  guint32 uid, gid;
  gboolean canonical_permissions;
  gboolean mode_ro_executables;
  gboolean no_xattrs;
  gboolean retarget_whiteouts;
  UlDevicePolicy devices;
  char *statoverride;
  char *skip_list;
  char *selinux_policy;
  gboolean selinux_from_base;
  guint32 selinux_epoch;
  char **selinux_equivalences;
  gboolean preserve_hardlinks;
  gboolean link_checkout_speedup;
  gboolean devino_canonical;
  gboolean consume;
  gboolean table_output;
  gboolean no_fsync;
} Options;

/* What is made of the options and has to live as long as the commit is made. */
typedef struct
{
  GArray *trees; /* of UlTreeSource */
  UlTreeRenamer *renamer;
  UlCliEmbed *embed;
  GVariant *metadata;
  GVariant *detached;
  GHashTable *statoverride;
  GHashTable *skip_list;
  char **equivalences; /* FROM, TO, ..., NULL; or NULL */
  char *subject;
  char *body;
} Prepared;

static void
prepared_clear (Prepared *self)
{
  g_clear_pointer (&self->trees, g_array_unref);
  g_clear_pointer (&self->renamer, ul_tree_renamer_free);
  g_clear_pointer (&self->embed, ul_cli_embed_free);
  g_clear_pointer (&self->metadata, g_variant_unref);
  g_clear_pointer (&self->detached, g_variant_unref);
  g_clear_pointer (&self->statoverride, g_hash_table_unref);
  g_clear_pointer (&self->skip_list, g_hash_table_unref);
  g_clear_pointer (&self->equivalences, g_strfreev);
  g_free (self->subject);
  g_free (self->body);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Prepared, prepared_clear)

static gboolean
parse_id (const char *option, const char *value, guint32 *out_id, GError **error)
{
  /* The last id means "none" to the kernel. */
  guint64 id;
  if (!g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT32 - 1, &id, NULL))
    return ul_throw (error, UL_ERROR_INVALID, "Cannot parse '%s' for %s as a numeric id", value,
                     option);
  *out_id = (guint32) id;
  return TRUE;
}

static gboolean
parse_owner_uid (const char *value, gpointer data, GError **error)
{
  Options *options = data;
  options->set_uid = TRUE;
  return parse_id ("--owner-uid", value, &options->uid, error);
}

static gboolean
parse_owner_gid (const char *value, gpointer data, GError **error)
{
  Options *options = data;
  options->set_gid = TRUE;
  return parse_id ("--owner-gid", value, &options->gid, error);
}

static gboolean
parse_epoch (const char *value, gpointer data, GError **error)
{
  Options *options = data;
  return parse_id ("--selinux-labeling-epoch", value, &options->selinux_epoch, error);
}

static gboolean
parse_devices (const char *value, gpointer data, GError **error)
{
  return ul_cli_parse_devices (value, &((Options *) data)->devices, error);
}

static gboolean
parse_image_store_conf (const char *value, gpointer data, GError **error)
{
  Options *options = data;
  options->no_image_store_conf = g_str_equal (value, "none");
  return options->no_image_store_conf || g_str_equal (value, "auto")
         || ul_throw (error, UL_ERROR_INVALID, "--image-store-conf must be auto or none, not '%s'",
                      value);
}

static gboolean
parse_fsync (const char *value, gpointer data, GError **error)
{
  Options *options = data;
  gboolean fsync;
  if (!ul_parse_boolean (value, &fsync, error))
    return FALSE;
  options->no_fsync = !fsync;
  return TRUE;
}

static gboolean
prepare_trees (const UlInvocation *inv, const Options *options, Prepared *out, GError **error)
{
  if (!ul_tree_specs_parse (inv, options->trees, &out->trees, error))
    return FALSE;
  out->embed = ul_cli_embed_new (options->image_stores, !options->no_image_store_conf, error);
  if (out->embed == NULL)
    return FALSE;
  ul_cli_embed_add_sources (out->embed, out->trees);
  return options->tar_pathname_filter == NULL
         || (out->renamer = ul_tree_renamer_new (options->tar_pathname_filter, error)) != NULL;
}

static gboolean
prepare_equivalences (const Options *options, Prepared *out, GError **error)
{
  if (!ul_cli_parse_equivalences (options->selinux_equivalences, &out->equivalences, error))
    return FALSE;
  if (options->selinux_policy != NULL || options->selinux_from_base)
    ul_cli_embed_add_equivalences (out->embed, &out->equivalences);
  return TRUE;
}

static gboolean
split_metadata (const char *word, char **out_key, const char **out_value, GError **error)
{
  const char *equals = strchr (word, '=');
  if (equals == NULL)
    return ul_throw (error, UL_ERROR_INVALID, "Missing '=' in KEY=VALUE metadata '%s'", word);
  if (equals == word)
    return ul_throw (error, UL_ERROR_INVALID, "Empty metadata key");
  *out_key = g_strndup (word, (gsize) (equals - word));
  *out_value = equals + 1;
  return TRUE;
}

static gboolean
add_metadata (GVariantBuilder *builder, char **words, gboolean as_text, GError **error)
{
  for (char **word = words; word != NULL && *word != NULL; word++)
    {
      g_autofree char *key = NULL;
      const char *text = NULL;
      if (!split_metadata (*word, &key, &text, error))
        return FALSE;
      g_autoptr (GVariant) value = NULL;
      if (as_text)
        value = g_variant_parse (NULL, text, NULL, NULL, error);
      else
        value = g_variant_ref_sink (g_variant_new_string (text));
      if (value == NULL)
        return ul_prefix (error, "Parsing %s", *word);
      g_variant_builder_add (builder, "{sv}", key, value);
    }
  return TRUE;
}

static gboolean
prepare_metadata (const Options *options, Prepared *out, GError **error)
{
  g_auto (GVariantBuilder) metadata, detached;
  g_variant_builder_init (&metadata, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_init (&detached, G_VARIANT_TYPE_VARDICT);
  if (!add_metadata (&metadata, options->metadata_strings, FALSE, error)
      || !add_metadata (&metadata, options->metadata_variants, TRUE, error)
      || !add_metadata (&detached, options->detached_strings, FALSE, error))
    return FALSE;
  out->metadata = g_variant_ref_sink (g_variant_builder_end (&metadata));
  if (options->detached_strings != NULL)
    out->detached = g_variant_ref_sink (g_variant_builder_end (&detached));
  return TRUE;
}

static gboolean
prepare_message (const Options *options, Prepared *out, GError **error)
{
  out->subject = g_strdup (options->subject);
  out->body = g_strdup (options->body);
  if (options->body_file != NULL)
    {
      g_autoptr (GBytes) bytes = NULL;
      if (!ul_input_read (options->body_file, &bytes, error))
        return FALSE;
      gsize len;
      const char *data = g_bytes_get_data (bytes, &len);
      if (!g_utf8_validate (data, (gssize) len, NULL))
        return ul_throw (error, UL_ERROR_INVALID, "The commit message in '%s' is not valid UTF-8",
                         options->body_file);
      g_free (out->body);
      out->body = g_strndup (data, len);
    }
  if (!options->editor)
    return TRUE;

  g_autofree char *subject = NULL, *body = NULL;
  if (!ul_editor_commit_message (options->branch, out->subject, out->body, &subject, &body, error))
    return FALSE;
  g_free (out->subject);
  g_free (out->body);
  out->subject = g_steal_pointer (&subject);
  out->body = g_steal_pointer (&body);
  return TRUE;
}

static gboolean
prepare_lists (const Options *options, Prepared *out, GError **error)
{
  if (options->statoverride != NULL
      && (out->statoverride = ul_path_list_read_statoverride (options->statoverride, error))
             == NULL)
    return FALSE;
  if (options->skip_list != NULL
      && (out->skip_list = ul_path_list_read_skip (options->skip_list, error)) == NULL)
    return FALSE;
  return TRUE;
}

static gboolean
check_options (const Options *options, GError **error)
{
  if (options->branch == NULL && !options->orphan)
    return ul_throw (error, UL_ERROR_INVALID,
                     "A branch must be specified with --branch, or use --orphan");
  return TRUE;
}

static UlModifier
make_modifier (const Options *options, const Prepared *prepared)
{
  return (UlModifier){
    .set_uid = options->set_uid,
    .set_gid = options->set_gid,
    .owner_uid = options->uid,
    .owner_gid = options->gid,
    .canonical_permissions = options->canonical_permissions,
    .mode_ro_executables = options->mode_ro_executables,
    .no_xattrs = options->no_xattrs,
    .retarget_whiteouts = options->retarget_whiteouts,
    .devices = options->devices,
    .devino = options->devino_canonical        ? UL_DEVINO_CANONICAL
              : options->link_checkout_speedup ? UL_DEVINO_SPEEDUP
                                               : UL_DEVINO_NONE,
    .consume = options->consume,
    .statoverride = prepared->statoverride,
    .skip_list = prepared->skip_list,
  };
}

static void
print_json (const UlCommitResult *result)
{
  const UlTransactionStats *stats = &result->stats;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  ul_json_add_checksum (builder, "commit", &result->commit);
  ul_json_add_bool (builder, "unchanged", result->unchanged);
  ul_json_add_int (builder, "metadata_total", (gint64) stats->metadata_total);
  ul_json_add_int (builder, "metadata_written", (gint64) stats->metadata_written);
  ul_json_add_int (builder, "content_total", (gint64) stats->content_total);
  ul_json_add_int (builder, "content_written", (gint64) stats->content_written);
  ul_json_add_int (builder, "content_cache_hits", (gint64) stats->cache_hits);
  ul_json_add_int (builder, "content_bytes_written", (gint64) stats->content_bytes_written);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static void
print_text (const UlCommitResult *result, gboolean table_output)
{
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (&result->commit, hex);
  if (!table_output)
    {
      puts (hex);
      return;
    }
  const UlTransactionStats *stats = &result->stats;
  printf ("Commit: %s\n"
          "Metadata Total: %" G_GUINT64_FORMAT "\n"
          "Metadata Written: %" G_GUINT64_FORMAT "\n"
          "Content Total: %" G_GUINT64_FORMAT "\n"
          "Content Written: %" G_GUINT64_FORMAT "\n"
          "Content Cache Hits: %" G_GUINT64_FORMAT "\n"
          "Content Bytes Written: %" G_GUINT64_FORMAT "\n",
          hex, stats->metadata_total, stats->metadata_written, stats->content_total,
          stats->content_written, stats->cache_hits, stats->content_bytes_written);
}

static gboolean
create (const UlInvocation *inv, const Options *options, const Prepared *prepared, UlRepo *repo,
        GError **error)
{
  UlProgress progress = { 0 };
  UlCommitOptions request = {
    .trees = (const UlTreeSource *) prepared->trees->data,
    .n_trees = prepared->trees->len,
    .tar.autocreate_parents = options->tar_autocreate_parents,
    .tar.rename = prepared->renamer != NULL ? ul_tree_renamer_run : NULL,
    .tar.rename_data = prepared->renamer,
    .base = options->base,
    .modifier = make_modifier (options, prepared),
    .labels.policy = options->selinux_policy,
    .labels.policy_from_base = options->selinux_from_base,
    .labels.epoch = options->selinux_epoch,
    .labels.equivalences = (const char *const *) prepared->equivalences,
    .branch = options->branch,
    .orphan = options->orphan,
    .parent = options->parent,
    .subject = prepared->subject,
    .body = prepared->body,
    .metadata = prepared->metadata,
    .keep_metadata = (const char *const *) options->keep_metadata,
    .detached_metadata = prepared->detached,
    .no_bindings = options->no_bindings,
    .bind_refs = (const char *const *) options->bind_refs,
    .bootable = options->bootable,
    .generate_sizes = options->generate_sizes,
    .preserve_hardlinks = options->preserve_hardlinks,
    .skip_if_unchanged = options->skip_if_unchanged,
    .jobs = (guint) inv->jobs,
    .transaction.no_fsync = options->no_fsync,
    .progress = &progress,
  };
  if (options->timestamp != NULL)
    {
      request.has_timestamp = TRUE;
      if (!ul_timestamp_parse (options->timestamp, &request.timestamp, error))
        return FALSE;
    }

  UlCommitResult result = { 0 };
  g_autoptr (UlProgressBar) bar = ul_progress_bar_start (inv, "Committing", &progress);
  const gboolean ok = ul_commit_create (repo, &request, &result, error);
  ul_progress_bar_stop (g_steal_pointer (&bar));
  if (!ok)
    return FALSE;
  if (inv->json)
    print_json (&result);
  else
    print_text (&result, options->table_output);
  return ul_cli_embed_advise (prepared->embed, repo, &result.commit, error);
}

static gboolean
run (UlInvocation *inv, gpointer data, GError **error)
{
  const Options *options = data;
  g_auto (Prepared) prepared = { 0 };
  if (inv->json && options->table_output)
    return ul_throw (error, UL_ERROR_INVALID, "--table-output and --json exclude each other");
  if (!check_options (options, error) || !prepare_trees (inv, options, &prepared, error)
      || !prepare_metadata (options, &prepared, error) || !prepare_lists (options, &prepared, error)
      || !prepare_equivalences (options, &prepared, error))
    return FALSE;
  g_autoptr (UlRepo) repo = ul_cli_open_repo (inv, error);
  if (repo == NULL)
    return FALSE;
  /* Last: nobody should write a message for a commit that can't be made. */
  return prepare_message (options, &prepared, error)
         && create (inv, options, &prepared, repo, error);
}

static const UlOption table[] = {
  UL_OPTIONS_HEADING ("What to commit"),
  { "tree", 0, UL_OPTION_STRING_LIST, offsetof (Options, trees), "dir=PATH|tar=FILE|ref=REV",
    "Overlay the given directory, archive or commit as a tree; may be given again",
    "dir=@dir|tar=@file|ref=@rev" },
  { "tar-autocreate-parents", 0, UL_OPTION_FLAG, offsetof (Options, tar_autocreate_parents), NULL,
    "When loading tar archives, automatically create parent directories as needed" },
  { "tar-pathname-filter", 0, UL_OPTION_STRING, offsetof (Options, tar_pathname_filter),
    "REGEX,REPLACEMENT", "When loading tar archives, use REGEX,REPLACEMENT against path names" },
  { "base", 0, UL_OPTION_STRING, offsetof (Options, base), "REV",
    "Start from the given commit as a base (no modifiers apply)", "@rev" },
  { "skip-list", 0, UL_OPTION_PATH, offsetof (Options, skip_list), "FILE",
    "File with paths to leave out, one a line", "@file" },
  { "devices", 0, UL_OPTION_CALLBACK, 0, "POLICY",
    "What to do with devices, FIFOs and sockets: error (the default) or skip", "error|skip",
    parse_devices },
  { "retarget-whiteouts", 0, UL_OPTION_FLAG, offsetof (Options, retarget_whiteouts), NULL,
    "Store overlayfs whiteouts (char 0:0 devices) as .ostree-wh. markers" },
  { "preserve-hardlinks", 0, UL_OPTION_FLAG, offsetof (Options, preserve_hardlinks), NULL,
    "Record which files are hardlinks of each other, for checkout to make them so" },
  { "image-store", 0, UL_OPTION_STRING_LIST, offsetof (Options, image_stores),
    "PATH=IMAGE[,IMAGE...]",
    "Have an additional image store for podman at PATH in the tree, with these images of the "
    "repository; may be given again",
    "/usr/lib/containers/storage=@image," },
  { "image-store-conf", 0, UL_OPTION_CALLBACK, 0, "auto|none",
    "Name the stores in /usr/share/containers/storage.conf if the tree has no storage.conf: auto "
    "(the default) or none",
    "auto none", parse_image_store_conf },
  UL_OPTIONS_HEADING ("Where to"),
  { "branch", 'b', UL_OPTION_STRING, offsetof (Options, branch), "BRANCH", "Branch", "@rev" },
  { "orphan", 0, UL_OPTION_FLAG, offsetof (Options, orphan), NULL,
    "Create a commit without writing a ref" },
  { "parent", 0, UL_OPTION_STRING, offsetof (Options, parent), "COMMIT",
    "Parent commit, or \"none\" (defaults to the branch)", "none|@rev" },
  { "skip-if-unchanged", 0, UL_OPTION_FLAG, offsetof (Options, skip_if_unchanged), NULL,
    "If the contents are unchanged from previous commit, do nothing" },
  { "no-bindings", 0, UL_OPTION_FLAG, offsetof (Options, no_bindings), NULL,
    "Do not write any ref bindings" },
  { "bind-ref", 0, UL_OPTION_STRING_LIST, offsetof (Options, bind_refs), "BRANCH",
    "Add a ref to ref binding commit metadata", "@rev" },
  UL_OPTIONS_HEADING ("Message and metadata"),
  { "subject", 's', UL_OPTION_STRING, offsetof (Options, subject), "SUBJECT", "One line subject" },
  { "body", 'm', UL_OPTION_STRING, offsetof (Options, body), "BODY", "Full description" },
  { "body-file", 'F', UL_OPTION_PATH, offsetof (Options, body_file), "FILE",
    "Full description from FILE", "@file" },
  { "editor", 'e', UL_OPTION_FLAG, offsetof (Options, editor), NULL,
    "Use an editor to write the commit message" },
  { "timestamp", 0, UL_OPTION_STRING, offsetof (Options, timestamp), "TIMESTAMP",
    "Override the timestamp of the commit: @SECONDS, ISO 8601, or as date(1) takes it" },
  { "add-metadata-string", 0, UL_OPTION_STRING_LIST, offsetof (Options, metadata_strings),
    "KEY=VALUE", "Add a key/value pair to metadata" },
  { "add-metadata", 0, UL_OPTION_STRING_LIST, offsetof (Options, metadata_variants), "KEY=VALUE",
    "Add a key/value pair to metadata, where VALUE is in GVariant text format" },
  { "keep-metadata", 0, UL_OPTION_STRING_LIST, offsetof (Options, keep_metadata), "KEY",
    "Keep metadata KEY and its associated VALUE from parent" },
  { "add-detached-metadata-string", 0, UL_OPTION_STRING_LIST, offsetof (Options, detached_strings),
    "KEY=VALUE", "Add a key/value pair to detached metadata" },
  { "bootable", 0, UL_OPTION_FLAG, offsetof (Options, bootable), NULL,
    "Flag this commit as bootable (it contains a Linux kernel)" },
  { "generate-sizes", 0, UL_OPTION_FLAG, offsetof (Options, generate_sizes), NULL,
    "Generate size information along with commit metadata (in an archive)" },
  UL_OPTIONS_HEADING ("Owners and permissions"),
  { "owner-uid", 0, UL_OPTION_CALLBACK, 0, "UID", "Set file ownership user id", NULL,
    parse_owner_uid },
  { "owner-gid", 0, UL_OPTION_CALLBACK, 0, "GID", "Set file ownership group id", NULL,
    parse_owner_gid },
  { "canonical-permissions", 0, UL_OPTION_FLAG, offsetof (Options, canonical_permissions), NULL,
    "Canonicalize permissions in the same way bare-user does for hardlinked files" },
  { "mode-ro-executables", 0, UL_OPTION_FLAG, offsetof (Options, mode_ro_executables), NULL,
    "Ensure executable files are not writable" },
  { "no-xattrs", 0, UL_OPTION_FLAG, offsetof (Options, no_xattrs), NULL,
    "Do not import extended attributes" },
  { "statoverride", 0, UL_OPTION_PATH, offsetof (Options, statoverride), "FILE",
    "File with modes to add to or, with =, to set on paths", "@file" },
  UL_OPTIONS_HEADING ("SELinux labels"),
  { "selinux-policy", 0, UL_OPTION_PATH, offsetof (Options, selinux_policy), "DIR",
    "Label everything as the policy in root filesystem DIR says", "@dir" },
  { "selinux-policy-from-base", 'P', UL_OPTION_FLAG, offsetof (Options, selinux_from_base), NULL,
    "Label as the policy in --base says, or else in the first tree" },
  { "selinux-labeling-epoch", 0, UL_OPTION_CALLBACK, 0, "EPOCH",
    "1: label /usr/etc as if it were /etc (default: 0, as it is)", "0 1", parse_epoch },
  { "selinux-equivalence", 0, UL_OPTION_STRING_LIST, offsetof (Options, selinux_equivalences),
    "FROM=TO", "Label path FROM and all below it as if it were at TO; may be given again" },
  UL_OPTIONS_HEADING ("How"),
  { "link-checkout-speedup", 0, UL_OPTION_FLAG, offsetof (Options, link_checkout_speedup), NULL,
    "Optimize for commits of trees composed of hardlinks into the repository" },
  { "devino-canonical", 'I', UL_OPTION_FLAG, offsetof (Options, devino_canonical), NULL,
    "Assume hardlinked objects are unmodified, implies --link-checkout-speedup" },
  { "consume", 0, UL_OPTION_FLAG, offsetof (Options, consume), NULL,
    "Consume (delete) content after commit" },
  { "fsync", 0, UL_OPTION_CALLBACK, 0, "POLICY",
    "Whether the commit is to be durable when the command ends: yes (the default) or no", "yes|no",
    parse_fsync },
  { "table-output", 0, UL_OPTION_FLAG, offsetof (Options, table_output), NULL,
    "Output more information in a KEY: VALUE format" },
  UL_OPTION_REFUSE ("gpg-sign", 0),
  UL_OPTION_REFUSE ("gpg-homedir", 0),
  UL_OPTION_REFUSE ("sign", 0),
  UL_OPTION_REFUSE ("sign-type", 0),
  UL_OPTIONS_END,
};

const UlCommand ul_cmd_commit = {
  .name = "commit",
  .args = "[PATH]",
  .summary = "Commit a new revision",
  .details
  = "Without PATH and --tree the current directory is committed. Prints the checksum of the "
    "commit.",
  .completes = "@dir",
  .uses = UL_USES_REPO | UL_USES_LOCK | UL_USES_JOBS | UL_USES_QUIET | UL_USES_JSON,
  .options_size = sizeof (Options),
  .options = table,
  .run = run,
};
