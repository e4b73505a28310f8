// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/store-faults.h"

#include "cli/print.h"
#include "util/error.h"

#include <stdio.h>

UlStoreCounts
ul_cli_faults_count (const GPtrArray *faults)
{
  UlStoreCounts n = { 0 };
  for (guint i = 0; i < faults->len; i++)
    {
      const UlStoreFault *fault = g_ptr_array_index (faults, i);
      n.errors += fault->is_error ? 1 : 0;
      n.warnings += fault->is_error ? 0 : 1;
      n.repairable += fault->repairable ? 1 : 0;
    }
  return n;
}

static const char *
severity (const UlStoreFault *fault)
{
  return fault->is_error ? "error" : "warning";
}

void
ul_cli_faults_print (const GPtrArray *faults)
{
  for (guint i = 0; i < faults->len; i++)
    {
      const UlStoreFault *fault = g_ptr_array_index (faults, i);
      printf ("%s %s %s: %s%s\n", severity (fault), ul_store_fault_name (fault->code),
              fault->object, fault->text, fault->repairable ? " (repairable)" : "");
    }
}

char *
ul_cli_faults_sum (const UlStoreCounts *counts)
{
  return g_strdup_printf ("%u error%s and %u warning%s", counts->errors,
                          counts->errors == 1 ? "" : "s", counts->warnings,
                          counts->warnings == 1 ? "" : "s");
}

void
ul_cli_faults_json (JsonBuilder *builder, const GPtrArray *faults)
{
  const UlStoreCounts n = ul_cli_faults_count (faults);
  ul_json_add_int (builder, "errors", n.errors);
  ul_json_add_int (builder, "warnings", n.warnings);
  json_builder_set_member_name (builder, "findings");
  json_builder_begin_array (builder);
  for (guint i = 0; i < faults->len; i++)
    {
      const UlStoreFault *fault = g_ptr_array_index (faults, i);
      json_builder_begin_object (builder);
      ul_json_add_string (builder, "severity", severity (fault));
      ul_json_add_string (builder, "code", ul_store_fault_name (fault->code));
      ul_json_add_string (builder, "object", fault->object);
      ul_json_add_string (builder, "message", fault->text);
      ul_json_add_bool (builder, "repairable", fault->repairable);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

int
ul_cli_faults_status (const char *path, const GError *cause)
{
  return path == NULL || g_error_matches (cause, UL_ERROR, UL_ERROR_CORRUPT)
             ? UL_STORE_STATUS_FAULTY
             : UL_STORE_STATUS_UNCHECKED;
}
