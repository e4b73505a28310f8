// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/place.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "checkout/copy.h"
#include "checkout/link.h"
#include "checkout/sharing.h"
#include "checkout/unite.h"
#include "checkout/whiteouts.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/interrupt.h"

/* Files that are made new even where they could be linked. Empty ones, because they are what gets
 * written to in place (lock files, machine-id), and all of them would be one inode. In user mode
 * those whose owner can't read them, because there they get a mode that the object doesn't have.
 * And symlinks for whom that is asked. */
static gboolean
must_be_new (const UlCheckoutPlan *plan, guint32 mode, guint64 size)
{
  return S_ISREG (mode) ? size == 0 || ul_checkout_plan_is_unreadable (plan, mode)
                        : plan->options->own_symlinks;
}

static gboolean
is_linkable (const UlCheckoutEntry *entry, UlRepo *home, const char *loose_path, gboolean *out,
             GError **error)
{
  const UlCheckoutPlan *plan = entry->dir->plan;
  const UlLinks links = ul_checkout_plan_links (plan, home);
  if (links == (UL_LINKS_REGULAR | UL_LINKS_SYMLINKS))
    {
      struct stat st;
      if (fstatat (ul_repo_objects_dfd (home), loose_path, &st, AT_SYMLINK_NOFOLLOW) == 0)
        {
          if (!S_ISREG (st.st_mode) && !S_ISLNK (st.st_mode))
            return ul_throw (error, UL_ERROR_CORRUPT,
                             "object %s is neither regular file nor symlink", loose_path);
          *out = !must_be_new (plan, st.st_mode, (guint64) st.st_size);
          return TRUE;
        }
      /* Most likely it isn't there; loading it says so in the usual words. */
    }
  g_auto (UlFileMeta) meta = { 0 };
  guint64 size;
  if (!ul_objects_load_file_meta (home, entry->checksum, &meta, &size, error))
    return FALSE;
  *out = S_ISREG (meta.mode) && !must_be_new (plan, meta.mode, size)
         && (links & UL_LINKS_REGULAR) != 0;
  return TRUE;
}

/* Where the object is; the repository itself if nowhere, and then looking into it says so. */
static gboolean
find_home (const UlCheckoutEntry *entry, UlRepo **out_home, GError **error)
{
  UlRepo *repo = entry->dir->plan->repo;
  *out_home = repo;
  if (ul_repo_parent (repo) == NULL)
    return TRUE;
  if (!ul_objects_find (repo, UL_OBJECT_FILE, entry->checksum, out_home, error))
    return FALSE;
  if (*out_home == NULL)
    *out_home = repo;
  return TRUE;
}

static gboolean
place_object_link (const UlCheckoutEntry *entry, UlCheckoutPut *out_put, GError **error)
{
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  UlRepo *home;
  ul_object_loose_path (entry->checksum, UL_OBJECT_FILE, FALSE, path);
  gboolean linkable = FALSE;
  if (!find_home (entry, &home, error))
    return FALSE;
  /* One of the repositories allows links, or we wouldn't be here: it need not be this. */
  const UlCheckoutPlan *plan = entry->dir->plan;
  if (plan->options->link == UL_CHECKOUT_LINK_REQUIRE
      && ul_checkout_plan_links (plan, home) == UL_LINKS_NONE)
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "an object of repo %s, whose mode is %s, cannot be hardlinked",
                     ul_repo_path (home), ul_repo_mode_name (home));
  if (!is_linkable (entry, home, path, &linkable, error))
    return FALSE;
  *out_put = UL_CHECKOUT_REFUSED;
  return !linkable || ul_checkout_link (entry, ul_repo_objects_dfd (home), path, out_put, error);
}

/* From the cache, or from what this checkout has collected for it. */
static gboolean
place_cache_link (const UlCheckoutEntry *entry, UlCheckoutPut *out_put, GError **error)
{
  UlCheckoutFileCache *cache = entry->dir->plan->cache;
  *out_put = UL_CHECKOUT_REFUSED;
  for (int fresh = 0; fresh <= 1 && *out_put == UL_CHECKOUT_REFUSED; fresh++)
    {
      char path[UL_CHECKOUT_CACHE_PATH_MAX];
      const int dfd = ul_checkout_file_cache_source (cache, entry->checksum, fresh, path);
      if (faccessat (dfd, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        continue;
      if (!ul_checkout_link (entry, dfd, path, out_put, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
place_file (const UlCheckoutEntry *entry, UlCheckoutPut *out_put, GError **error)
{
  const UlCheckoutPlan *plan = entry->dir->plan;
  UlCheckoutPut put = UL_CHECKOUT_REFUSED;
  if (plan->links != UL_LINKS_NONE && !entry->is_copy && !place_object_link (entry, &put, error))
    return FALSE;
  if (put == UL_CHECKOUT_REFUSED && plan->cache != NULL && !entry->is_copy
      && !place_cache_link (entry, &put, error))
    return FALSE;
  *out_put = put;
  if (put != UL_CHECKOUT_REFUSED)
    return TRUE;

  /* Nothing is read for a name that stays as it is. */
  gboolean kept = FALSE;
  if (!entry->dir->is_new && !ul_checkout_unite_settle (entry, &kept, error))
    return FALSE;
  if (kept)
    {
      ul_checkout_count (entry->dir->plan, kept, 1);
      *out_put = UL_CHECKOUT_KEPT;
      return TRUE;
    }
  return ul_checkout_copy (entry, out_put, error);
}

/* As a hardlink of @first, a name that the checkout has made. *out_put is REFUSED if that can't be.
 */
static gboolean
place_name_link (const UlCheckoutEntry *entry, const UlCheckoutName *first, UlCheckoutPut *out_put,
                 GError **error)
{
  const UlCheckoutDir *dir = entry->dir;
  ul_autofd int fd = -1;
  if (!ul_checkout_sharing_open_first (dir->plan->sharing, dir, first, &fd, error))
    return FALSE;
  *out_put = UL_CHECKOUT_REFUSED;
  return fd < 0 || ul_checkout_link_name (entry, fd, first->name, out_put, error);
}

/* @first: see sharing.h; NULL: none. *out_is_new: a file was made that others may be linked to. */
static gboolean
place_content (UlCheckoutEntry *entry, const UlCheckoutName *first, gboolean *out_is_new,
               GError **error)
{
  UlCheckoutPut put = UL_CHECKOUT_REFUSED;
  if (first != NULL && !place_name_link (entry, first, &put, error))
    return FALSE;
  *out_is_new = FALSE;
  if (put != UL_CHECKOUT_REFUSED)
    return TRUE;
  entry->is_copy |= first != NULL;
  if (!place_file (entry, &put, error))
    return FALSE;
  *out_is_new = put == UL_CHECKOUT_MADE;
  return TRUE;
}

static gboolean
place_by_name (UlCheckoutEntry *entry, const UlCheckoutName *first, gboolean *out_is_new,
               GError **error)
{
  UlCheckoutPlan *plan = entry->dir->plan;
  const UlCheckoutWhiteouts whiteouts = plan->options->whiteouts;
  if (whiteouts == UL_CHECKOUT_WHITEOUTS_KEEP)
    return place_content (entry, first, out_is_new, error);

  g_auto (UlCheckoutMarker) marker = { 0 };
  if (!ul_checkout_whiteouts_read (plan, entry->name, entry->checksum, &marker, error))
    return FALSE;
  if (marker.kind == UL_WHITEOUT_NONE)
    return place_content (entry, first, out_is_new, error);
  *out_is_new = FALSE;
  if (marker.form == UL_WHITEOUT_LAYER)
    return TRUE;
  UlCheckoutEntry whiteout = *entry;
  whiteout.name = marker.deleted;
  whiteout.whiteout = &marker.meta;
  return ul_checkout_whiteouts_place (&whiteout, error);
}

/* The same for a commit that records which of its files are hardlinks of each other. */
static gboolean
place_shared (UlCheckoutEntry *entry, gsize index, GError **error)
{
  const UlCheckoutDir *dir = entry->dir;
  UlCheckoutSharing *sharing = dir->plan->sharing;
  const UlCheckoutName *first;
  gboolean is_new;
  entry->is_copy = !ul_checkout_sharing_may_be_object (dir, index);
  if (!ul_checkout_sharing_begin (sharing, dir, index, &first))
    return TRUE; /* the checkout has failed */
  if (place_by_name (entry, first, &is_new, error))
    {
      ul_checkout_sharing_end (sharing, dir, index, is_new);
      return TRUE;
    }
  ul_checkout_sharing_fail (sharing, dir, index);
  return FALSE;
}

static gboolean
place (UlCheckoutEntry *entry, gsize index, GError **error)
{
  UlCheckoutSharing *sharing = entry->dir->plan->sharing;
  gboolean is_new;
  /* The cache's staging directory holds signals off. */
  if (!ul_interrupt_check (error))
    {
      if (sharing != NULL)
        ul_checkout_sharing_fail (sharing, entry->dir, index);
      return FALSE;
    }
  if (sharing != NULL ? place_shared (entry, index, error)
                      : place_by_name (entry, NULL, &is_new, error))
    return TRUE;
  g_autofree char *path = ul_checkout_dir_child_path (entry->dir, entry->name);
  return ul_prefix (error, "checkout %s", path);
}

gboolean
ul_checkout_place (UlCheckoutDir *dir, const char *name, const UlChecksum *checksum, gsize index,
                   GError **error)
{
  UlCheckoutEntry entry = { .dir = dir, .name = name, .checksum = checksum };
  return place (&entry, index, error);
}

gboolean
ul_checkout_replace (UlCheckoutDir *dir, const char *name, const UlChecksum *checksum,
                     GError **error)
{
  g_assert (dir->plan->sharing == NULL);
  UlCheckoutEntry entry = { .dir = dir, .name = name, .checksum = checksum, .replaces = TRUE };
  return place (&entry, 0, error);
}
