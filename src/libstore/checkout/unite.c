// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/unite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "checkout/compare.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/tmpfile.h"

#define TMP_NAME_RETRIES 100

static const char *
describe (mode_t mode)
{
  switch (mode & S_IFMT)
    {
    case S_IFDIR:
      return "directory";
    case S_IFREG:
      return "file";
    case S_IFLNK:
      return "symlink";
    default:
      return "special file";
    }
}

/* Would replacing it take more than a rename? A directory stays unless a whiteout stands for its
 * removal. */
static gboolean
is_in_the_way (const UlCheckoutEntry *entry, const struct stat *st)
{
  return S_ISDIR (st->st_mode) && entry->whiteout == NULL;
}

gboolean
ul_checkout_unite_settle (const UlCheckoutEntry *entry, gboolean *out_kept, GError **error)
{
  const UlCheckoutOptions *options = entry->dir->plan->options;
  if (entry->replaces)
    {
      *out_kept = FALSE;
      return TRUE;
    }
  struct stat st;
  if (fstatat (entry->dir->fd, entry->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
    {
      if (errno != ENOENT)
        return ul_throw_errno (error, "stat existing name");
      *out_kept = FALSE;
      return TRUE;
    }
  if (options->unite == UL_CHECKOUT_UNION_NONE)
    return ul_throw (error, UL_ERROR_EXISTS, "File exists");
  if (options->unite == UL_CHECKOUT_UNION_ADD)
    {
      *out_kept = TRUE;
      return TRUE;
    }
  if (options->unite == UL_CHECKOUT_UNION_FILES)
    {
      if (is_in_the_way (entry, &st))
        return ul_throw (error, UL_ERROR_EXISTS, "a directory is in the way of a file");
      /* Who asks for copies wants no hardlink of an object to stay. */
      if (options->link == UL_CHECKOUT_LINK_NEVER)
        {
          *out_kept = FALSE;
          return TRUE;
        }
    }

  g_autoptr (UlHasher) hasher = ul_hasher_new ();
  UlCheckoutAspects differs;
  if (!ul_checkout_compare_file (entry, &st,
                                 UL_CHECKOUT_COMPARE_FIRST | UL_CHECKOUT_COMPARE_TO_UNITE, hasher,
                                 &differs, error))
    return FALSE;
  const gboolean identical = differs == UL_CHECKOUT_SAME;
  if (!identical && options->unite == UL_CHECKOUT_UNION_IDENTICAL)
    return ul_throw (error, UL_ERROR_EXISTS, "a different %s exists", describe (st.st_mode));
  *out_kept = identical;
  return TRUE;
}

static gboolean
make_at_tmp_name (const UlCheckoutEntry *entry, UlCheckoutMakeFunc make, gpointer data,
                  char tmp[UL_TMP_NAME_MAX], UlCheckoutMake *out_made, GError **error)
{
  for (int i = 0; i < TMP_NAME_RETRIES; i++)
    {
      ul_tmp_name_random (tmp);
      if (!make (data, entry->dir->fd, tmp, out_made, error))
        return FALSE;
      if (*out_made != UL_CHECKOUT_MAKE_EXISTS)
        return TRUE;
    }
  return ul_throw (error, UL_ERROR_EXISTS, "no free name for a temporary file");
}

/* A whiteout takes the place of a directory: exchange the two, then remove the tree under the other
 * name. */
static gboolean
replace_directory (int dfd, const char *tmp, const char *name, GError **error)
{
  if (renameat2 (dfd, tmp, dfd, name, RENAME_EXCHANGE) == 0)
    return ul_fd_remove_tree_at (dfd, tmp, error);
  if (errno != EINVAL && errno != ENOSYS)
    return ul_throw_errno (error, "replace directory");
  /* A file system that can't exchange: the name is missing for a moment. */
  if (!ul_fd_remove_tree_at (dfd, name, error))
    return FALSE;
  if (renameat (dfd, tmp, dfd, name) != 0)
    return ul_throw_errno (error, "replace directory");
  return TRUE;
}

static gboolean
replace (const UlCheckoutEntry *entry, const char *tmp, GError **error)
{
  const int dfd = entry->dir->fd;
  if (renameat (dfd, tmp, dfd, entry->name) == 0)
    return TRUE;
  if (errno != EISDIR)
    return ul_throw_errno (error, "replace");
  if (entry->whiteout == NULL || entry->replaces)
    return ul_throw (error, UL_ERROR_EXISTS, "a directory is in the way of a %s",
                     entry->whiteout != NULL ? "whiteout" : "file");
  return replace_directory (dfd, tmp, entry->name, error);
}

/* The name is taken by something that goes. */
static gboolean
put_in_place (const UlCheckoutEntry *entry, UlCheckoutMakeFunc make, gpointer data,
              UlCheckoutPut *out_put, GError **error)
{
  UlCheckoutMake made;
  char tmp[UL_TMP_NAME_MAX];
  if (!make_at_tmp_name (entry, make, data, tmp, &made, error))
    return FALSE;
  if (made == UL_CHECKOUT_MAKE_REFUSED)
    {
      *out_put = UL_CHECKOUT_REFUSED;
      return TRUE;
    }
  ul_checkout_plan_step (entry->dir->plan, "complete");
  const gboolean ok = replace (entry, tmp, error);
  /* Left over after a failure, and after a rename between two links of one inode, which does
   * nothing. */
  (void) unlinkat (entry->dir->fd, tmp, 0);
  if (ok)
    *out_put = UL_CHECKOUT_MADE;
  return ok;
}

gboolean
ul_checkout_unite_put (const UlCheckoutEntry *entry, UlCheckoutMakeFunc make, gpointer data,
                       UlCheckoutPut *out_put, GError **error)
{
  if (entry->replaces)
    return put_in_place (entry, make, data, out_put, error);
  UlCheckoutMake made;
  if (!make (data, entry->dir->fd, entry->name, &made, error))
    return FALSE;
  if (made != UL_CHECKOUT_MAKE_EXISTS)
    {
      *out_put = made == UL_CHECKOUT_MAKE_DONE ? UL_CHECKOUT_MADE : UL_CHECKOUT_REFUSED;
      return TRUE;
    }

  gboolean kept;
  if (!ul_checkout_unite_settle (entry, &kept, error))
    return FALSE;
  if (kept)
    {
      *out_put = UL_CHECKOUT_KEPT;
      return TRUE;
    }
  return put_in_place (entry, make, data, out_put, error);
}
