// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "checkout/dir.h"
#include "checkout/link.h"
#include "checkout/unite.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/tmpfile.h"
#include "util/xattr.h"

#define PRIVATE_MODE 0600

/* What is made, and how. */
typedef struct
{
  const UlCheckoutDir *dir;
  const UlFileMeta *meta;
  GVariant *xattrs; /* those of @meta, with the label that it's to have here */
} NewNode;

/* chown first: it drops security.capability and set-id bits. In a directory that isn't ours the
 * file may have inherited an ACL. */
static gboolean
apply_meta (const NewNode *node, int fd, GError **error)
{
  const UlFileMeta *meta = node->meta;
  const UlCheckoutPlan *plan = node->dir->plan;
  if (!node->dir->is_new && !ul_xattr_drop_fd (fd, UL_XATTR_ACL_ACCESS, NULL, error))
    return FALSE;
  if (plan->ownership == UL_OWNERSHIP_STORED)
    {
      if (fchown (fd, meta->uid, meta->gid) != 0)
        return ul_throw_errno (error, "change owner to %u:%u", meta->uid, meta->gid);
      if (!ul_xattr_write_fd (fd, node->xattrs, error))
        return FALSE;
    }
  if (fchmod (fd, ul_checkout_plan_file_mode (plan, meta->mode)) != 0)
    return ul_throw_errno (error, "change mode");
  return TRUE;
}

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
  if (*out_made == UL_CHECKOUT_MAKE_EXISTS || apply_meta (node, fd, error))
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
  return ul_xattr_write_at (dfd, name, node->xattrs, error);
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

static gboolean
make_named (gpointer data, int dfd, const char *name, UlCheckoutMake *out_made, GError **error)
{
  gboolean exists;
  if (!ul_tmp_file_link (data, dfd, name, &exists, error))
    return FALSE;
  *out_made = exists ? UL_CHECKOUT_MAKE_EXISTS : UL_CHECKOUT_MAKE_DONE;
  return TRUE;
}

static gboolean
put (const UlCheckoutEntry *entry, UlCheckoutMakeFunc make, gpointer data, UlCheckoutPut *out_put,
     GError **error)
{
  if (!ul_checkout_unite_put (entry, make, data, out_put, error))
    return FALSE;
  g_assert (*out_put != UL_CHECKOUT_REFUSED);
  if (*out_put == UL_CHECKOUT_MADE)
    ul_checkout_count (entry->dir->plan, copied, 1);
  else
    ul_checkout_count (entry->dir->plan, kept, 1);
  return TRUE;
}

/* Collect the file for the cache. If another worker has collected the same object meanwhile, link
 * that one, so that all its names are one inode whoever comes first. */
static gboolean
share_by_cache (const UlCheckoutEntry *entry, int fd, UlCheckoutPut *out_put, GError **error)
{
  UlCheckoutFileCache *cache = entry->dir->plan->cache;
  *out_put = UL_CHECKOUT_REFUSED;
  if (ul_checkout_file_cache_add (cache, entry->checksum, fd) != UL_CHECKOUT_CACHE_HAD)
    return TRUE;
  char path[UL_CHECKOUT_CACHE_PATH_MAX];
  const int dfd = ul_checkout_file_cache_source (cache, entry->checksum, TRUE, path);
  return ul_checkout_link (entry, dfd, path, out_put, error);
}

static gboolean
copy_content (const UlCheckoutEntry *entry, const NewNode *node, UlContent *content,
              UlCheckoutPut *out_put, GError **error)
{
  UlCheckoutPlan *plan = entry->dir->plan;
  g_auto (UlTmpFile) tmp = UL_TMP_FILE_INIT;
  if (!ul_tmp_file_open (&tmp, entry->dir->fd, !plan->options->hooks.no_tmpfile, PRIVATE_MODE,
                         error)
      || !ul_content_copy_to (content, tmp.fd, error) || !apply_meta (node, tmp.fd, error))
    return FALSE;
  ul_checkout_count (plan, bytes, ul_content_size (content));
  ul_progress_add (plan->options->progress, bytes, ul_content_size (content));
  const gboolean share = plan->cache != NULL && !entry->is_copy && tmp.name == NULL
                         && !ul_checkout_plan_is_unreadable (plan, node->meta->mode);
  *out_put = UL_CHECKOUT_REFUSED;
  if (share && !share_by_cache (entry, tmp.fd, out_put, error))
    return FALSE;
  return *out_put != UL_CHECKOUT_REFUSED || put (entry, make_named, &tmp, out_put, error);
}

gboolean
ul_checkout_copy (const UlCheckoutEntry *entry, UlCheckoutPut *out_put, GError **error)
{
  g_autoptr (UlContent) content = NULL;
  if (!ul_objects_open_file (entry->dir->plan->repo, entry->checksum, &content, error))
    return FALSE;
  const UlFileMeta *meta = ul_content_meta (content);
  g_autoptr (GVariant) xattrs = NULL;
  if (!ul_checkout_labels_apply (&entry->dir->plan->labels, entry->dir->path, entry->name,
                                 meta->mode, meta->xattrs, &xattrs, error))
    return FALSE;
  NewNode node = { entry->dir, meta, xattrs };
  if (S_ISLNK (meta->mode))
    return put (entry, make_symlink, &node, out_put, error);
  if (ul_content_size (content) == 0)
    {
      /* Reads what there is: a header that says 0 before other content is found out. */
      guint8 byte;
      gsize n;
      return ul_content_read (content, &byte, 1, &n, error)
             && put (entry, make_empty, &node, out_put, error);
    }
  return copy_content (entry, &node, content, out_put, error);
}
