// SPDX-License-Identifier: LGPL-2.1-or-later

/* Static deltas, as far as a prune knows them: directories deltas/XX/YYYY, where XXYYYY is TO or
 * FROM-TO, checksums in base64 with `_` for `/` and no padding; and files
 * delta-indexes/XX/YYYY.index, where XXYYYY is TO. Those to a commit that isn't there are of no
 * use. Other names are left alone. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "repo/objects.h"
#include "repo/prune-private.h"
#include "util/error.h"
#include "util/fd.h"

#define BASE64_LEN   43
#define INDEX_SUFFIX ".index"

static gboolean
checksum_from_base64 (const char *text, UlChecksum *out)
{
  char padded[BASE64_LEN + 2];
  gsize len;
  if (strlen (text) != BASE64_LEN)
    return FALSE;
  for (guint i = 0; i < BASE64_LEN; i++)
    padded[i] = text[i] == '_' ? '/' : text[i];
  strcpy (padded + BASE64_LEN, "=");
  g_autofree guchar *bytes = g_base64_decode (padded, &len);
  if (len != UL_CHECKSUM_LEN)
    return FALSE;
  memcpy (out->bytes, bytes, len);
  return TRUE;
}

/* The commit that what is called @dir/@name in @root leads to. */
static gboolean
parse (gboolean is_index, const char *dir, const char *name, UlChecksum *out_to)
{
  g_autofree char *joined = g_strconcat (dir, name, NULL);
  if (is_index)
    {
      if (!g_str_has_suffix (joined, INDEX_SUFFIX))
        return FALSE;
      joined[strlen (joined) - strlen (INDEX_SUFFIX)] = '\0';
      return checksum_from_base64 (joined, out_to);
    }
  UlChecksum from;
  char *dash = strchr (joined, '-');
  if (dash == NULL)
    return checksum_from_base64 (joined, out_to);
  *dash = '\0';
  return checksum_from_base64 (joined, &from) && checksum_from_base64 (dash + 1, out_to);
}

typedef struct
{
  const UlPruneJob *job;
  const char *root; /* "deltas" or "delta-indexes" */
  gboolean is_index;
  guint64 n_deleted;
} Deltas;

static gboolean
is_gone (const UlPruneJob *job, const UlChecksum *to, gboolean *out_gone, GError **error)
{
  const UlPruneOptions *options = job->options;
  gboolean has;
  if (!ul_objects_has (job->repo, UL_OBJECT_COMMIT, to, &has, error))
    return FALSE;
  *out_gone = !has
              || (options->static_deltas_only && options->delete_commit != NULL
                  && ul_checksum_equal (options->delete_commit, to));
  return TRUE;
}

static gboolean
sweep_delta (Deltas *self, int dfd, const char *dir, const char *name, GError **error)
{
  UlChecksum to;
  gboolean gone;
  if (!parse (self->is_index, dir, name, &to))
    return TRUE;
  if (!is_gone (self->job, &to, &gone, error))
    return FALSE;
  if (!gone)
    return TRUE;
  ul_prune_step (self->job, "delta");
  self->n_deleted++;
  return ul_fd_remove_tree_at (dfd, name, error)
         || ul_prefix (error, "deleting %s/%s/%s", self->root, dir, name);
}

/* The names in directory @path, none if there is no such directory. */
static gboolean
list_names (int dfd, const char *path, GPtrArray **out_names, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const int fd = openat (dfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL && errno != ENOENT && errno != ENOTDIR)
    return ul_throw_errno (error, "listing %s", path);
  struct dirent *entry = NULL;
  errno = 0;
  while (dir != NULL && (errno = 0, entry = readdir (dir)) != NULL)
    if (entry->d_name[0] != '.')
      g_ptr_array_add (names, g_strdup (entry->d_name));
  const gboolean ok = dir == NULL || errno == 0 || ul_throw_errno (error, "listing %s", path);
  if (dir != NULL)
    closedir (dir);
  if (ok)
    *out_names = g_steal_pointer (&names);
  return ok;
}

static gboolean
sweep_root (Deltas *self, GError **error)
{
  g_autoptr (GPtrArray) dirs = NULL;
  if (!list_names (ul_repo_dfd (self->job->repo), self->root, &dirs, error))
    return FALSE;
  for (guint i = 0; i < dirs->len; i++)
    {
      const char *dir = dirs->pdata[i];
      g_autofree char *path = g_build_filename (self->root, dir, NULL);
      g_autoptr (GPtrArray) names = NULL;
      if (strlen (dir) != 2)
        continue;
      if (!list_names (ul_repo_dfd (self->job->repo), path, &names, error))
        return FALSE;
      ul_autofd int dfd = openat (ul_repo_dfd (self->job->repo), path,
                                  O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
      for (guint k = 0; dfd >= 0 && k < names->len; k++)
        if (!sweep_delta (self, dfd, dir, names->pdata[k], error))
          return FALSE;
    }
  return TRUE;
}

gboolean
ul_prune_deltas (const UlPruneJob *job, guint64 *out_deleted, GError **error)
{
  Deltas deltas = { .job = job, .root = "deltas" };
  Deltas indexes = { .job = job, .root = "delta-indexes", .is_index = TRUE };
  if (!sweep_root (&deltas, error) || !sweep_root (&indexes, error))
    return FALSE;
  *out_deleted = deltas.n_deleted;
  return TRUE;
}
