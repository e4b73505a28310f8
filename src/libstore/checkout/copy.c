// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "checkout/dir.h"
#include "checkout/link.h"
#include "checkout/unite.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

#define PRIVATE_MODE 0600

/* chown first: it drops security.capability and set-id bits. In a directory that isn't ours the
 * file may have inherited an ACL. */
static gboolean
apply_meta (const UlCheckoutDir *dir, int fd, const UlFileMeta *meta, GError **error)
{
  const UlCheckoutPlan *plan = dir->plan;
  if (!ul_checkout_dir_is_new (dir) && !ul_xattr_drop_fd (fd, UL_XATTR_ACL_ACCESS, NULL, error))
    return FALSE;
  if (plan->ownership == UL_OWNERSHIP_STORED)
    {
      if (fchown (fd, meta->uid, meta->gid) != 0)
        return ul_throw_errno (error, "change owner to %u:%u", meta->uid, meta->gid);
      if (!ul_xattr_write_fd (fd, meta->xattrs, error))
        return FALSE;
    }
  if (fchmod (fd, ul_checkout_plan_file_mode (plan, meta->mode)) != 0)
    return ul_throw_errno (error, "change mode");
  return TRUE;
}

typedef struct
{
  const UlCheckoutDir *dir;
  const UlFileMeta *meta;
} NewNode;

static gboolean
made (int result, const char *what, UlCheckoutMake *out_made, GError **error)
{
  if (result < 0 && errno != EEXIST)
    return ul_throw_errno (error, "%s", what);
  *out_made = result < 0 ? UL_CHECKOUT_MAKE_EXISTS : UL_CHECKOUT_MAKE_DONE;
  return TRUE;
}

/* An empty file is complete from the start, so it needs no temporary one. */
static gboolean
make_empty (gpointer data, int dfd, const char *name, UlCheckoutMake *out_made, GError **error)
{
  const NewNode *node = data;
  ul_autofd int fd
      = openat (dfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, PRIVATE_MODE);
  if (!made (fd, "create file", out_made, error))
    return FALSE;
  if (*out_made == UL_CHECKOUT_MAKE_EXISTS || apply_meta (node->dir, fd, node->meta, error))
    return TRUE;
  (void) unlinkat (dfd, name, 0);
  return FALSE;
}

static gboolean
apply_symlink_meta (const NewNode *node, int dfd, const char *name, GError **error)
{
  if (node->dir->plan->ownership == UL_OWNERSHIP_USER)
    return TRUE;
  if (fchownat (dfd, name, node->meta->uid, node->meta->gid, AT_SYMLINK_NOFOLLOW) != 0)
    return ul_throw_errno (error, "change owner to %u:%u", node->meta->uid, node->meta->gid);
  return ul_xattr_write_at (dfd, name, node->meta->xattrs, error);
}

static gboolean
make_symlink (gpointer data, int dfd, const char *name, UlCheckoutMake *out_made, GError **error)
{
  const NewNode *node = data;
  if (!made (symlinkat (node->meta->symlink_target, dfd, name), "create symlink", out_made, error))
    return FALSE;
  if (*out_made == UL_CHECKOUT_MAKE_EXISTS || apply_symlink_meta (node, dfd, name, error))
    return TRUE;
  (void) unlinkat (dfd, name, 0);
  return FALSE;
}

/* A file without a name yet; or, where the file system has no O_TMPFILE, with a temporary one. */
typedef struct
{
  int dfd;
  int fd;
  char *name; /* NULL: none */
} TmpFile;

static void
tmp_file_clear (TmpFile *tmp)
{
  if (tmp->name != NULL)
    (void) unlinkat (tmp->dfd, tmp->name, 0);
  g_clear_pointer (&tmp->name, g_free);
  if (tmp->fd >= 0)
    close (tmp->fd);
  tmp->fd = -1;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TmpFile, tmp_file_clear)

static gboolean
open_tmp (TmpFile *tmp, gboolean allow_unnamed, GError **error)
{
  if (allow_unnamed)
    {
      tmp->fd = openat (tmp->dfd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, PRIVATE_MODE);
      if (tmp->fd >= 0)
        return TRUE;
      if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
        return ul_throw_errno (error, "create temporary file");
    }
  for (int i = 0; i < 100; i++)
    {
      g_autofree char *name
          = g_strdup_printf (".underlay-%08x%08x", g_random_int (), g_random_int ());
      tmp->fd = openat (tmp->dfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        PRIVATE_MODE);
      if (tmp->fd >= 0)
        {
          tmp->name = g_steal_pointer (&name);
          return TRUE;
        }
      if (errno != EEXIST)
        break;
    }
  return ul_throw_errno (error, "create temporary file");
}

static gboolean
make_named (gpointer data, int dfd, const char *name, UlCheckoutMake *out_made, GError **error)
{
  TmpFile *tmp = data;
  if (tmp->name != NULL)
    {
      const int result = renameat2 (tmp->dfd, tmp->name, dfd, name, RENAME_NOREPLACE);
      if (!made (result, "rename file", out_made, error))
        return FALSE;
      if (*out_made == UL_CHECKOUT_MAKE_DONE)
        g_clear_pointer (&tmp->name, g_free);
      return TRUE;
    }
  char source[sizeof "/proc/self/fd/-2147483648"];
  snprintf (source, sizeof source, "/proc/self/fd/%d", tmp->fd);
  const int result = linkat (AT_FDCWD, source, dfd, name, AT_SYMLINK_FOLLOW);
  if (result != 0 && errno == ENOENT)
    return ul_fd_throw_proc (error, "name file");
  return made (result, "name file", out_made, error);
}

static gboolean
put (const UlCheckoutEntry *entry, UlCheckoutMakeFunc make, gpointer data, GError **error)
{
  UlCheckoutPut result;
  if (!ul_checkout_unite_put (entry, make, data, &result, error))
    return FALSE;
  g_assert (result != UL_CHECKOUT_REFUSED);
  if (result == UL_CHECKOUT_MADE)
    ul_checkout_count (entry->dir->plan, copied, 1);
  else
    ul_checkout_count (entry->dir->plan, kept, 1);
  return TRUE;
}

/* Collect the file for the cache. If another worker has collected the same object meanwhile, link
 * that one, so that all its names are one inode whoever comes first. */
static gboolean
share_by_cache (const UlCheckoutEntry *entry, int fd, gboolean *out_done, GError **error)
{
  UlCheckoutFileCache *cache = entry->dir->plan->cache;
  *out_done = FALSE;
  if (ul_checkout_file_cache_add (cache, entry->checksum, fd) != UL_CHECKOUT_CACHE_HAD)
    return TRUE;
  char path[UL_CHECKOUT_CACHE_PATH_MAX];
  const int dfd = ul_checkout_file_cache_source (cache, entry->checksum, TRUE, path);
  return ul_checkout_link (entry, dfd, path, out_done, error);
}

static gboolean
copy_content (const UlCheckoutEntry *entry, UlContent *content, GError **error)
{
  UlCheckoutPlan *plan = entry->dir->plan;
  g_auto (TmpFile) tmp = { .dfd = entry->dir->fd, .fd = -1 };
  if (!open_tmp (&tmp, !plan->options->hooks.no_tmpfile, error)
      || !ul_content_copy_to (content, tmp.fd, error)
      || !apply_meta (entry->dir, tmp.fd, ul_content_meta (content), error))
    return FALSE;
  ul_checkout_count (plan, bytes, ul_content_size (content));
  ul_progress_add (plan->options->progress, bytes, ul_content_size (content));
  gboolean done = FALSE;
  const gboolean share = plan->cache != NULL && tmp.name == NULL
                         && !ul_checkout_plan_is_unreadable (plan, ul_content_meta (content)->mode);
  if (share && !share_by_cache (entry, tmp.fd, &done, error))
    return FALSE;
  return done || put (entry, make_named, &tmp, error);
}

gboolean
ul_checkout_copy (const UlCheckoutEntry *entry, GError **error)
{
  g_autoptr (UlContent) content = NULL;
  if (!ul_objects_open_file (entry->dir->plan->repo, entry->checksum, &content, error))
    return FALSE;
  NewNode node = { entry->dir, ul_content_meta (content) };
  if (S_ISLNK (node.meta->mode))
    return put (entry, make_symlink, &node, error);
  if (ul_content_size (content) == 0)
    {
      /* Reads what there is: a header that says 0 before other content is found out. */
      guint8 byte;
      gsize n;
      return ul_content_read (content, &byte, 1, &n, error)
             && put (entry, make_empty, &node, error);
    }
  return copy_content (entry, content, error);
}
