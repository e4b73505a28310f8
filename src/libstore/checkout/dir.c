// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/file-meta.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

/* O_PATH asks no permission of an existing directory, and is enough for everything *at. */
#define EXISTING_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

gboolean
ul_checkout_dir_inherit_nothing (int fd, GError **error)
{
  return ul_xattr_drop_fd (fd, UL_XATTR_ACL_ACCESS, NULL, error)
         && ul_xattr_drop_fd (fd, UL_XATTR_ACL_DEFAULT, NULL, error);
}

gboolean
ul_checkout_dir_make (UlCheckoutPlan *plan, int parent, gboolean parent_is_new, const char *name,
                      const char *path, int *out_fd, gboolean *out_new, GError **error)
{
  const gboolean made = mkdirat (parent, name, 0700) == 0;
  if (!made && errno != EEXIST)
    return ul_throw_errno (error, "checkout %s: create directory", path);
  if (!made && (plan->options->unite == UL_CHECKOUT_UNION_NONE || parent_is_new))
    return ul_throw (error, UL_ERROR_EXISTS, "checkout %s: File exists", path);

  if (made)
    {
      ul_autofd int fd = -1;
      if (!ul_fd_open_dir_at (parent, name, FALSE, &fd, error)
          || (!parent_is_new && !ul_checkout_dir_inherit_nothing (fd, error)))
        return ul_prefix (error, "checkout %s", path);
      *out_fd = ul_fd_steal (&fd);
      ul_checkout_count (plan, directories, 1);
      *out_new = TRUE;
      return TRUE;
    }

  const int fd = openat (parent, name, EXISTING_FLAGS);
  if (fd < 0 && errno == ENOTDIR)
    {
      /* Also what the kernel says about a symlink with these flags. */
      struct stat st;
      const gboolean is_link
          = fstatat (parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK (st.st_mode);
      return ul_throw (error, UL_ERROR_EXISTS,
                       is_link ? "checkout %s: a symlink is in the way of a directory"
                               : "checkout %s: a file is in the way of a directory",
                       path);
    }
  if (fd < 0)
    return ul_throw_errno (error, "checkout %s: open directory", path);
  *out_fd = fd;
  *out_new = FALSE;
  return TRUE;
}

UlCheckoutDir *
ul_checkout_dir_new (UlCheckoutPlan *plan, UlCheckoutDirErrors *errors, int fd, char *path,
                     GVariant *meta, GVariant *dirtree, guint64 seq)
{
  UlCheckoutDir *dir = g_new (UlCheckoutDir, 1);
  *dir = (UlCheckoutDir){
    .refs = 1,
    .plan = plan,
    .errors = errors,
    .fd = fd,
    .path = path,
    .is_new = meta != NULL,
    .meta = meta != NULL ? g_variant_ref (meta) : NULL,
    .seq = seq,
  };
  if (dirtree != NULL)
    ul_dirtree_view_init (&dir->view, dirtree);
  return dir;
}

UlCheckoutDir *
ul_checkout_dir_ref (UlCheckoutDir *dir)
{
  g_atomic_int_inc (&dir->refs);
  return dir;
}

/* What an existing directory has and isn't to have; but a label that the commit says nothing of is
 * the kernel's. */
static gboolean
drop_other_xattrs (const UlCheckoutDir *dir, GVariant *wanted, GError **error)
{
  g_autoptr (GVariant) existing = NULL;
  if (!ul_xattr_read_fd (dir->fd, &existing, error))
    return FALSE;
  const gsize n = g_variant_n_children (existing);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) name = NULL;
      g_variant_get_child (existing, i, "(@ay@ay)", &name, NULL);
      const char *xattr = g_variant_get_bytestring (name);
      g_autoptr (GVariant) value = ul_file_meta_find_xattr (wanted, xattr);
      if (value == NULL && !g_str_equal (xattr, UL_XATTR_SELINUX)
          && !ul_xattr_drop_fd (dir->fd, xattr, NULL, error))
        return FALSE;
    }
  return TRUE;
}

/* chown before xattrs and mode: it drops security.capability and set-id bits. */
static gboolean
apply_meta (UlCheckoutDir *dir, GError **error)
{
  guint32 uid;
  guint32 gid;
  guint32 mode;
  g_autoptr (GVariant) xattrs = NULL;
  ul_dirmeta_get (dir->meta, &uid, &gid, &mode, &xattrs);
  if (dir->plan->ownership == UL_OWNERSHIP_STORED && fchown (dir->fd, uid, gid) != 0)
    return ul_throw_errno (error, "change owner to %u:%u", uid, gid);
  g_autoptr (GVariant) wanted = ul_checkout_plan_dir_xattrs (dir->plan, xattrs);
  g_autoptr (GVariant) labelled = NULL;
  if (!ul_checkout_labels_apply (&dir->plan->labels, dir->path, NULL, mode, wanted, &labelled,
                                 error)
      || (!dir->is_new && !drop_other_xattrs (dir, labelled, error))
      || !ul_xattr_write_fd (dir->fd, labelled, error))
    return FALSE;
  if (fchmod (dir->fd, ul_checkout_plan_dir_mode (dir->plan, mode)) != 0)
    return ul_throw_errno (error, "change mode");
  const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 0 } };
  if (dir->plan->stored_times && futimens (dir->fd, times) != 0)
    return ul_throw_errno (error, "change time");
  return TRUE;
}

static void
keep_first (UlCheckoutDir *dir, GError *failure)
{
  UlCheckoutDirErrors *errors = dir->errors;
  g_prefix_error (&failure, "checkout %s: ", dir->path);
  g_mutex_lock (&errors->lock);
  if (errors->first == NULL || dir->seq < errors->first_seq)
    {
      g_clear_error (&errors->first);
      errors->first = g_steal_pointer (&failure);
      errors->first_seq = dir->seq;
    }
  g_mutex_unlock (&errors->lock);
  g_clear_error (&failure);
}

void
ul_checkout_dir_unref (UlCheckoutDir *dir)
{
  if (!g_atomic_int_dec_and_test (&dir->refs))
    return;
  GError *failure = NULL;
  if (dir->meta != NULL && !apply_meta (dir, &failure))
    keep_first (dir, failure);
  g_clear_pointer (&dir->meta, g_variant_unref);
  ul_dirtree_view_clear (&dir->view);
  g_free (dir->shares);
  close (dir->fd);
  g_free (dir->path);
  g_free (dir);
}

char *
ul_checkout_dir_child_path (const UlCheckoutDir *dir, const char *name)
{
  const char *separator = g_str_has_suffix (dir->path, "/") ? "" : "/";
  return g_strconcat (dir->path, separator, name, NULL);
}

gboolean
ul_checkout_dir_skips (const UlCheckoutDir *dir, const char *name)
{
  if (dir->plan->options->skip == NULL)
    return FALSE;
  g_autofree char *path = ul_checkout_dir_child_path (dir, name);
  return ul_checkout_plan_skips (dir->plan, path);
}

int
ul_checkout_path_compare (const char *a, const char *b)
{
  while (*a == *b && *a != '\0')
    a++, b++;
  if (*a == *b)
    return 0;
  if (*a == '\0' || *b == '\0')
    return *a == '\0' ? -1 : 1;
  if (*a == '/' || *b == '/')
    return *a == '/' ? -1 : 1;
  return (guchar) *a < (guchar) *b ? -1 : 1;
}
