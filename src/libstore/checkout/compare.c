// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/whiteout.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/sight.h"
#include "util/xattr.h"

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
  g_autoptr (GVariant) rest = ul_file_meta_without_xattrs (existing, UL_XATTR_SELINUX);
  return g_variant_equal (rest, wanted);
}

/* What the commit has and this user can't see is no difference, but nothing is known of it either.
 */
static gboolean
compare_xattrs (GVariant *existing, GVariant *wanted, UlCheckoutAspects *io_differs, GError **error)
{
  if (same_xattrs (existing, wanted))
    return TRUE;
  g_autoptr (GVariant) visible = ul_file_meta_without_xattrs (wanted, "trusted.");
  if (ul_sight_find () != UL_SIGHT_ALL && same_xattrs (existing, visible))
    return ul_throw (error, UL_ERROR_UNSUPPORTED, "this user cannot see trusted.* attributes");
  *io_differs |= UL_CHECKOUT_XATTRS;
  return TRUE;
}

static gboolean
compare_owner (const UlCheckoutPlan *plan, const struct stat *st, const UlFileMeta *meta,
               UlCheckoutCompare how)
{
  if (plan->ownership == UL_OWNERSHIP_STORED)
    return st->st_uid == meta->uid && st->st_gid == meta->gid;
  return (how & UL_CHECKOUT_COMPARE_TO_UNITE) == 0 || st->st_uid == geteuid ();
}

static gboolean
compare_meta (const UlCheckoutEntry *entry, const struct stat *st, const UlFileMeta *meta,
              UlCheckoutCompare how, UlCheckoutAspects *io_differs, GError **error)
{
  const UlCheckoutPlan *plan = entry->dir->plan;
  const mode_t mode = entry->whiteout != NULL ? ul_checkout_plan_whiteout_mode (plan, meta->mode)
                                              : ul_checkout_plan_file_mode (plan, meta->mode);
  if (!S_ISLNK (meta->mode) && (st->st_mode & 07777) != mode)
    *io_differs |= UL_CHECKOUT_MODE;
  if (!compare_owner (plan, st, meta, how))
    *io_differs |= UL_CHECKOUT_OWNER;
  if (*io_differs != UL_CHECKOUT_SAME && (how & UL_CHECKOUT_COMPARE_FIRST) != 0)
    return TRUE;
  if ((how & UL_CHECKOUT_COMPARE_TO_UNITE) != 0 && ul_repo_wants_canonical (plan->repo))
    return TRUE;
  g_autoptr (GVariant) xattrs = NULL;
  if (!ul_xattr_read_at (entry->dir->fd, entry->name, &xattrs, error))
    return FALSE;
  const gboolean stored = plan->ownership == UL_OWNERSHIP_STORED;
  g_autoptr (GVariant) wanted
      = ul_file_meta_sort_xattrs (stored ? meta->xattrs : ul_xattr_empty ());
  if ((how & UL_CHECKOUT_COMPARE_FIRST) == 0)
    return compare_xattrs (xattrs, wanted, io_differs, error);
  if (!same_xattrs (xattrs, wanted))
    *io_differs |= UL_CHECKOUT_XATTRS;
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

/* By checksum, so that the object's own content need not be read (and unpacked). */
static gboolean
same_content (const UlCheckoutEntry *entry, const UlFileMeta *meta, UlHasher *hasher,
              gboolean *out_same, GError **error)
{
  ul_autofd int fd = openat (entry->dir->fd, entry->name,
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat st;
  if (fd < 0 || fstat (fd, &st) != 0)
    return ul_throw_errno (error, "open");
  if (!S_ISREG (st.st_mode))
    return ul_throw (error, UL_ERROR_FAILED, "it is being replaced");
  UlChecksum actual;
  if (!ul_objects_hash_file (meta, fd, hasher, &actual, error))
    return FALSE;
  *out_same = ul_checksum_equal (&actual, entry->checksum);
  return TRUE;
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

static gboolean
object_is_sound (const UlCheckoutEntry *entry, const struct stat *st, UlHasher *hasher,
                 gboolean *out_sound, GError **error)
{
  UlChecksum actual;
  guint64 bytes;
  if (!ul_objects_verify (entry->dir->plan->repo, UL_OBJECT_FILE, entry->checksum, hasher, &actual,
                          &bytes, error))
    return FALSE;
  const gboolean sound = ul_checksum_equal (&actual, entry->checksum);
  if (!sound && ul_sight_may_hide (ul_sight_find (), st->st_uid))
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "it may have trusted.* attributes, which this user cannot see");
  *out_sound = sound;
  return TRUE;
}

static gboolean
compare_link (const UlCheckoutEntry *entry, const struct stat *st, UlCheckoutCompare how,
              UlHasher *hasher, UlCheckoutAspects *out_differs, GError **error)
{
  gboolean sound = TRUE;
  if ((how & UL_CHECKOUT_COMPARE_LINKS) != 0 && !object_is_sound (entry, st, hasher, &sound, error))
    return FALSE;
  *out_differs = sound ? UL_CHECKOUT_SAME : UL_CHECKOUT_OBJECT;
  return TRUE;
}

static gboolean
compare_whiteout (const UlCheckoutEntry *entry, const struct stat *st, UlCheckoutCompare how,
                  UlCheckoutAspects *out_differs, GError **error)
{
  UlCheckoutAspects differs = UL_CHECKOUT_SAME;
  if (!ul_whiteout_is_device (st->st_mode, st->st_rdev))
    differs = UL_CHECKOUT_TYPE;
  else if (!compare_meta (entry, st, entry->whiteout, how, &differs, error))
    return FALSE;
  *out_differs = differs;
  return TRUE;
}

/* No hardlink of the object. */
static gboolean
compare_copy (const UlCheckoutEntry *entry, const struct stat *st, UlCheckoutCompare how,
              UlHasher *hasher, UlCheckoutAspects *out_differs, GError **error)
{
  g_auto (UlFileMeta) meta = { 0 };
  guint64 size;
  if (!ul_objects_load_file_meta (entry->dir->plan->repo, entry->checksum, &meta, &size, error))
    return FALSE;
  UlCheckoutAspects differs = UL_CHECKOUT_SAME;
  if ((st->st_mode & S_IFMT) != (meta.mode & S_IFMT))
    differs = UL_CHECKOUT_TYPE;
  else if (S_ISREG (meta.mode) && (guint64) st->st_size != size)
    differs = UL_CHECKOUT_CONTENT;
  else if (S_ISLNK (meta.mode) && !same_target (entry, meta.symlink_target))
    differs = UL_CHECKOUT_TARGET;

  const gboolean first_only = (how & UL_CHECKOUT_COMPARE_FIRST) != 0;
  if (differs != UL_CHECKOUT_TYPE && !(first_only && differs != UL_CHECKOUT_SAME)
      && !compare_meta (entry, st, &meta, how, &differs, error))
    return FALSE;
  const gboolean read = S_ISREG (meta.mode)
                        && (differs & (UL_CHECKOUT_TYPE | UL_CHECKOUT_CONTENT)) == 0
                        && !(first_only && differs != UL_CHECKOUT_SAME);
  gboolean same = TRUE;
  if (read && !same_content (entry, &meta, hasher, &same, error))
    return FALSE;
  *out_differs = same ? differs : differs | UL_CHECKOUT_CONTENT;
  return TRUE;
}

gboolean
ul_checkout_compare_file (const UlCheckoutEntry *entry, const struct stat *st,
                          UlCheckoutCompare how, UlHasher *hasher, UlCheckoutAspects *out_differs,
                          GError **error)
{
  if (entry->whiteout != NULL)
    return compare_whiteout (entry, st, how, out_differs, error);
  if (is_hardlink_of_object (entry, st))
    return compare_link (entry, st, how, hasher, out_differs, error);
  UlCheckoutAspects differs;
  if (!compare_copy (entry, st, how, hasher, &differs, error))
    return FALSE;
  gboolean sound = TRUE;
  if (differs != UL_CHECKOUT_SAME && (how & UL_CHECKOUT_COMPARE_FIRST) == 0
      && !object_is_sound (entry, st, hasher, &sound, error))
    return FALSE;
  if (!sound)
    {
      g_autofree char *object = ul_object_to_string (entry->checksum, UL_OBJECT_FILE);
      return ul_throw (error, UL_ERROR_CORRUPT, "object %s is corrupt", object);
    }
  *out_differs = differs;
  return TRUE;
}

gboolean
ul_checkout_compare_dir (const UlCheckoutPlan *plan, int fd, GVariant *meta,
                         UlCheckoutAspects *out_differs, GError **error)
{
  guint32 uid;
  guint32 gid;
  guint32 mode;
  g_autoptr (GVariant) stored = NULL;
  g_autoptr (GVariant) xattrs = NULL;
  struct stat st;
  ul_dirmeta_get (meta, &uid, &gid, &mode, &stored);
  if (fstat (fd, &st) != 0)
    return ul_throw_errno (error, "stat");
  if (!ul_xattr_read_fd (fd, &xattrs, error))
    return FALSE;
  UlCheckoutAspects differs = UL_CHECKOUT_SAME;
  if ((st.st_mode & 07777) != (ul_checkout_plan_dir_mode (plan, mode) & 07777))
    differs |= UL_CHECKOUT_MODE;
  if (plan->ownership == UL_OWNERSHIP_STORED && (st.st_uid != uid || st.st_gid != gid))
    differs |= UL_CHECKOUT_OWNER;
  g_autoptr (GVariant) unsorted = ul_checkout_plan_dir_xattrs (plan, stored);
  g_autoptr (GVariant) wanted = ul_file_meta_sort_xattrs (unsorted);
  if (!compare_xattrs (xattrs, wanted, &differs, error))
    return FALSE;
  *out_differs = differs;
  return TRUE;
}
