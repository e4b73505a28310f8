// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/fsck-report.h"

#include "cli/print.h"
#include "util/error.h"

#include <stdio.h>

static const char *
kind_name (UlFsckKind kind)
{
  switch (kind)
    {
    case UL_FSCK_CORRUPT_OBJECT:
      return "corrupt-object";
    case UL_FSCK_MISSING_OBJECT:
      return "missing-object";
    case UL_FSCK_MISSING_COMMIT:
      return "missing-commit";
    case UL_FSCK_MISSING_PARENT:
      return "missing-parent";
    case UL_FSCK_BAD_BINDING:
      return "bad-binding";
    case UL_FSCK_UNREADABLE_OBJECT:
      return "unreadable-object";
    }
  g_assert_not_reached ();
}

/* Known to be wrong; what could not be read is neither right nor wrong. */
static gboolean
is_fault (const UlFsckFinding *finding)
{
  return finding->repair == UL_REPAIR_NONE && finding->kind != UL_FSCK_MISSING_PARENT
         && finding->kind != UL_FSCK_UNREADABLE_OBJECT;
}

typedef struct
{
  guint faults;
  guint unreadable;
  guint repaired;
} Counts;

static Counts
count (const UlFsckResult *result)
{
  Counts n = { 0 };
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      n.faults += is_fault (finding) ? 1 : 0;
      n.unreadable += finding->kind == UL_FSCK_UNREADABLE_OBJECT ? 1 : 0;
      n.repaired += finding->repair != UL_REPAIR_NONE ? 1 : 0;
    }
  return n;
}

UlFsckVerdict
ul_fsck_report_judge (const UlFsckResult *result)
{
  const Counts n = count (result);
  if (n.faults > 0 || result->partial_by_fsck->len > 0)
    return UL_FSCK_CORRUPT;
  return n.unreadable > 0 ? UL_FSCK_UNKNOWN : UL_FSCK_SOUND;
}

static void
add_commits (JsonBuilder *builder, const char *name, const GArray *commits)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < commits->len; i++)
    {
      char hex[UL_CHECKSUM_HEX_LEN + 1];
      ul_checksum_to_hex (&g_array_index (commits, UlChecksum, i), hex);
      json_builder_add_string_value (builder, hex);
    }
  json_builder_end_array (builder);
}

static void
add_sound (JsonBuilder *builder, UlFsckVerdict verdict)
{
  if (verdict == UL_FSCK_UNKNOWN)
    ul_json_add_string (builder, "sound", NULL);
  else
    ul_json_add_bool (builder, "sound", verdict == UL_FSCK_SOUND);
}

static void
add_names (JsonBuilder *builder, const char *name, const GPtrArray *names)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < names->len; i++)
    json_builder_add_string_value (builder, names->pdata[i]);
  json_builder_end_array (builder);
}

void
ul_fsck_report_json (const UlFsckResult *result, UlFsckVerdict verdict)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  add_sound (builder, verdict);
  ul_json_add_int (builder, "commits", (gint64) result->n_commits);
  ul_json_add_int (builder, "objects", (gint64) result->n_objects);
  ul_json_add_int (builder, "bytes", (gint64) result->n_bytes);
  ul_json_add_int (builder, "tombstones_added", (gint64) result->n_tombstones);
  add_names (builder, "partial_commits", result->partial);
  add_names (builder, "partial_by_fsck", result->partial_by_fsck);
  add_names (builder, "completed_commits", result->completed);
  ul_json_add_string (builder, "quarantine", result->quarantine);

  json_builder_set_member_name (builder, "findings");
  json_builder_begin_array (builder);
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      json_builder_begin_object (builder);
      ul_json_add_string (builder, "kind", kind_name (finding->kind));
      ul_json_add_string (builder, "type", ul_object_type_name (finding->type));
      ul_json_add_checksum (builder, "checksum", &finding->checksum);
      ul_json_add_string (builder, "ref", finding->ref);
      ul_json_add_string (builder, "message", finding->message);
      add_commits (builder, "commits", finding->commits);
      add_commits (builder, "marked_partial", finding->marked);
      ul_json_add_bool (builder, "deleted", finding->deleted);
      ul_json_add_bool (builder, "repaired", finding->repair != UL_REPAIR_NONE);
      ul_json_add_string (builder, "source", finding->source);
      ul_json_add_string (builder, "repair_error", finding->repair_error);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  ul_print_json (builder);
}

/* The message with the commits concerned, in ostree's words. */
static char *
describe (const UlFsckFinding *finding)
{
  const gboolean missing = finding->kind == UL_FSCK_MISSING_OBJECT;
  if (finding->commits->len == 0
      || !(missing || finding->kind == UL_FSCK_CORRUPT_OBJECT
           || finding->kind == UL_FSCK_UNREADABLE_OBJECT))
    return g_strdup (finding->message);
  g_autoptr (GString) list = g_string_new (NULL);
  for (guint i = 0; i < finding->commits->len; i++)
    {
      char hex[UL_CHECKSUM_HEX_LEN + 1];
      ul_checksum_to_hex (&g_array_index (finding->commits, UlChecksum, i), hex);
      g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", hex);
    }
  if (!missing)
    return g_strdup_printf ("In commits %s: %s", list->str, finding->message);
  g_autofree char *name = ul_object_to_string (&finding->checksum, finding->type);
  return g_strdup_printf ("Object missing in commits %s: %s", list->str, name);
}

static void
print_tombstones (const UlFsckResult *result)
{
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      char hex[UL_CHECKSUM_HEX_LEN + 1];
      ul_checksum_to_hex (&finding->checksum, hex);
      if (finding->tombstoned)
        printf ("Adding tombstone for commit %s\n", hex);
    }
}

/* As with ostree, what is missing is said in any case. */
static gboolean
prints (const UlFsckFinding *finding, gboolean all)
{
  return finding->kind != UL_FSCK_MISSING_PARENT
         && (all || finding->kind == UL_FSCK_MISSING_OBJECT);
}

/* @before: the finding before it or NULL. Several refs may point to the same missing commit. */
static void
print_finding (const UlFsckFinding *finding, const UlFsckFinding *before, gboolean all)
{
  if (finding->kind == UL_FSCK_MISSING_COMMIT
      && (before == NULL || before->kind != finding->kind
          || !ul_checksum_equal (&before->checksum, &finding->checksum)))
    {
      g_autofree char *name = ul_object_to_string (&finding->checksum, finding->type);
      fprintf (stderr, "Object missing: %s\n", name);
    }
  if (prints (finding, all))
    {
      g_autofree char *line = describe (finding);
      fprintf (stderr, "%s\n", line);
    }
  for (guint i = 0; i < finding->marked->len; i++)
    {
      char commit[UL_CHECKSUM_HEX_LEN + 1];
      ul_checksum_to_hex (&g_array_index (finding->marked, UlChecksum, i), commit);
      fprintf (stderr, "Marking commit as partial: %s\n", commit);
    }
}

/* Where things came from, and why others couldn't be had. */
static void
print_repairs (const UlInvocation *inv, const UlFsckResult *result)
{
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      g_autofree char *name = ul_object_to_string (&finding->checksum, finding->type);
      if (finding->repair_error != NULL)
        fprintf (stderr, "Not repaired: %s: %s\n", name, finding->repair_error);
      else if (finding->repair == UL_REPAIR_FETCHED && !inv->quiet)
        printf ("Repaired %s from %s\n", name, finding->source);
      else if (finding->repair == UL_REPAIR_NOT_NEEDED && !inv->quiet)
        printf ("Set aside %s: no commit that was checked needs it\n", name);
    }
  for (guint i = 0; !inv->quiet && i < result->completed->len; i++)
    printf ("Commit is complete again: %s\n", (char *) result->completed->pdata[i]);
  if (result->quarantine != NULL && !inv->quiet)
    printf ("What was taken out is in %s\n", result->quarantine);
}

static void
print_success (const UlFsckResult *result)
{
  const guint repaired = count (result).repaired;
  if (repaired == 0)
    printf ("object fsck of %" G_GUINT64_FORMAT
            " commits completed successfully - no errors found.\n",
            result->n_commits);
  else
    printf ("object fsck of %" G_GUINT64_FORMAT
            " commits completed successfully - %u errors found, all repaired.\n",
            result->n_commits, repaired);
}

void
ul_fsck_report_text (const UlInvocation *inv, const UlFsckReport *report,
                     const UlFsckResult *result, UlFsckVerdict verdict)
{
  if (!inv->quiet)
    printf ("Verifying content integrity of %" G_GUINT64_FORMAT " commit objects...\n",
            result->n_commits);
  fflush (stdout);
  gpointer *findings = result->findings->pdata;
  for (guint i = 0; i < result->findings->len; i++)
    print_finding (findings[i], i > 0 ? findings[i - 1] : NULL, report->all);
  if (report->tombstones && !inv->quiet)
    print_tombstones (result);
  print_repairs (inv, result);
  if (result->n_partial > 0)
    printf ("%" G_GUINT64_FORMAT " partial commits not verified\n", result->n_partial);
  for (guint i = 0; !inv->quiet && i < result->partial_by_fsck->len; i++)
    printf ("Objects are missing in commit %s\n", (char *) result->partial_by_fsck->pdata[i]);
  if (verdict == UL_FSCK_SOUND && result->mend_error == NULL)
    print_success (result);
}

/* The whole check always runs. Without --all the error is the first of what was not printed. */
static gboolean
throw_first (const UlFsckResult *result, const char *otherwise, GError **error)
{
  const UlFsckFinding *first = NULL;
  guint n = 0;
  for (guint i = 0; i < result->findings->len; i++)
    {
      const UlFsckFinding *finding = result->findings->pdata[i];
      if (finding->repair != UL_REPAIR_NONE || !prints (finding, TRUE) || prints (finding, FALSE))
        continue;
      first = first != NULL ? first : finding;
      n++;
    }
  if (first == NULL)
    return ul_throw (error, UL_ERROR_CORRUPT, "%s", otherwise);
  g_autofree char *line = describe (first);
  if (n == 1)
    return ul_throw (error, UL_ERROR_CORRUPT, "%s", line);
  return ul_throw (error, UL_ERROR_CORRUPT, "%s (and %u more, --all shows them)", line, n - 1);
}

gboolean
ul_fsck_report_throw (const UlFsckResult *result, gboolean all, GError **error)
{
  const Counts n = count (result);
  if (n.faults == 0 && n.unreadable == 0)
    return ul_throw (error, UL_ERROR_CORRUPT, "%u partial commits from fsck-detected corruption",
                     result->partial_by_fsck->len);
  g_autofree char *sum
      = n.faults > 0 ? g_strdup ("Repository corruption encountered")
                     : g_strdup_printf ("Objects that could not be verified: %u", n.unreadable);
  return all ? ul_throw (error, UL_ERROR_CORRUPT, "%s", sum) : throw_first (result, sum, error);
}
