// SPDX-License-Identifier: LGPL-2.1-or-later

/* fsck's look at refs: do they point to commits, and are they bound to them? */

#include <string.h>

#include "core/commit.h"
#include "core/refspec.h"
#include "repo/fsck-private.h"
#include "repo/objects.h"
#include "repo/refs.h"
#include "util/error.h"

static gboolean
has_binding (GVariant *metadata, const char *ref)
{
  g_auto (GStrv) bindings = NULL;
  g_autoptr (GVariant) value
      = g_variant_lookup_value (metadata, UL_COMMIT_KEY_REF_BINDING, G_VARIANT_TYPE ("as"));
  if (value == NULL)
    return FALSE;
  bindings = g_variant_dup_strv (value, NULL);
  return g_strv_contains ((const char *const *) bindings, ref);
}

static void
check_binding (const UlCommit *commit, const UlChecksum *checksum, const char *ref,
               const char *collection_id, UlFsckCheck *check)
{
  if (!has_binding (commit->metadata, ref))
    {
      g_autofree char *hex = ul_checksum_dup_hex (checksum);
      ul_fsck_find (check, UL_FSCK_BAD_BINDING, UL_OBJECT_COMMIT, checksum, ref,
                    g_strdup_printf ("Commit %s has no ref binding for %s", hex, ref));
    }
  const char *bound = NULL;
  if (collection_id != NULL
      && (!g_variant_lookup (commit->metadata, UL_COMMIT_KEY_COLLECTION_BINDING, "&s", &bound)
          || !g_str_equal (bound, collection_id)))
    {
      g_autofree char *hex = ul_checksum_dup_hex (checksum);
      ul_fsck_find (
          check, UL_FSCK_BAD_BINDING, UL_OBJECT_COMMIT, checksum, ref,
          g_strdup_printf ("Commit %s has no collection binding for %s", hex, collection_id));
    }
}

/* Every ref in the bindings has to point back to the commit. */
static gboolean
check_back_refs (UlRepo *repo, const UlCommit *commit, const UlChecksum *checksum,
                 UlFsckCheck *check, GError **error)
{
  g_autofree const char **bindings = NULL;
  if (!g_variant_lookup (commit->metadata, UL_COMMIT_KEY_REF_BINDING, "^a&s", &bindings))
    return TRUE;
  for (const char **ref = bindings; *ref != NULL; ref++)
    {
      gboolean found = FALSE;
      UlChecksum target;
      /* Whoever made the commit chose the name: no ref, perhaps, and no text for a terminal. */
      const gboolean valid = ul_ref_validate (*ref, NULL);
      g_autofree char *shown = valid ? g_strdup (*ref) : g_strescape (*ref, NULL);
      if (valid && !ul_refs_read (repo, *ref, &found, &target, error))
        return FALSE;
      if (!found || !ul_checksum_equal (&target, checksum))
        {
          g_autofree char *hex = ul_checksum_dup_hex (checksum);
          ul_fsck_find (check, UL_FSCK_BAD_BINDING, UL_OBJECT_COMMIT, checksum, shown,
                        g_strdup_printf ("Commit %s is bound to ref %s, which doesn't point to it",
                                         hex, shown));
        }
    }
  return TRUE;
}

static gboolean
check_ref (UlFsckCheck *check, const UlChecksum *checksum, const char *refspec, const char *ref,
           const char *collection_id, GError **error)
{
  UlRepo *repo = check->repo;
  const UlFsckOptions *options = check->options;
  g_autoptr (GError) cause = NULL;
  g_autoptr (GVariant) variant = NULL;
  g_auto (UlCommit) commit = { 0 };
  if (!ul_objects_load (repo, UL_OBJECT_COMMIT, checksum, &variant, &cause))
    {
      if (g_error_matches (cause, UL_ERROR, UL_ERROR_NOT_FOUND))
        ul_fsck_find (check, UL_FSCK_MISSING_COMMIT, UL_OBJECT_COMMIT, checksum, refspec,
                      g_strdup_printf ("Loading commit for ref %s: %s", refspec, cause->message));
      else /* the object's own fault, found with the rest */
        g_array_append_vals (check->named, checksum, 1);
      return TRUE;
    }
  g_array_append_vals (check->named, checksum, 1);
  if (!options->verify_bindings && !options->verify_back_refs)
    return TRUE;
  if (!ul_commit_parse (variant, &commit, error))
    return FALSE;
  check_binding (&commit, checksum, ref, collection_id, check);
  return !options->verify_back_refs || check_back_refs (repo, &commit, checksum, check, error);
}

gboolean
ul_fsck_check_refs (UlFsckCheck *check, GError **error)
{
  UlRepo *repo = check->repo;
  g_autoptr (GPtrArray) refs = NULL;
  g_autoptr (GPtrArray) collections = NULL;
  if (!ul_refs_list (repo, NULL, UL_REFS_LIST_ALL, &refs, error)
      || !ul_refs_list_collections (repo, NULL, &collections, error))
    return FALSE;
  for (guint i = 0; i < refs->len; i++)
    {
      const UlRef *ref = refs->pdata[i];
      const char *colon = strchr (ref->refspec, ':');
      /* An alias is another name; the commit is bound to the ref it means. */
      const char *bound = ref->target ? ref->target : colon ? colon + 1 : ref->refspec;
      if (!check_ref (check, &ref->checksum, ref->refspec, bound,
                      colon ? NULL : ul_repo_collection_id (repo), error))
        return FALSE;
    }
  for (guint i = 0; i < collections->len; i++)
    {
      const UlCollectionRef *ref = collections->pdata[i];
      if (g_strcmp0 (ref->collection_id, ul_repo_collection_id (repo)) == 0)
        continue; /* the same as the local ref */
      g_autofree char *shown = g_strdup_printf ("(%s, %s)", ref->collection_id, ref->ref);
      if (!check_ref (check, &ref->checksum, shown, ref->ref, ref->collection_id, error))
        return FALSE;
    }
  return TRUE;
}
