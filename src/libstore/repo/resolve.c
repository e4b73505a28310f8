// SPDX-License-Identifier: LGPL-2.1-or-later

/* From what a user types (REV) to a commit's checksum. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/commit.h"
#include "core/refspec.h"
#include "repo/objects.h"
#include "repo/refs.h"
#include "util/error.h"
#include "util/fd.h"

typedef struct
{
  const char *prefix;
  guint n_found;
  UlChecksum found;
} Partial;

static gboolean
match_partial (UlObjectType type, const UlChecksum *checksum, gpointer data, GError **error)
{
  Partial *partial = data;
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (checksum, hex);
  if (type == UL_OBJECT_COMMIT && g_str_has_prefix (hex, partial->prefix))
    {
      partial->n_found++;
      partial->found = *checksum;
    }
  return TRUE;
}

/* A prefix of a commit's checksum. */
static gboolean
resolve_partial (UlRepo *repo, const char *rev, gboolean *out_found, UlChecksum *out,
                 GError **error)
{
  *out_found = FALSE;
  const gsize len = strlen (rev);
  if (len == 0 || len >= UL_CHECKSUM_HEX_LEN || strspn (rev, "0123456789abcdef") != len)
    return TRUE;
  /* One digit leaves the second one of the directory open. */
  const guint high = (guint) g_ascii_xdigit_value (rev[0]) << 4;
  const guint low = len > 1 ? (guint) g_ascii_xdigit_value (rev[1]) : 0;
  const guint n = len > 1 ? 1 : 16;
  Partial partial = { .prefix = rev };
  for (guint i = 0; i < n; i++)
    if (!ul_objects_foreach_in (repo, (guint8) (high + low + i), match_partial, &partial, error))
      return FALSE;
  if (partial.n_found > 1)
    return ul_throw (error, UL_ERROR_INVALID, "Refspec %s not unique", rev);
  *out_found = partial.n_found == 1;
  if (*out_found)
    *out = partial.found;
  return TRUE;
}

/* A ref that isn't local but is that of a remote. */
static gboolean
resolve_remote_ref (UlRepo *repo, const char *ref, gboolean *out_found, UlChecksum *out,
                    GError **error)
{
  const int fd = openat (ul_repo_dfd (repo), "refs/remotes", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    return errno == ENOENT || ul_throw_errno (error, "listing refs/remotes");
  gboolean ok = TRUE;
  struct dirent *entry;
  while (ok && !*out_found && (entry = readdir (dir)) != NULL)
    if (ul_remote_name_validate (entry->d_name, NULL))
      {
        g_autofree char *refspec = g_strdup_printf ("%s:%s", entry->d_name, ref);
        ok = ul_refs_read (repo, refspec, out_found, out, error);
      }
  closedir (dir);
  return ok;
}

static gboolean
resolve_own (UlRepo *repo, const char *rev, gboolean *out_found, UlChecksum *out, GError **error)
{
  if (!resolve_partial (repo, rev, out_found, out, error))
    return FALSE;
  if (*out_found)
    return TRUE;
  if (!ul_refs_read (repo, rev, out_found, out, error))
    return FALSE;
  if (*out_found || strchr (rev, ':') != NULL)
    return TRUE;
  return resolve_remote_ref (repo, rev, out_found, out, error);
}

static gboolean
resolve_name (UlRepo *repo, const char *rev, gboolean *out_found, UlChecksum *out, GError **error)
{
  *out_found = ul_checksum_from_hex (rev, out);
  for (; repo != NULL && !*out_found; repo = ul_repo_parent (repo))
    if (!resolve_own (repo, rev, out_found, out, error))
      return FALSE;
  return TRUE;
}

static gboolean
to_parent (UlRepo *repo, UlChecksum *at, GError **error)
{
  g_auto (UlCommit) commit = { 0 };
  if (!ul_objects_load_commit (repo, at, &commit, error))
    return FALSE;
  if (!commit.has_parent)
    {
      char hex[UL_CHECKSUM_HEX_LEN + 1];
      ul_checksum_to_hex (at, hex);
      return ul_throw (error, UL_ERROR_NOT_FOUND, "Commit %s has no parent", hex);
    }
  *at = commit.parent;
  return TRUE;
}

gboolean
ul_refs_resolve (UlRepo *repo, const char *rev, gboolean *out_found, UlChecksum *out,
                 GError **error)
{
  const char *carets = rev + strlen (rev);
  while (carets > rev && carets[-1] == '^')
    carets--;
  g_autofree char *name = g_strndup (rev, (gsize) (carets - rev));

  gboolean found;
  UlChecksum at;
  if (!resolve_name (repo, name, &found, &at, error))
    return FALSE;
  if (!found && out_found == NULL)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "Refspec '%s' not found", name);
  if (found)
    {
      for (const char *p = carets; *p != '\0'; p++)
        if (!to_parent (repo, &at, error))
          return FALSE;
      *out = at;
    }
  if (out_found != NULL)
    *out_found = found;
  return TRUE;
}
