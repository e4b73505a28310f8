// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/whiteout.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/xattr.h"

#define BUFFER_SIZE (64 * 1024)

/* The kernel labels every new file, so a label that the commit says nothing about is no difference.
 */
static gboolean
same_xattrs (GVariant *existing, GVariant *wanted)
{
  if (g_variant_equal (existing, wanted))
    return TRUE;
  g_autoptr (GVariant) label = ul_file_meta_find_xattr (wanted, UL_XATTR_SELINUX);
  if (label != NULL)
    return FALSE;

  g_auto (GVariantBuilder) builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ayay)"));
  const gsize n = g_variant_n_children (existing);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) xattr = g_variant_get_child_value (existing, i);
      g_autoptr (GVariant) name = g_variant_get_child_value (xattr, 0);
      if (!g_str_equal (g_variant_get_bytestring (name), UL_XATTR_SELINUX))
        g_variant_builder_add_value (&builder, xattr);
    }
  g_autoptr (GVariant) rest = g_variant_ref_sink (g_variant_builder_end (&builder));
  return g_variant_equal (rest, wanted);
}

static gboolean
same_meta (const UlCheckoutEntry *entry, const struct stat *st, const UlFileMeta *meta,
           gboolean *out_same, GError **error)
{
  const UlCheckoutPlan *plan = entry->dir->plan;
  *out_same = FALSE;
  const mode_t mode = entry->whiteout != NULL ? ul_checkout_plan_whiteout_mode (plan, meta->mode)
                                              : ul_checkout_plan_file_mode (plan, meta->mode);
  if (!S_ISLNK (meta->mode) && (st->st_mode & 07777) != mode)
    return TRUE;
  /* What we put there in user mode is ours, without xattrs. */
  const gboolean stored = plan->ownership == UL_OWNERSHIP_STORED;
  if (st->st_uid != (stored ? meta->uid : geteuid ()) || (stored && st->st_gid != meta->gid))
    return TRUE;
  if (ul_repo_wants_canonical (plan->repo))
    {
      /* Its files have no xattrs to differ in. */
      *out_same = TRUE;
      return TRUE;
    }
  g_autoptr (GVariant) xattrs = NULL;
  if (!ul_xattr_read_at (entry->dir->fd, entry->name, &xattrs, error))
    return FALSE;
  *out_same = same_xattrs (xattrs, stored ? meta->xattrs : ul_xattr_empty ());
  return TRUE;
}

static gboolean
same_target (const UlCheckoutEntry *entry, const char *wanted)
{
  /* One byte more than wanted, so that a longer target shows. */
  const gsize size = strlen (wanted) + 1;
  g_autofree char *target = g_malloc (size);
  const ssize_t n = readlinkat (entry->dir->fd, entry->name, target, size);
  return n == (ssize_t) size - 1 && memcmp (target, wanted, size - 1) == 0;
}

static gboolean
same_content (const UlCheckoutEntry *entry, gboolean *out_same, GError **error)
{
  g_autoptr (UlContent) content = NULL;
  if (!ul_objects_open_file (entry->dir->plan->repo, entry->checksum, &content, error))
    return FALSE;
  ul_autofd int fd = openat (entry->dir->fd, entry->name,
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0)
    return ul_throw_errno (error, "open existing file");

  g_autofree guint8 *ours = g_malloc (BUFFER_SIZE);
  g_autofree guint8 *theirs = g_malloc (BUFFER_SIZE);
  *out_same = FALSE;
  for (;;)
    {
      gsize n;
      gsize m;
      if (!ul_content_read (content, ours, BUFFER_SIZE, &n, error)
          || !ul_fd_read_full (fd, theirs, MAX (n, 1), "existing file", &m, error))
        return FALSE;
      if (n != m || memcmp (ours, theirs, n) != 0)
        return TRUE;
      if (n == 0)
        {
          *out_same = TRUE;
          return TRUE;
        }
    }
}

static gboolean
is_hardlink_of_object (const UlCheckoutEntry *entry, const struct stat *st)
{
  const UlCheckoutPlan *plan = entry->dir->plan;
  if (plan->links == UL_LINKS_NONE)
    return FALSE;
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (entry->checksum, UL_OBJECT_FILE, FALSE, path);
  for (UlRepo *home = plan->repo; home != NULL; home = ul_repo_parent (home))
    {
      struct stat object;
      if (fstatat (ul_repo_objects_dfd (home), path, &object, AT_SYMLINK_NOFOLLOW) == 0
          && object.st_dev == st->st_dev && object.st_ino == st->st_ino)
        return TRUE;
    }
  return FALSE;
}

gboolean
ul_checkout_entry_is_identical (const UlCheckoutEntry *entry, const struct stat *st,
                                gboolean *out_identical, GError **error)
{
  if (entry->whiteout != NULL)
    {
      if (ul_whiteout_is_device (st->st_mode, st->st_rdev))
        return same_meta (entry, st, entry->whiteout, out_identical, error);
      *out_identical = FALSE;
      return TRUE;
    }
  if (is_hardlink_of_object (entry, st))
    {
      *out_identical = TRUE;
      return TRUE;
    }

  g_auto (UlFileMeta) meta = { 0 };
  guint64 size;
  if (!ul_objects_load_file_meta (entry->dir->plan->repo, entry->checksum, &meta, &size, error))
    return FALSE;
  if ((st->st_mode & S_IFMT) != (meta.mode & S_IFMT)
      || (S_ISREG (meta.mode) && (guint64) st->st_size != size)
      || (S_ISLNK (meta.mode) && !same_target (entry, meta.symlink_target)))
    {
      *out_identical = FALSE;
      return TRUE;
    }
  gboolean same;
  if (!same_meta (entry, st, &meta, &same, error))
    return FALSE;
  if (same && S_ISREG (meta.mode))
    return same_content (entry, out_identical, error);
  *out_identical = same;
  return TRUE;
}
