// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer/pull-local.h"

#include "core/refspec.h"
#include "repo/objects.h"
#include "repo/refs.h"
#include "transfer/batches.h"
#include "transfer/import-tree.h"
#include "transfer/wanted.h"
#include "util/error.h"

#define BATCH_OBJECTS 65536
#define BATCH_BYTES   (G_GUINT64_CONSTANT (1) << 30)

/* A commit to pull. */
typedef struct
{
  UlChecksum checksum; /* first, for ul_checksum_hash () */
  gint64 depth;        /* how many of its parents are wanted */
  gboolean is_there;   /* in the source */
  gboolean is_whole;   /* here already, and not partial */
  UlChecksum tree;
  UlChecksum meta;
  gboolean has_parent;
  UlChecksum parent;
} Commit;

typedef struct
{
  UlRepo *repo;
  UlRepo *from;
  const UlPullLocalOptions *options;
  GPtrArray *wanted;   /* of UlWanted */
  GPtrArray *refspecs; /* of char *: what each of them is called here, NULL for a checksum */
  GHashTable *known;   /* of Commit, by its checksum; owns them */
  GPtrArray *commits;  /* the same, in the order in which they were come by */
  UlBatches *batches;
} Pull;

static void
pull_clear (Pull *self)
{
  ul_batches_free (self->batches);
  g_clear_pointer (&self->commits, g_ptr_array_unref);
  g_clear_pointer (&self->known, g_hash_table_unref);
  g_clear_pointer (&self->refspecs, g_ptr_array_unref);
  g_clear_pointer (&self->wanted, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pull, pull_clear)

/* What is wanted: refs, and the commits they lead to. */

static gboolean
name_refs (Pull *self, GError **error)
{
  const char *remote = self->options->remote;
  self->refspecs = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < self->wanted->len; i++)
    {
      const UlWanted *wanted = self->wanted->pdata[i];
      char *refspec = NULL;
      if (wanted->ref != NULL)
        refspec = remote != NULL ? g_strdup_printf ("%s:%s", remote, wanted->ref)
                                 : g_strdup (wanted->ref);
      g_ptr_array_add (self->refspecs, refspec);
      if (refspec != NULL && !ul_refspec_parse (refspec, NULL, NULL, error))
        return FALSE;
    }
  return TRUE;
}

/* Here, and not partial: then all below it is here, too. A commit that only a parent repository has
 * isn't, since that may drop it. */
static gboolean
is_whole (UlRepo *repo, const UlChecksum *checksum, gboolean *out_whole, GError **error)
{
  gboolean has;
  gboolean partial = FALSE;
  if (!ul_objects_has_own (repo, UL_OBJECT_COMMIT, checksum, &has, error)
      || (has && !ul_objects_commit_is_partial (repo, checksum, &partial, error)))
    return FALSE;
  *out_whole = has && !partial;
  return TRUE;
}

/* Read anyway, so it's verified. *out_parsed is left empty if the source hasn't the commit. */
static gboolean
load_source_commit (Pull *self, const UlChecksum *checksum, UlCommit *out_parsed, GError **error)
{
  g_autoptr (GVariant) variant = NULL;
  return ul_import_load_metadata (self->from, UL_OBJECT_COMMIT, checksum, &variant, error)
         && (variant == NULL || ul_commit_parse (variant, out_parsed, error));
}

static gboolean
load (Pull *self, const UlChecksum *checksum, Commit **out, GError **error)
{
  g_autofree Commit *commit = g_new0 (Commit, 1);
  g_auto (UlCommit) parsed = { 0 };
  if (!load_source_commit (self, checksum, &parsed, error)
      || !is_whole (self->repo, checksum, &commit->is_whole, error))
    return FALSE;
  commit->checksum = *checksum;
  commit->depth = -1;
  commit->is_there = parsed.variant != NULL;
  commit->tree = parsed.tree;
  commit->meta = parsed.meta;
  commit->has_parent = parsed.has_parent;
  commit->parent = parsed.parent;
  *out = commit;
  g_hash_table_add (self->known, commit);
  if (commit->is_there)
    g_ptr_array_add (self->commits, commit);
  g_steal_pointer (&commit);
  return TRUE;
}

/* One commit and so many of its parents; a parent that the source hasn't ends it. */
static gboolean
follow (Pull *self, const UlChecksum *checksum, GError **error)
{
  gint64 depth = self->options->depth < 0 ? G_MAXINT64 : self->options->depth;
  UlChecksum at = *checksum;
  for (;; depth--)
    {
      Commit *commit = g_hash_table_lookup (self->known, &at);
      if (commit == NULL && !load (self, &at, &commit, error))
        return FALSE;
      if (!commit->is_there && ul_checksum_equal (&at, checksum))
        {
          g_autofree char *hex = ul_checksum_dup_hex (checksum);
          return ul_throw (error, UL_ERROR_NOT_FOUND, "No such commit %s in repo %s", hex,
                           ul_repo_path (self->from));
        }
      if (!commit->has_parent || depth <= 0 || commit->depth >= depth)
        return TRUE;
      commit->depth = depth;
      at = commit->parent;
    }
}

static gboolean
find_commits (Pull *self, GError **error)
{
  self->known = g_hash_table_new_full (ul_checksum_hash, ul_checksum_equal_func, g_free, NULL);
  self->commits = g_ptr_array_new ();
  for (guint i = 0; i < self->wanted->len; i++)
    {
      const UlWanted *wanted = self->wanted->pdata[i];
      if (!follow (self, &wanted->commit, error))
        return FALSE;
    }
  return TRUE;
}

/* A ref that was asked for by name has to be in its commit's binding. Where all refs come, aliases
 * among them, a commit's own name may be any of those it comes as. */
static gboolean
check_bindings (Pull *self, GError **error)
{
  const gboolean by_name = self->options->refs != NULL && *self->options->refs != NULL;
  g_autoptr (GHashTable) bound = g_hash_table_new (ul_checksum_hash, ul_checksum_equal_func);
  for (guint pass = by_name ? 1 : 0; pass < 2; pass++)
    for (guint i = 0; i < self->wanted->len; i++)
      {
        UlWanted *wanted = self->wanted->pdata[i];
        g_auto (UlCommit) commit = { 0 };
        if (wanted->ref == NULL || g_hash_table_contains (bound, &wanted->commit))
          continue;
        if (!load_source_commit (self, &wanted->commit, &commit, error))
          return FALSE;
        if (ul_wanted_check_binding (&commit, &wanted->commit, wanted->ref,
                                     pass == 1 ? error : NULL))
          {
            if (!by_name)
              g_hash_table_add (bound, &wanted->commit);
          }
        else if (pass == 1)
          return FALSE;
      }
  return TRUE;
}

/* Objects. */

/* The root of a tree that is whole here and likely much the same: that of the commit's parent, or
 * of what a ref that is going to be replaced points to. */
static gboolean
find_base (Pull *self, const Commit *commit, gboolean *out_found, UlChecksum *out, GError **error)
{
  UlChecksum candidate = commit->parent;
  gboolean found = FALSE;
  if (commit->has_parent && !is_whole (self->repo, &candidate, &found, error))
    return FALSE;
  for (guint i = 0; i < self->wanted->len && !found; i++)
    {
      const UlWanted *wanted = self->wanted->pdata[i];
      const char *refspec = self->refspecs->pdata[i];
      if (refspec != NULL && ul_checksum_equal (&wanted->commit, &commit->checksum)
          && (!ul_refs_read (self->repo, refspec, &found, &candidate, error)
              || (found && !is_whole (self->repo, &candidate, &found, error))))
        return FALSE;
    }
  g_auto (UlCommit) base = { 0 };
  /* One that can't be read is no help, and no harm. */
  *out_found = found && ul_objects_load_commit (self->repo, &candidate, &base, NULL);
  if (*out_found)
    *out = base.tree;
  return TRUE;
}

/* What is missing is no surprise where the source has only parts of a commit. */
static void
say_partial (Pull *self, GError **error)
{
  for (guint i = 0; i < self->commits->len; i++)
    {
      const Commit *commit = self->commits->pdata[i];
      gboolean partial;
      if (!commit->is_whole
          && ul_objects_commit_is_partial (self->from, &commit->checksum, &partial, NULL)
          && partial)
        {
          g_autofree char *hex = ul_checksum_dup_hex (&commit->checksum);
          ul_prefix (error, "Commit %s is partial in repo %s", hex, ul_repo_path (self->from));
          return;
        }
    }
}

static gboolean
push_tree (Pull *self, UlTreeImport *trees, const Commit *commit, GError **error)
{
  UlTransaction *transaction;
  gboolean has_base;
  UlChecksum base;
  if (!ul_batches_get_transaction (self->batches, &transaction, error)
      || !ul_transaction_mark_partial (transaction, &commit->checksum, error))
    return FALSE;
  if (self->options->commit_metadata_only)
    return TRUE;
  return find_base (self, commit, &has_base, &base, error)
         && ul_tree_import_walk (trees, &commit->tree, &commit->meta, has_base ? &base : NULL,
                                 error);
}

static gboolean
push_trees (Pull *self, GError **error)
{
  g_autoptr (UlTreeImport) trees = ul_tree_import_new (self->repo, self->from, self->batches);
  for (guint i = 0; i < self->commits->len; i++)
    {
      const Commit *commit = self->commits->pdata[i];
      if (!commit->is_whole && !push_tree (self, trees, commit, error))
        return FALSE;
    }
  return TRUE;
}

/* An object that was pushed before the walk failed may have failed, too: as if there was one
 * worker, that comes first. */
static gboolean
import_trees (Pull *self, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GError) walk_error = NULL;
  if (push_trees (self, &walk_error) && ul_batches_drain (self->batches, &cause))
    return TRUE;
  if (cause == NULL && ul_batches_drain (self->batches, &cause))
    cause = g_steal_pointer (&walk_error);
  if (g_error_matches (cause, UL_ERROR, UL_ERROR_NOT_FOUND))
    say_partial (self, &cause);
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

/* Commits and refs. */

/* What the source has replaces what is here, as it may be signatures that were added. */
static gboolean
import_commitmeta (Pull *self, UlWriter *writer, const UlChecksum *commit, GError **error)
{
  g_autoptr (GVariant) theirs = NULL;
  g_autoptr (GVariant) ours = NULL;
  if (!ul_objects_load_if_exists (self->from, UL_OBJECT_COMMITMETA, commit, &theirs, error)
      || !ul_objects_load_if_exists (self->repo, UL_OBJECT_COMMITMETA, commit, &ours, error))
    return FALSE;
  if (theirs == NULL || g_variant_n_children (theirs) == 0
      || (ours != NULL && g_variant_equal (theirs, ours)))
    return TRUE;
  return ul_writer_commitmeta (writer, commit, theirs, error);
}

static gboolean
import_commits (Pull *self, UlTransaction *transaction, GError **error)
{
  const UlImportOptions options = { .untrusted = self->options->untrusted };
  g_autoptr (UlWriter) writer = ul_writer_new (transaction);
  for (guint i = 0; i < self->commits->len; i++)
    {
      const Commit *commit = self->commits->pdata[i];
      UlImported imported;
      if (!import_commitmeta (self, writer, &commit->checksum, error)
          || !ul_writer_import (writer, self->from, UL_OBJECT_COMMIT, &commit->checksum, &options,
                                &imported, error))
        return FALSE;
      if (!commit->is_whole && !self->options->commit_metadata_only)
        ul_transaction_set_complete (transaction, &commit->checksum);
    }
  return TRUE;
}

static gboolean
finish (Pull *self, UlPullLocalResult *out, GError **error)
{
  UlTransaction *transaction;
  UlTransactionStats stats;
  if (!ul_batches_get_transaction (self->batches, &transaction, error)
      || !import_commits (self, transaction, error))
    return FALSE;
  for (guint i = 0; i < self->wanted->len; i++)
    {
      const UlWanted *wanted = self->wanted->pdata[i];
      if (self->refspecs->pdata[i] != NULL)
        ul_transaction_set_ref (transaction, self->refspecs->pdata[i], &wanted->commit);
    }
  if (!ul_batches_finish (self->batches, &stats, error))
    return FALSE;
  *out = (UlPullLocalResult){
    .metadata = stats.metadata_written,
    .content = stats.content_written,
    .content_bytes = stats.content_bytes_written,
  };
  return TRUE;
}

static gboolean
open_batches (Pull *self, GError **error)
{
  const UlPullLocalOptions *options = self->options;
  const UlBatchesOptions batches = {
    .repo = self->repo,
    .from = self->from,
    .jobs = options->jobs,
    .max_objects = options->batch_objects > 0 ? options->batch_objects : BATCH_OBJECTS,
    .max_bytes = options->batch_bytes > 0 ? options->batch_bytes : BATCH_BYTES,
    .import
    = { .untrusted = options->untrusted, .bareuseronly_files = options->bareuseronly_files },
    .transaction = options->transaction,
    .progress = options->progress,
  };
  self->batches = ul_batches_new (&batches, error);
  return self->batches != NULL;
}

gboolean
ul_pull_local (UlRepo *repo, UlRepo *from, const UlPullLocalOptions *options,
               UlPullLocalResult *out, GError **error)
{
  g_auto (Pull) self = { .repo = repo, .from = from, .options = options };
  /* The lock comes first: what is found to be here has to stay. */
  return open_batches (&self, error) && ul_wanted_list (from, options->refs, &self.wanted, error)
         && name_refs (&self, error) && find_commits (&self, error)
         && (options->no_verify_bindings || check_bindings (&self, error))
         && import_trees (&self, error) && finish (&self, out, error);
}
