// SPDX-License-Identifier: LGPL-2.1-or-later

/* Repairs. What the check found is fetched from wherever it's sound into a transaction; a dirtree
 * or commit that comes that way leads to more, so check and fetch take turns. Only then is the
 * repository locked and changed: what is there goes into quarantine, by a second name, and what was
 * fetched is renamed over it. */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "repo/import.h"
#include "repo/mode.h"
#include "repo/objects.h"
#include "repo/quarantine.h"
#include "repo/repair-private.h"
#include "repo/transaction-private.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/pool.h"

struct _UlRepair
{
  UlFsckCheck check; /* its walk is over when this is used */
  UlTransaction *transaction;
  UlQuarantine quarantine;
  UlRepairPaths *paths; /* NULL: there is no checkout to look into */
  UlRepo *sources[2];   /* ended by NULL */
  guint n_sources;
};

static void
step (UlRepair *self, const char *name)
{
  if (self->check.options->hook != NULL)
    self->check.options->hook (name, self->check.options->hook_data);
}

void
ul_repair_free (UlRepair *self)
{
  if (self == NULL)
    return;
  ul_transaction_free (self->transaction);
  ul_repair_paths_free (self->paths);
  ul_quarantine_clear_state (&self->quarantine);
  g_free (self);
}

/* Is it of use to fetch this? What can't be read may be sound. */
static gboolean
is_fetchable (const UlFsckFinding *finding)
{
  return !finding->unreached
         && (finding->kind == UL_FSCK_CORRUPT_OBJECT || finding->kind == UL_FSCK_MISSING_OBJECT
             || finding->kind == UL_FSCK_MISSING_COMMIT);
}

static gboolean
fetch_from_repos (UlRepair *self, UlWriter *writer, UlFsckFinding *finding, GString *reasons,
                  GError **error)
{
  const UlImportOptions options = { .untrusted = TRUE };
  for (guint i = 0; i < self->n_sources && finding->source == NULL; i++)
    {
      g_autoptr (GError) cause = NULL;
      UlImported imported;
      if (ul_writer_import (writer, self->sources[i], finding->type, &finding->checksum, &options,
                            &imported, &cause))
        finding->source = g_strdup (ul_repo_path (self->sources[i]));
      else if (ul_fsck_is_our_own (cause))
        {
          g_propagate_error (error, g_steal_pointer (&cause));
          return FALSE;
        }
      else
        g_string_append_printf (reasons, "%s%s", reasons->len > 0 ? "; " : "", cause->message);
    }
  return TRUE;
}

/* A checkout first: it's what was asked for, and the parent comes only after that. */
static gboolean
fetch (UlRepair *self, UlWriter *writer, UlFsckFinding *finding, GError **error)
{
  g_autoptr (GString) reasons = g_string_new (NULL);
  if (self->paths != NULL && finding->type == UL_OBJECT_FILE
      && !ul_repair_paths_fetch (self->paths, writer, &finding->checksum, reasons, &finding->source,
                                 error))
    return FALSE;
  if (!fetch_from_repos (self, writer, finding, reasons, error))
    return FALSE;
  if (finding->source == NULL && reasons->len == 0)
    g_string_assign (reasons, "no other repository to fetch it from");
  if (finding->source == NULL)
    finding->repair_error = g_string_free (g_steal_pointer (&reasons), FALSE);
  return TRUE;
}

static gpointer
worker_new (gpointer data)
{
  return ul_writer_new (((UlRepair *) data)->transaction);
}

static void
worker_free (gpointer writer)
{
  ul_writer_free (writer);
}

static gboolean
run_fetch (gpointer finding, gpointer writer, gpointer data, GError **error)
{
  return fetch (data, writer, finding, error);
}

/* What stands there counts as not there from now on. */
static void
give_up (UlRepair *self, const UlFsckFinding *finding)
{
  if (finding->kind == UL_FSCK_CORRUPT_OBJECT)
    ul_transaction_replace (self->transaction, finding->type, &finding->checksum);
  if (finding->type == UL_OBJECT_FILE && ul_repo_mode_ops (self->check.repo)->split_xattrs)
    ul_transaction_replace (self->transaction, UL_OBJECT_FILE_XATTRS_LINK, &finding->checksum);
}

static gboolean
fetch_all (UlRepair *self, guint from, GError **error)
{
  const GPtrArray *findings = self->check.result->findings;
  const UlPoolOptions options = {
    .jobs = self->check.options->jobs,
    .run = run_fetch,
    .worker_new = worker_new,
    .worker_free = worker_free,
    .data = self,
  };
  g_autoptr (UlPool) pool = ul_pool_new (&options);
  for (guint i = from; i < findings->len; i++)
    if (is_fetchable (findings->pdata[i]))
      {
        give_up (self, findings->pdata[i]);
        if (!ul_pool_push (pool, findings->pdata[i]))
          break;
      }
  return ul_pool_finish (pool, error);
}

static gboolean
load_staged (UlRepair *self, const UlFsckFinding *finding, GVariant **out_variant, GError **error)
{
  char path[UL_STAGED_PATH_MAX];
  g_autoptr (GBytes) bytes = NULL;
  ul_staged_path (&finding->checksum, finding->type, FALSE, path);
  if (!ul_fd_read_file_at (ul_transaction_staging_dfd (self->transaction), path,
                           UL_OBJECT_MAX_METADATA_SIZE, TRUE, &bytes, error))
    return FALSE;
  if (bytes == NULL) /* somebody else brought it meanwhile */
    return ul_objects_load (self->check.repo, finding->type, &finding->checksum, out_variant,
                            error);
  *out_variant = g_variant_ref_sink (
      g_variant_new_from_bytes (ul_object_variant_type (finding->type), bytes, FALSE));
  return TRUE;
}

static void
found_clear (gpointer data)
{
  g_variant_unref (((UlFsckFound *) data)->variant);
}

/* Look below what was fetched among the findings since @from. */
static gboolean
go_on (UlRepair *self, UlFsckCheck *check, guint from, GError **error)
{
  const GPtrArray *findings = check->result->findings;
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (UlFsckFound));
  g_array_set_clear_func (found, found_clear);
  for (guint i = from; i < findings->len; i++)
    {
      const UlFsckFinding *finding = findings->pdata[i];
      UlFsckFound one = { .type = finding->type, .checksum = finding->checksum };
      if (finding->source == NULL
          || (finding->type != UL_OBJECT_DIRTREE && finding->type != UL_OBJECT_COMMIT))
        continue;
      if (!load_staged (self, finding, &one.variant, error))
        return FALSE;
      g_array_append_val (found, one);
    }
  return found->len == 0
         || ul_fsck_go_on (check, (const UlFsckFound *) found->data, found->len, error);
}

static gboolean
begin (UlRepair *self, GError **error)
{
  const UlFsckOptions *options = self->check.options;
  const UlTransactionOptions transaction = {
    .jobs = options->jobs,
    .hook = options->hook,
    .hook_data = options->hook_data,
  };
  self->transaction = ul_transaction_begin (self->check.repo, &transaction, error);
  if (self->transaction == NULL)
    return FALSE;
  if (options->repair_repo != NULL)
    self->sources[self->n_sources++] = options->repair_repo;
  if (ul_repo_parent (self->check.repo) != NULL)
    self->sources[self->n_sources++] = ul_repo_parent (self->check.repo);
  if (options->repair_dir == NULL)
    return TRUE;
  self->paths
      = ul_repair_paths_find (self->check.repo, self->check.result, options->repair_dir, error);
  return self->paths != NULL;
}

/* Check and fetch in turn until there is nothing new. *out_cause: fetching can't go on; that says
 * nothing about the check. */
static gboolean
fetch_rounds (UlRepair *self, UlFsckCheck *check, GError **out_cause, GError **error)
{
  guint from = 0;
  while (from < check->result->findings->len)
    {
      const guint round = from;
      from = check->result->findings->len;
      if (!fetch_all (self, round, out_cause))
        return TRUE;
      if (!go_on (self, check, round, error))
        return FALSE;
    }
  return TRUE;
}

static void
forget_sources (UlFsckResult *result)
{
  for (guint i = 0; i < result->findings->len; i++)
    g_clear_pointer (&((UlFsckFinding *) result->findings->pdata[i])->source, g_free);
}

/* Is there anything to change? A sound repository is not locked. */
static gboolean
has_work (const UlFsckResult *result)
{
  gboolean work = result->partial_by_fsck->len > 0;
  for (guint i = 0; i < result->findings->len && !work; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      work = finding->unreached || is_fetchable (finding);
    }
  return work;
}

gboolean
ul_repair_fetch (UlFsckCheck *check, UlRepair **out_repair, GError **error)
{
  UlFsckResult *result = check->result;
  /* What is fetched leads to more, which is reached then. */
  const gboolean damaged = has_work (result);
  if (!damaged && !ul_fsck_check_unreached (check, error))
    return FALSE;
  if (!has_work (result))
    return TRUE;
  g_autoptr (UlRepair) self = g_new0 (UlRepair, 1);
  self->check = (UlFsckCheck){ .repo = check->repo, .options = check->options, .result = result };
  self->quarantine = (UlQuarantine) UL_QUARANTINE_INIT (check->repo);
  if (!begin (self, &result->mend_error))
    return TRUE;
  if (!fetch_rounds (self, check, &result->mend_error, error)
      || (damaged && !ul_fsck_check_unreached (check, error)))
    return FALSE;
  if (result->mend_error != NULL)
    forget_sources (result);
  else
    *out_repair = g_steal_pointer (&self);
  return TRUE;
}

gboolean
ul_repair_lock (UlRepair *self, GError **error)
{
  return ul_transaction_lock_exclusive (self->transaction, error);
}

static gboolean
quarantine_replaced (UlRepair *self, GError **error)
{
  UlFsckResult *result = self->check.result;
  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  for (guint i = 0; i < result->findings->len; i++)
    {
      UlFsckFinding *finding = result->findings->pdata[i];
      if (finding->source == NULL || finding->kind != UL_FSCK_CORRUPT_OBJECT
          || !ul_fsck_is_still_corrupt (self->check.repo, finding, hasher))
        continue;
      step (self, "quarantine");
      g_autofree char *note
          = g_strdup_printf ("%s; fetched again from %s", finding->message, finding->source);
      if (!ul_quarantine_keep (&self->quarantine, finding->type, &finding->checksum, note, error))
        return FALSE;
    }
  step (self, "quarantined");
  return ul_quarantine_sync (&self->quarantine, error);
}

gboolean
ul_repair_publish (UlRepair *self, GError **error)
{
  const GPtrArray *findings = self->check.result->findings;
  if (!quarantine_replaced (self, error) || !ul_transaction_commit (self->transaction, NULL, error))
    return FALSE;
  for (guint i = 0; i < findings->len; i++)
    {
      UlFsckFinding *finding = findings->pdata[i];
      if (finding->source != NULL)
        finding->repair = UL_REPAIR_FETCHED;
    }
  step (self, "mend");
  return TRUE;
}

gboolean
ul_repair_set_aside (UlRepair *self, UlFsckFinding *finding, GError **error)
{
  g_autofree char *note = g_strdup_printf (
      "%s; %s", finding->message,
      finding->unreached ? "no commit that was checked needs it" : finding->repair_error);
  if (!ul_quarantine_move (&self->quarantine, finding->type, &finding->checksum, note, error))
    return FALSE;
  if (finding->unreached)
    finding->repair = UL_REPAIR_NOT_NEEDED;
  return TRUE;
}

/* What is known to be wrong with commits, and what isn't known. */
static GHashTable *
incomplete_commits (const UlFsckResult *result)
{
  GHashTable *commits = g_hash_table_new (ul_checksum_hash, ul_checksum_equal_func);
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      if (finding->repair != UL_REPAIR_NONE || finding->kind == UL_FSCK_MISSING_PARENT
          || finding->kind == UL_FSCK_BAD_BINDING)
        continue;
      for (guint k = 0; k < finding->commits->len; k++)
        g_hash_table_add (commits, &g_array_index (finding->commits, UlChecksum, k));
    }
  return commits;
}

static void
drop_name (GPtrArray *names, const char *name)
{
  guint index;
  if (g_ptr_array_find_with_equal_func (names, name, g_str_equal, &index))
    g_ptr_array_remove_index (names, index);
}

/* Only marks that this check looked into: by somebody else's it knows nothing. */
static gboolean
unmark_complete (UlRepair *self, GError **error)
{
  UlFsckResult *result = self->check.result;
  g_autoptr (GHashTable) incomplete = incomplete_commits (result);
  for (guint i = result->partial_by_fsck->len; i-- > 0;)
    {
      const char *name = result->partial_by_fsck->pdata[i];
      UlChecksum commit;
      gboolean own;
      ul_checksum_from_hex (name, &commit);
      if (g_hash_table_contains (incomplete, &commit))
        continue;
      if (!ul_objects_has_own (self->check.repo, UL_OBJECT_COMMIT, &commit, &own, error))
        return FALSE;
      if (!own)
        continue;
      step (self, "unmark");
      if (!ul_objects_unmark_commit (self->check.repo, &commit, error))
        return FALSE;
      g_ptr_array_add (result->completed, g_strdup (name));
      drop_name (result->partial, name);
      g_ptr_array_remove_index (result->partial_by_fsck, i);
    }
  return result->completed->len == 0 || !ul_repo_fsync_enabled (self->check.repo)
         || ul_fd_sync_dir_at (ul_repo_dfd (self->check.repo), "state", error);
}

gboolean
ul_repair_finish (UlRepair *self, GError **error)
{
  self->check.result->quarantine = g_strdup (self->quarantine.name);
  return ul_quarantine_sync (&self->quarantine, error) && unmark_complete (self, error);
}
