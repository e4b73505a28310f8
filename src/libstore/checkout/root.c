// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/root.h"

#include "util/error.h"

/* Nothing is at @subpath. That may be fine, but not if it leads through a file. */
static gboolean
explain_missing (UlRepo *repo, const UlCommit *commit, const char *subpath, gboolean noent_ok,
                 GError **error)
{
  UlEntry at = { .kind = UL_ENTRY_DIR, .checksum = commit->tree, .meta = commit->meta };
  g_auto (GStrv) parts = g_strsplit (subpath, "/", -1);
  gboolean found = TRUE;
  for (char **part = parts; found && *part != NULL; part++)
    {
      if (**part == '\0' || g_str_equal (*part, "."))
        continue;
      if (at.kind == UL_ENTRY_FILE)
        return ul_throw (error, UL_ERROR_NOT_FOUND, "checkout: %s: Not a directory", subpath);
      if (!ul_objects_lookup_name (repo, &at, *part, &found, &at, error))
        return FALSE;
    }
  return noent_ok
         || ul_throw (error, UL_ERROR_NOT_FOUND, "checkout: No such file or directory: %s%s",
                      *subpath == '/' ? "" : "/", subpath);
}

gboolean
ul_checkout_root_find (UlRepo *repo, const UlChecksum *checksum, const char *subpath,
                       gboolean noent_ok, gboolean *out_found, UlEntry *out_root, GError **error)
{
  g_auto (UlCommit) commit = { 0 };
  if (!ul_objects_load_commit (repo, checksum, &commit, error))
    return FALSE;
  if (subpath == NULL)
    subpath = "/";
  gboolean found;
  if (!ul_objects_lookup_path (repo, &commit.tree, &commit.meta, subpath, &found, out_root, error)
      || (!found && !explain_missing (repo, &commit, subpath, noent_ok, error)))
    return FALSE;
  *out_found = found;
  return TRUE;
}
