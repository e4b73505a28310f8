// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/commit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "build/bootable.h"
#include "build/from-commit.h"
#include "build/from-dir.h"
#include "build/from-graft.h"
#include "build/from-tar.h"
#include "build/labels.h"
#include "build/tree.h"
#include "core/commit.h"
#include "core/hardlinks.h"
#include "core/refspec.h"
#include "repo/objects.h"
#include "repo/refs.h"
#include "repo/sizes.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/sort.h"

typedef struct
{
  UlRepo *repo;
  const UlCommitOptions *options;
  UlModifier modifier; /* the options' one, as the mode wants it */
  UlTransaction *transaction;
  UlWriter *writer;
  UlTree *tree;
  UlSelinux *policy;   /* NULL: none */
  UlLinkGroups *links; /* NULL: not asked for */
  gboolean has_parent;
  UlChecksum parent_checksum;
  UlCommit parent;
} Building;

static gboolean
has_key (GVariant *dict, const char *key)
{
  g_autoptr (GVariant) value = dict != NULL ? g_variant_lookup_value (dict, key, NULL) : NULL;
  return value != NULL;
}

static gboolean
check_options (const UlCommitOptions *options, GError **error)
{
  if (options->branch == NULL && !options->orphan)
    return ul_throw (error, UL_ERROR_INVALID, "commit: neither a branch nor an orphan commit");
  if (options->branch != NULL && !ul_refspec_parse (options->branch, NULL, NULL, error))
    return FALSE;
  const gboolean may_have_parent
      = options->parent != NULL || (options->branch != NULL && !options->orphan);
  if (options->preserve_hardlinks
      && (has_key (options->metadata, UL_COMMIT_KEY_HARDLINKS)
          || (options->keep_metadata != NULL
              && g_strv_contains (options->keep_metadata, UL_COMMIT_KEY_HARDLINKS))))
    return ul_throw (error, UL_ERROR_INVALID,
                     "metadata key " UL_COMMIT_KEY_HARDLINKS " is for --preserve-hardlinks");
  if (options->keep_metadata != NULL && options->keep_metadata[0] != NULL && !may_have_parent)
    return ul_throw (error, UL_ERROR_INVALID,
                     "Either --branch or --parent must be specified when using --keep-metadata");
  if (options->modifier.canonical_permissions
      && ((options->modifier.set_uid && options->modifier.owner_uid != 0)
          || (options->modifier.set_gid && options->modifier.owner_gid != 0)))
    return ul_throw (error, UL_ERROR_INVALID,
                     "Cannot specify both --canonical-permissions and non-zero --owner-%s",
                     options->modifier.set_uid && options->modifier.owner_uid != 0 ? "uid" : "gid");
  return TRUE;
}

static gboolean
find_parent (Building *b, GError **error)
{
  const UlCommitOptions *o = b->options;
  if (o->parent != NULL)
    {
      if (g_str_equal (o->parent, "none"))
        return TRUE;
      b->has_parent = TRUE;
      if (!ul_refs_resolve (b->repo, o->parent, NULL, &b->parent_checksum, error))
        return FALSE;
    }
  /* An orphan doesn't continue the branch, though it is set to it, as ostree has it. */
  else if (!o->orphan && o->branch != NULL
           && !ul_refs_find (b->repo, o->branch, &b->has_parent, &b->parent_checksum, error))
    return FALSE;
  const gboolean needed
      = o->skip_if_unchanged || (o->keep_metadata != NULL && o->keep_metadata[0] != NULL);
  if (!b->has_parent || !needed)
    return TRUE;
  return ul_objects_load_commit (b->repo, &b->parent_checksum, &b->parent, error);
}

static gboolean
load_base (Building *b, GError **error)
{
  if (b->options->base == NULL)
    return TRUE;
  g_auto (UlCommit) base = { 0 };
  if (!ul_from_commit_load (b->repo, b->options->base, &base, error))
    return FALSE;
  ul_tree_set_base (b->tree, &base.tree, &base.meta);
  return b->links == NULL || ul_link_groups_add_commit (b->links, b->repo, &base, NULL, NULL, error)
         || ul_prefix (error, "%s", b->options->base);
}

static gboolean
throw_unmatched (GPtrArray *missing, const char *what, GError **error)
{
  if (missing->len == 0)
    return TRUE;
  g_ptr_array_sort (missing, ul_compare_strings);
  g_ptr_array_add (missing, NULL);
  g_autofree char *all = g_strjoinv (", ", (char **) missing->pdata);
  return ul_throw (error, UL_ERROR_INVALID, "Unmatched %s paths: %s", what, all);
}

static gboolean
check_statoverride (const UlModifier *modifier, GError **error)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer path, entry;
  g_hash_table_iter_init (&iter, modifier->statoverride);
  while (g_hash_table_iter_next (&iter, &path, &entry))
    /* ostree takes an "=" line that matches nothing. */
    if (!((UlStatOverride *) entry)->replace
        && !g_atomic_int_get (&((UlStatOverride *) entry)->matched))
      g_ptr_array_add (missing, path);
  return throw_unmatched (missing, "statoverride", error);
}

static gboolean
check_skip_list (const UlModifier *modifier, GHashTable *matched, GError **error)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer path;
  g_hash_table_iter_init (&iter, modifier->skip_list);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    if (!g_hash_table_contains (matched, path))
      g_ptr_array_add (missing, path);
  return throw_unmatched (missing, "skip-list", error);
}

/* Of an archive's xattrs, ostree keeps all under canonical permissions. */
static gboolean
import_tar (Building *b, const UlIntake *intake, const char *where, GError **error)
{
  UlModifier modifier = *intake->modifier;
  UlIntake from_tar = *intake;
  g_autoptr (UlGuess) guess = ul_guess_new (b->repo);
  modifier.no_xattrs = b->options->modifier.no_xattrs || ul_repo_disable_xattrs (b->repo)
                       || ul_repo_wants_canonical (b->repo);
  if (b->has_parent)
    ul_guess_add_commit (guess, &b->parent_checksum);
  from_tar.modifier = &modifier;
  from_tar.guess = guess;
  return ul_from_tar (&from_tar, &b->options->tar, where, b->tree, error);
}

/* Whiteouts in it are there on purpose, whether or not such are made of devices. */
static gboolean
import_graft (Building *b, const UlIntake *intake, const UlGraftSource *source, GError **error)
{
  g_autoptr (UlGraft) graft = source->make (b->repo, source->data, error);
  if (graft == NULL)
    return FALSE;
  UlModifier modifier = *intake->modifier;
  UlIntake of_graft = *intake;
  modifier.keep_opaque = ul_repo_wants_canonical (b->repo) && !b->options->modifier.no_xattrs
                         && !ul_repo_disable_xattrs (b->repo);
  of_graft.modifier = &modifier;
  return ul_from_graft (&of_graft, graft, b->tree, error);
}

static gboolean
import_tree (Building *b, const UlIntake *intake, const UlTreeSource *source, GError **error)
{
  switch (source->type)
    {
    case UL_TREE_SOURCE_DIR:
      return ul_from_dir (intake, source->where, b->tree, error);
    case UL_TREE_SOURCE_COMMIT:
      return ul_from_commit (intake, source->where, b->tree, error);
    case UL_TREE_SOURCE_TAR:
      return import_tar (b, intake, source->where, error);
    case UL_TREE_SOURCE_GRAFT:
      return import_graft (b, intake, &source->graft, error);
    }
  g_assert_not_reached ();
}

static gboolean
import_trees (Building *b, GError **error)
{
  g_autoptr (UlDevino) devino = NULL;
  if (b->modifier.devino != UL_DEVINO_NONE && !ul_devino_scan (b->repo, &devino, error))
    return FALSE;
  g_autoptr (GHashTable) matched = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  UlIntake intake = {
    .transaction = b->transaction,
    .modifier = &b->modifier,
    .devino = devino,
    .jobs = b->options->jobs,
    .progress = b->options->progress,
    .skip_matched = matched,
    .links = b->links,
  };
  for (gsize i = 0; i < b->options->n_trees; i++)
    {
      /* The kernel is looked for in the tree as a whole, and its files are numbered, before it's
       * written. */
      intake.is_last = i + 1 == b->options->n_trees && !b->options->bootable && b->links == NULL;
      if (!import_tree (b, &intake, &b->options->trees[i], error))
        return FALSE;
    }
  if (!ul_tree_has_meta (b->tree))
    return ul_throw (error, UL_ERROR_INVALID, "Can't commit an empty tree");
  return (b->modifier.statoverride == NULL || check_statoverride (&b->modifier, error))
         && (b->modifier.skip_list == NULL || check_skip_list (&b->modifier, matched, error));
}

/* Keys taken over from the parent stand behind those given; one that is given anew isn't taken
 * over. */
static gboolean
keep_metadata (Building *b, GVariantBuilder *builder, GError **error)
{
  for (const char *const *key = b->options->keep_metadata; key != NULL && *key != NULL; key++)
    {
      if (has_key (b->options->metadata, *key))
        continue;
      g_autoptr (GVariant) value
          = b->has_parent ? g_variant_lookup_value (b->parent.metadata, *key, NULL) : NULL;
      if (value == NULL)
        {
          g_autofree char *hex
              = b->has_parent ? ul_checksum_dup_hex (&b->parent_checksum) : g_strdup ("none");
          return ul_throw (error, UL_ERROR_NOT_FOUND, "Missing metadata key '%s' from commit '%s'",
                           *key, hex);
        }
      g_variant_builder_add (builder, "{sv}", *key, value);
    }
  return TRUE;
}

static void
add_bindings (Building *b, GVariantBuilder *builder)
{
  const UlCommitOptions *o = b->options;
  if (o->no_bindings)
    return;
  g_autoptr (GPtrArray) refs = g_ptr_array_new ();
  if (o->branch != NULL)
    g_ptr_array_add (refs, (gpointer) o->branch);
  for (const char *const *ref = o->bind_refs; ref != NULL && *ref != NULL; ref++)
    g_ptr_array_add (refs, (gpointer) *ref);
  g_ptr_array_sort (refs, ul_compare_strings);
  g_variant_builder_add (builder, "{sv}", UL_COMMIT_KEY_REF_BINDING,
                         g_variant_new_strv ((const char *const *) refs->pdata, refs->len));
  const char *collection_id = ul_repo_collection_id (b->repo);
  if (collection_id != NULL)
    g_variant_builder_add (builder, "{sv}", UL_COMMIT_KEY_COLLECTION_BINDING,
                           g_variant_new_string (collection_id));
}

/* OSTree puts these in through a GVariantDict, which reorders the keys; the same way gives the same
 * bytes. */
static gboolean
add_bootable (Building *b, GVariantBuilder *builder, GError **error)
{
  g_autoptr (GVariant) given = g_variant_ref_sink (g_variant_builder_end (builder));
  g_auto (GVariantDict) dict = { 0 };
  g_autofree char *version = NULL;
  if (!ul_bootable_find_kernel (b->tree, b->repo, &version, error))
    return FALSE;
  g_variant_dict_init (&dict, given);
  g_variant_dict_insert (&dict, "ostree.linux", "s", version);
  g_variant_dict_insert (&dict, "ostree.bootable", "b", TRUE);
  g_autoptr (GVariant) whole = g_variant_ref_sink (g_variant_dict_end (&dict));

  g_variant_builder_init (builder, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < g_variant_n_children (whole); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (whole, i);
      g_variant_builder_add_value (builder, entry);
    }
  return TRUE;
}

static gboolean
make_metadata (Building *b, GVariant **out_metadata, GError **error)
{
  g_auto (GVariantBuilder) builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; b->options->metadata != NULL && i < g_variant_n_children (b->options->metadata);
       i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (b->options->metadata, i);
      g_variant_builder_add_value (&builder, entry);
    }
  if (!keep_metadata (b, &builder, error)
      || (b->options->bootable && !add_bootable (b, &builder, error)))
    return FALSE;
  add_bindings (b, &builder);
  *out_metadata = g_variant_ref_sink (g_variant_builder_end (&builder));
  return TRUE;
}

static void
append_metadata (GVariant **metadata, const char *key, GVariant *value)
{
  g_auto (GVariantBuilder) builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < g_variant_n_children (*metadata); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (*metadata, i);
      g_variant_builder_add_value (&builder, entry);
    }
  g_variant_builder_add (&builder, "{sv}", key, value);
  g_variant_unref (*metadata);
  *metadata = g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* @links: of the tree that is @contents; NULL: not asked for. */
static gboolean
add_hardlinks (const UlChecksum *contents, GArray *links, GVariant **metadata, GError **error)
{
  if (links == NULL)
    return TRUE;
  GVariant *value = ul_hardlinks_new (contents, links);
  if (value == NULL)
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "more hardlinks than a commit can record");
  append_metadata (metadata, UL_COMMIT_KEY_HARDLINKS, value);
  return TRUE;
}

/* Behind all other keys, as ostree has it. */
static gboolean
add_sizes (Building *b, const UlChecksum *contents, const UlChecksum *meta, GVariant **metadata,
           GError **error)
{
  GVariant *sizes = NULL;
  if (!b->options->generate_sizes)
    return TRUE;
  if (!ul_transaction_list_sizes (b->transaction, contents, meta, &sizes, error))
    return FALSE;
  if (sizes != NULL)
    append_metadata (metadata, UL_SIZES_KEY, sizes);
  return TRUE;
}

static gboolean
write_commit (Building *b, const UlChecksum *contents, const UlChecksum *meta, GVariant *metadata,
              UlChecksum *out, GError **error)
{
  const UlCommitOptions *o = b->options;
  const gint64 timestamp = o->has_timestamp ? o->timestamp : g_get_real_time () / G_USEC_PER_SEC;
  g_autoptr (GVariant) commit = g_variant_ref_sink (
      ul_commit_new (metadata, b->has_parent ? &b->parent_checksum : NULL, o->subject, o->body,
                     (guint64) timestamp, contents, meta));
  if (!ul_writer_metadata (b->writer, UL_OBJECT_COMMIT, commit, out, error))
    return FALSE;
  return o->detached_metadata == NULL
         || ul_writer_commitmeta (b->writer, out, o->detached_metadata, error);
}

/* Does the parent record the same hardlinks, where they are asked for? */
static gboolean
has_same_links (const Building *b, GVariant *metadata)
{
  if (b->links == NULL)
    return TRUE;
  g_autoptr (GVariant) before
      = g_variant_lookup_value (b->parent.metadata, UL_COMMIT_KEY_HARDLINKS, NULL);
  g_autoptr (GVariant) now = g_variant_lookup_value (metadata, UL_COMMIT_KEY_HARDLINKS, NULL);
  return before != NULL && g_variant_equal (before, now);
}

static gboolean
is_unchanged (const Building *b, const UlChecksum *contents, const UlChecksum *meta,
              GVariant *metadata)
{
  return b->options->skip_if_unchanged && b->has_parent
         && ul_checksum_equal (&b->parent.tree, contents)
         && ul_checksum_equal (&b->parent.meta, meta) && has_same_links (b, metadata);
}

/* Nobody means to remove the repository that the commit has just gone to. */
static gboolean
check_consume (UlRepo *repo, const char *path, GError **error)
{
  struct stat source;
  struct stat at;
  struct stat above;
  if (stat (path, &source) != 0)
    return ul_throw_errno (error, "opendir(%s)", path);
  ul_autofd int fd = openat (ul_repo_dfd (repo), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fstat (fd, &at) != 0)
    return ul_throw_errno (error, "stat repo %s", ul_repo_path (repo));
  for (;;)
    {
      if (at.st_dev == source.st_dev && at.st_ino == source.st_ino)
        return ul_throw (error, UL_ERROR_INVALID, "consuming %s: the repository is in it", path);
      const int parent = openat (fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (parent < 0 || fstat (parent, &above) != 0)
        return ul_throw_errno (error, "consuming %s: look above the repository", path);
      close (fd);
      fd = parent;
      if (above.st_dev == at.st_dev && above.st_ino == at.st_ino)
        return TRUE; /* the root */
      at = above;
    }
}

static gboolean
check_all_consume (UlRepo *repo, const UlCommitOptions *options, GError **error)
{
  if (!options->modifier.consume)
    return TRUE;
  for (gsize i = 0; i < options->n_trees; i++)
    if (options->trees[i].type == UL_TREE_SOURCE_DIR
        && !check_consume (repo, options->trees[i].where, error))
      return FALSE;
  return TRUE;
}

static gboolean
consume_trees (const UlCommitOptions *options, GError **error)
{
  if (!options->modifier.consume)
    return TRUE;
  /* "." can't be removed by that name. All are looked up before the first goes: one may be given
   * twice, or be in another. */
  g_autoptr (GPtrArray) reals = g_ptr_array_new_with_free_func (free);
  for (gsize i = 0; i < options->n_trees; i++)
    {
      if (options->trees[i].type != UL_TREE_SOURCE_DIR)
        continue;
      char *real = realpath (options->trees[i].where, NULL);
      if (real == NULL)
        return ul_throw_errno (error, "consuming %s", options->trees[i].where);
      g_ptr_array_add (reals, real);
    }
  for (guint i = 0; i < reals->len; i++)
    if (!ul_fd_remove_tree_at (AT_FDCWD, reals->pdata[i], error))
      return ul_prefix (error, "consuming %s", (char *) reals->pdata[i]);
  return TRUE;
}

static gboolean
build (Building *b, UlCommitResult *out, GError **error)
{
  UlChecksum contents;
  UlChecksum meta;
  g_autoptr (GVariant) metadata = NULL;
  g_autoptr (GArray) links = NULL;
  if (!ul_labels_open (b->repo, b->options, &b->policy, error))
    return FALSE;
  b->modifier.selinux = b->policy;
  if (!find_parent (b, error) || !load_base (b, error) || !import_trees (b, error)
      || !make_metadata (b, &metadata, error)
      || (b->links != NULL && !ul_link_groups_number (b->links, b->tree, b->repo, &links, error))
      || !ul_tree_write (b->tree, b->writer, &contents, &meta, error)
      || (b->links != NULL && !add_hardlinks (&contents, links, &metadata, error)))
    return FALSE;
  if (is_unchanged (b, &contents, &meta, metadata))
    {
      out->unchanged = TRUE;
      out->commit = b->parent_checksum;
      return TRUE;
    }
  if (!add_sizes (b, &contents, &meta, &metadata, error)
      || !write_commit (b, &contents, &meta, metadata, &out->commit, error))
    return FALSE;
  if (b->options->branch != NULL)
    ul_transaction_set_ref (b->transaction, b->options->branch, &out->commit);
  return ul_transaction_commit (b->transaction, &out->stats, error);
}

gboolean
ul_commit_create (UlRepo *repo, const UlCommitOptions *options, UlCommitResult *out_result,
                  GError **error)
{
  if (!check_options (options, error) || !check_all_consume (repo, options, error))
    return FALSE;
  UlTransactionOptions transaction_options = options->transaction;
  transaction_options.jobs = options->jobs;
  g_autoptr (UlTransaction) transaction = ul_transaction_begin (repo, &transaction_options, error);
  if (transaction == NULL)
    return FALSE;
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  g_autoptr (UlTree) tree = ul_tree_new ();
  Building b = {
    .repo = repo,
    .options = options,
    .modifier = options->modifier,
    .transaction = transaction,
    .writer = writer,
    .tree = tree,
    .links = options->preserve_hardlinks ? ul_link_groups_new () : NULL,
  };
  /* Only where whiteouts are asked for: without, a commit is the same as ostree's. */
  b.modifier.no_xattrs |= ul_repo_disable_xattrs (repo);
  b.modifier.keep_opaque
      = b.modifier.retarget_whiteouts && ul_repo_wants_canonical (repo) && !b.modifier.no_xattrs;
  b.modifier.canonical_permissions |= ul_repo_wants_canonical (repo);
  /* Canonical permissions mean no xattrs either, as ostree has it. */
  b.modifier.no_xattrs |= b.modifier.canonical_permissions;
  b.modifier.label_only_dirs = ul_repo_wants_canonical (repo);

  UlCommitResult result = { 0 };
  const gboolean ok = build (&b, &result, error);
  ul_commit_clear (&b.parent);
  ul_selinux_free (b.policy);
  ul_link_groups_free (b.links);
  if (!ok || !consume_trees (options, error))
    return FALSE;
  *out_result = result;
  return TRUE;
}
