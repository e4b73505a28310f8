// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/place.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "checkout/copy.h"
#include "checkout/link.h"
#include "checkout/unite.h"
#include "checkout/whiteouts.h"
#include "repo/objects.h"
#include "util/error.h"
#include "util/interrupt.h"

/* Files that are made new even where they could be linked. Empty ones, because they are what gets
 * written to in place (lock files, machine-id), and all of them would be one inode. And in user
 * mode those whose owner can't read them, because there they get a mode that the object doesn't
 * have. */
static gboolean
must_be_new (const UlCheckoutPlan *plan, guint32 mode, guint64 size)
{
  return S_ISREG (mode) && (size == 0 || ul_checkout_plan_is_unreadable (plan, mode));
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
place_object_link (const UlCheckoutEntry *entry, gboolean *out_done, GError **error)
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
  if (linkable)
    return ul_checkout_link (entry, ul_repo_objects_dfd (home), path, out_done, error);
  *out_done = FALSE;
  return TRUE;
}

/* From the cache, or from what this checkout has collected for it. */
static gboolean
place_cache_link (const UlCheckoutEntry *entry, gboolean *out_done, GError **error)
{
  UlCheckoutFileCache *cache = entry->dir->plan->cache;
  *out_done = FALSE;
  for (int fresh = 0; fresh <= 1 && !*out_done; fresh++)
    {
      char path[UL_CHECKOUT_CACHE_PATH_MAX];
      const int dfd = ul_checkout_file_cache_source (cache, entry->checksum, fresh, path);
      if (faccessat (dfd, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        continue;
      if (!ul_checkout_link (entry, dfd, path, out_done, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
place_file (const UlCheckoutEntry *entry, GError **error)
{
  const UlCheckoutPlan *plan = entry->dir->plan;
  gboolean done = FALSE;
  if (plan->links != UL_LINKS_NONE && !place_object_link (entry, &done, error))
    return FALSE;
  if (!done && plan->cache != NULL && !place_cache_link (entry, &done, error))
    return FALSE;
  if (done)
    return TRUE;

  /* Nothing is read for a name that stays as it is. */
  gboolean kept = FALSE;
  if (!ul_checkout_dir_is_new (entry->dir) && !ul_checkout_unite_settle (entry, &kept, error))
    return FALSE;
  if (kept)
    {
      ul_checkout_count (entry->dir->plan, kept, 1);
      return TRUE;
    }
  return ul_checkout_copy (entry, error);
}

static gboolean
place_by_name (UlCheckoutDir *dir, const char *name, const UlChecksum *checksum, GError **error)
{
  UlCheckoutPlan *plan = dir->plan;
  const UlCheckoutWhiteouts whiteouts = plan->options->whiteouts;
  const UlCheckoutEntry entry = { .dir = dir, .name = name, .checksum = checksum };
  if (whiteouts == UL_CHECKOUT_WHITEOUTS_KEEP)
    return place_file (&entry, error);

  g_auto (UlCheckoutMarker) marker = { 0 };
  if (!ul_checkout_whiteouts_read (plan, name, checksum, &marker, error))
    return FALSE;
  if (marker.kind == UL_WHITEOUT_NONE)
    return place_file (&entry, error);
  if (marker.form == UL_WHITEOUT_LAYER)
    return TRUE;
  const UlCheckoutEntry whiteout
      = { .dir = dir, .name = marker.deleted, .checksum = checksum, .whiteout = &marker.meta };
  return ul_checkout_whiteouts_place (&whiteout, error);
}

gboolean
ul_checkout_place (UlCheckoutDir *dir, const char *name, const UlChecksum *checksum, GError **error)
{
  /* The cache's staging directory holds signals off. */
  if (!ul_interrupt_check (error))
    return FALSE;
  if (place_by_name (dir, name, checksum, error))
    return TRUE;
  g_autofree char *path = ul_checkout_dir_child_path (dir, name);
  return ul_prefix (error, "checkout %s", path);
}
