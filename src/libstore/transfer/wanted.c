// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer/wanted.h"

#include <string.h>

#include "core/refspec.h"
#include "repo/refs.h"
#include "util/error.h"

static void
wanted_free (gpointer data)
{
  UlWanted *wanted = data;
  g_free (wanted->ref);
  g_free (wanted);
}

static void
add (GPtrArray *list, const char *ref, const UlChecksum *commit)
{
  UlWanted *wanted = g_new0 (UlWanted, 1);
  wanted->ref = g_strdup (ref);
  wanted->commit = *commit;
  g_ptr_array_add (list, wanted);
}

static gboolean
check_ref (const char *ref, GError **error)
{
  return ul_ref_validate (ref, NULL)
         || ul_throw (error, UL_ERROR_INVALID, "Invalid ref name %s", ref);
}

static gboolean
add_named (UlRepo *from, const char *word, GPtrArray *list, GError **error)
{
  UlChecksum checksum;
  if (ul_checksum_from_hex (word, &checksum))
    {
      add (list, NULL, &checksum);
      return TRUE;
    }
  const char *at = strchr (word, '@');
  g_autofree char *ref = at != NULL ? g_strndup (word, (gsize) (at - word)) : g_strdup (word);
  if (!check_ref (ref, error))
    return FALSE;
  if (at != NULL && !ul_checksum_from_hex (at + 1, &checksum))
    return ul_throw (error, UL_ERROR_INVALID, "Invalid checksum '%s' for ref %s", at + 1, ref);
  gboolean found = TRUE;
  if (at == NULL && !ul_refs_read (from, ref, &found, &checksum, error))
    return FALSE;
  if (!found)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "Refspec '%s' not found", ref);
  add (list, ref, &checksum);
  return TRUE;
}

static gboolean
add_all (UlRepo *from, GPtrArray *list, GError **error)
{
  g_autoptr (GPtrArray) refs = NULL;
  if (!ul_refs_list (from, NULL, UL_REFS_LIST_ALL, &refs, error))
    return FALSE;
  for (guint i = 0; i < refs->len; i++)
    {
      const UlRef *ref = refs->pdata[i];
      /* As ostree does: what is a remote's there isn't one of the repository's own. */
      if (strchr (ref->refspec, ':') != NULL)
        return ul_throw (
            error, UL_ERROR_INVALID,
            "Invalid ref name %s: refs of remotes can't be pulled; name those that can",
            ref->refspec);
      add (list, ref->refspec, &ref->checksum);
    }
  return TRUE;
}

gboolean
ul_wanted_list (UlRepo *from, const char *const *refs, GPtrArray **out_wanted, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (wanted_free);
  const gboolean all = refs == NULL || *refs == NULL;
  if (all && !add_all (from, list, error))
    return FALSE;
  for (; !all && *refs != NULL; refs++)
    if (!add_named (from, *refs, list, error))
      return FALSE;
  *out_wanted = g_steal_pointer (&list);
  return TRUE;
}

gboolean
ul_wanted_check_binding (const UlCommit *commit, const UlChecksum *checksum, const char *ref,
                         GError **error)
{
  g_autofree const char **bindings = NULL;
  if (!g_variant_lookup (commit->metadata, UL_COMMIT_KEY_REF_BINDING, "^a&s", &bindings)
      || g_strv_contains (bindings, ref))
    return TRUE;
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (checksum, hex);
  g_autoptr (GString) list = g_string_new (NULL);
  for (const char **bound = bindings; *bound != NULL; bound++)
    g_string_append_printf (list, "%s‘%s’", list->len > 0 ? ", " : "", *bound);
  return ul_throw (error, UL_ERROR_INVALID,
                   "Commit %s: Commit has no requested ref ‘%s’ in ref binding metadata (%s)", hex,
                   ref, list->str);
}
