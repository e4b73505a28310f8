// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/store-mend.h"

#include "cli/open-store.h"
#include "cli/print.h"
#include "cli/store-faults.h"
#include "util/error.h"

#include <stdio.h>

typedef struct
{
  gboolean dry;
  UlStoreCounts before;
  GPtrArray *actions; /* UlStoreRepairAction */
  GPtrArray *left;    /* UlStoreFault */
} Outcome;

static void
clear_outcome (Outcome *outcome)
{
  g_clear_pointer (&outcome->actions, g_ptr_array_unref);
  g_clear_pointer (&outcome->left, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, clear_outcome)

static void
drop_repairable (GPtrArray *faults)
{
  for (guint i = faults->len; i-- > 0;)
    if (((const UlStoreFault *) faults->pdata[i])->repairable)
      g_ptr_array_remove_index (faults, i);
}

/* What a dry run can't see is what would be left: then it's what can't be mended. */
static gboolean
mend (const UlInvocation *inv, UlStore *store, UlStoreRepairFlags flags, Outcome *out,
      GError **error)
{
  const UlLockWait wait = ul_cli_store_wait (inv);
  const UlStoreVerifyFlags how = flags & UL_STORE_REPAIR_FULL ? UL_STORE_VERIFY_FULL : 0;
  const UlStoreRepairOptions options = { .flags = flags, .wait = &wait };
  g_autoptr (GPtrArray) faults = ul_store_verify (store, how, error);
  if (faults == NULL)
    return FALSE;
  out->dry = (flags & UL_STORE_REPAIR_DRY_RUN) != 0;
  out->before = ul_cli_faults_count (faults);
  out->actions = ul_store_repair (store, &options, error);
  if (out->actions == NULL)
    return FALSE;
  if (out->dry)
    drop_repairable (faults);
  out->left = out->dry ? g_steal_pointer (&faults) : ul_store_verify (store, how, error);
  return out->left != NULL;
}

static void
print_json (const Outcome *outcome)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  ul_json_add_bool (builder, "sound", ul_cli_faults_count (outcome->left).errors == 0);
  ul_json_add_bool (builder, "dry_run", outcome->dry);
  ul_json_add_int (builder, "errors_before", outcome->before.errors);
  ul_json_add_int (builder, "warnings_before", outcome->before.warnings);
  json_builder_set_member_name (builder, "repairs");
  json_builder_begin_array (builder);
  for (guint i = 0; i < outcome->actions->len; i++)
    {
      const UlStoreRepairAction *action = g_ptr_array_index (outcome->actions, i);
      json_builder_begin_object (builder);
      ul_json_add_string (builder, "object", action->object);
      ul_json_add_string (builder, "message", action->text);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  ul_cli_faults_json (builder, outcome->left);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

static void
print_text (const Outcome *outcome)
{
  const UlStoreCounts left = ul_cli_faults_count (outcome->left);
  const guint n = outcome->actions->len;
  g_autofree char *sum = ul_cli_faults_sum (&left);
  for (guint i = 0; i < n; i++)
    {
      const UlStoreRepairAction *action = g_ptr_array_index (outcome->actions, i);
      printf ("%s %s: %s\n", outcome->dry ? "would repair" : "repaired", action->object,
              action->text);
    }
  ul_cli_faults_print (outcome->left);
  printf ("%u repair%s%s, %s left\n", n, n == 1 ? "" : "s", outcome->dry ? " to be done" : "", sum);
}

gboolean
ul_cli_store_mend (UlInvocation *inv, UlStore *store, const char *path, UlStoreRepairFlags flags,
                   GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_auto (Outcome) outcome = { 0 };
  if (!mend (inv, store, flags, &outcome, &cause))
    {
      inv->failure = ul_cli_faults_status (path, cause);
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  const UlStoreCounts left = ul_cli_faults_count (outcome.left);
  if (inv->json)
    print_json (&outcome);
  else if (!inv->quiet)
    print_text (&outcome);
  inv->failure = UL_STORE_STATUS_FAULTY;
  return left.errors == 0
         || ul_throw (error, UL_ERROR_CORRUPT, "%s: %u error%s %sleft in the container store", path,
                      left.errors, left.errors == 1 ? "" : "s", outcome.dry ? "would be " : "");
}
