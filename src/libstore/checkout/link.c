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
  gboolean is_name; /* another name in the target, not an object */
} LinkSource;

/* What link(2) says when a copy can still do: another file system, too many links,
 * protected_hardlinks, a file system without links. */
static gboolean
can_copy_instead (int code)
{
  return code == EXDEV || code == EMLINK || code == EPERM || code == EOPNOTSUPP || code == ENOSYS;
}

static gboolean
may_copy (const LinkSource *source, int code)
{
  /* EACCES: that name's directory is complete, and closed even to its owner. */
  if (source->is_name)
    return can_copy_instead (code) || code == EACCES;
  return can_copy_instead (code)
         && source->entry->dir->plan->options->link == UL_CHECKOUT_LINK_PREFER;
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
  else if (may_copy (source, code))
    *out_made = UL_CHECKOUT_MAKE_REFUSED;
  else
    {
      errno = code;
      return ul_throw_errno (error, "hardlink %s", source->path);
    }
  return TRUE;
}

static gboolean
put_link (LinkSource *source, UlCheckoutPut *out_put, GError **error)
{
  const UlCheckoutEntry *entry = source->entry;
  if (!ul_checkout_unite_put (entry, make_link, source, out_put, error))
    return FALSE;
  if (*out_put == UL_CHECKOUT_MADE)
    ul_checkout_count (entry->dir->plan, linked, 1);
  else if (*out_put == UL_CHECKOUT_KEPT)
    ul_checkout_count (entry->dir->plan, kept, 1);
  return TRUE;
}

gboolean
ul_checkout_link (const UlCheckoutEntry *entry, int dfd, const char *path, UlCheckoutPut *out_put,
                  GError **error)
{
  LinkSource source = { entry, dfd, path, FALSE };
  return put_link (&source, out_put, error);
}

gboolean
ul_checkout_link_name (const UlCheckoutEntry *entry, int dfd, const char *path,
                       UlCheckoutPut *out_put, GError **error)
{
  LinkSource source = { entry, dfd, path, TRUE };
  return put_link (&source, out_put, error);
}
