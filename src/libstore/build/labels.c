// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/labels.h"

#include <sys/stat.h>

#include "repo/objects.h"
#include "repo/refs.h"
#include "util/error.h"

/* The tree of a commit, for ul_selinux_load (). */
typedef struct
{
  UlRepo *repo;
  UlCommit commit;
} CommitTree;

static gboolean
read_content (UlRepo *repo, const UlChecksum *checksum, gsize max, GBytes **out_bytes,
              GError **error)
{
  g_autoptr (UlContent) content = NULL;
  if (!ul_objects_open_file (repo, checksum, &content, error))
    return FALSE;
  if (!S_ISREG (ul_content_meta (content)->mode))
    return ul_throw (error, UL_ERROR_INVALID, "not a regular file");
  if (ul_content_size (content) > max)
    return ul_throw (error, UL_ERROR_INVALID, "more than %" G_GSIZE_FORMAT " bytes", max);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_byte_array_set_size (bytes, (guint) ul_content_size (content) + 1);
  gsize len = 0;
  gsize n = 1;
  while (n > 0 && len < bytes->len)
    {
      if (!ul_content_read (content, bytes->data + len, bytes->len - len, &n, error))
        return FALSE;
      len += n;
    }
  g_byte_array_set_size (bytes, (guint) len);
  *out_bytes = g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
  return TRUE;
}

static gboolean
read_from_commit (gpointer data, const char *path, gsize max, GBytes **out_bytes, GError **error)
{
  const CommitTree *tree = data;
  gboolean found;
  UlEntry entry;
  if (!ul_objects_lookup_path (tree->repo, &tree->commit.tree, &tree->commit.meta, path, &found,
                               &entry, error))
    return FALSE;
  if (!found || entry.kind != UL_ENTRY_FILE)
    {
      *out_bytes = NULL;
      return TRUE;
    }
  return read_content (tree->repo, &entry.checksum, max, out_bytes, error)
         || ul_prefix (error, "%s", path);
}

static gboolean
open_from_commit (UlRepo *repo, const char *rev, UlSelinux **out_policy, GError **error)
{
  /* A commit's /etc is in /usr/etc, the only place where OSTree looks. */
  static const char *const places[] = { "usr/etc/selinux", "etc/selinux", NULL };
  UlChecksum checksum;
  CommitTree tree = { .repo = repo };
  if (!ul_refs_resolve (repo, rev, NULL, &checksum, error)
      || !ul_objects_load_commit (repo, &checksum, &tree.commit, error))
    return FALSE;
  const gboolean ok = ul_selinux_load (read_from_commit, &tree, places, out_policy, error);
  ul_commit_clear (&tree.commit);
  return ok || ul_prefix (error, "SELinux policy in %s", rev);
}

static gboolean
open_from_base (UlRepo *repo, const UlCommitOptions *options, UlSelinux **out_policy,
                GError **error)
{
  if (options->base != NULL)
    return open_from_commit (repo, options->base, out_policy, error);
  const UlTreeSource *first = options->n_trees > 0 ? options->trees : NULL;
  if (first != NULL && first->type == UL_TREE_SOURCE_COMMIT)
    return open_from_commit (repo, first->where, out_policy, error);
  if (first != NULL && first->type == UL_TREE_SOURCE_DIR)
    return ul_selinux_open (first->where, out_policy, error);
  return ul_throw (error, UL_ERROR_INVALID,
                   "--selinux-policy-from-base needs a base, or a directory or commit as the first "
                   "tree");
}

static gboolean
check_options (const UlLabelOptions *labels, GError **error)
{
  if (labels->policy != NULL && labels->policy_from_base)
    return ul_throw (error, UL_ERROR_INVALID,
                     "Cannot specify both --selinux-policy and --selinux-policy-from-base");
  if (labels->epoch > 1)
    return ul_throw (error, UL_ERROR_INVALID, "Unknown SELinux labeling epoch %u", labels->epoch);
  return labels->equivalences == NULL || labels->policy != NULL || labels->policy_from_base
         || ul_throw (error, UL_ERROR_INVALID, "--selinux-equivalence needs --selinux-policy");
}

gboolean
ul_labels_open (UlRepo *repo, const UlCommitOptions *options, UlSelinux **out_policy,
                GError **error)
{
  const UlLabelOptions *labels = &options->labels;
  g_autoptr (UlSelinux) policy = NULL;
  if (!check_options (labels, error)
      || (labels->policy != NULL && !ul_selinux_require (labels->policy, &policy, error))
      || (labels->policy_from_base && !open_from_base (repo, options, &policy, error)))
    return FALSE;
  if (policy != NULL && !ul_selinux_add_equivalences (policy, labels->equivalences, error))
    return FALSE;
  if (policy != NULL && labels->epoch == 1
      && !ul_selinux_add_equivalence (policy, "/usr/etc", "/etc", error))
    return FALSE;
  *out_policy = g_steal_pointer (&policy);
  return TRUE;
}
