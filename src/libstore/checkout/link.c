// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/link.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "checkout/unite.h"
#include "util/error.h"

/* A file that a hardlink can be made of. */
typedef struct
{
  const UlCheckoutEntry *entry;
  int dfd;
  const char *path;
} LinkSource;

/* What link(2) says when a copy can still do: another file system, too many links,
 * protected_hardlinks, a file system without links. */
static gboolean
can_copy_instead (int code)
{
  return code == EXDEV || code == EMLINK || code == EPERM || code == EOPNOTSUPP || code == ENOSYS;
}

static int
try_link (const LinkSource *source, int dfd, const char *name)
{
  const UlCheckoutHooks *hooks = &source->entry->dir->plan->options->hooks;
  if (hooks->link_errno != NULL)
    {
      g_autofree char *path = ul_checkout_dir_child_path (source->entry->dir, name);
      const int code = hooks->link_errno (path, hooks->data);
      if (code != 0)
        return code;
    }
  return linkat (source->dfd, source->path, dfd, name, 0) == 0 ? 0 : errno;
}

static gboolean
make_link (gpointer data, int dfd, const char *name, UlCheckoutMake *out_made, GError **error)
{
  const LinkSource *source = data;
  const int code = try_link (source, dfd, name);
  if (code == 0)
    *out_made = UL_CHECKOUT_MAKE_DONE;
  else if (code == EEXIST)
    *out_made = UL_CHECKOUT_MAKE_EXISTS;
  else if (can_copy_instead (code)
           && source->entry->dir->plan->options->link == UL_CHECKOUT_LINK_PREFER)
    *out_made = UL_CHECKOUT_MAKE_REFUSED;
  else
    {
      errno = code;
      return ul_throw_errno (error, "hardlink %s", source->path);
    }
  return TRUE;
}

gboolean
ul_checkout_link (const UlCheckoutEntry *entry, int dfd, const char *path, gboolean *out_done,
                  GError **error)
{
  LinkSource source = { entry, dfd, path };
  UlCheckoutPut put;
  if (!ul_checkout_unite_put (entry, make_link, &source, &put, error))
    return FALSE;
  if (put == UL_CHECKOUT_MADE)
    ul_checkout_count (entry->dir->plan, linked, 1);
  else if (put == UL_CHECKOUT_KEPT)
    ul_checkout_count (entry->dir->plan, kept, 1);
  *out_done = put != UL_CHECKOUT_REFUSED;
  return TRUE;
}
