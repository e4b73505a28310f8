// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "checkout/aspects.h"
#include "checkout/entry.h"

/* What stands in a directory against what a checkout would put there. Nothing that stands there is
 * trusted: no symlink is followed, and nothing but a regular file is opened. */

G_BEGIN_DECLS

typedef enum
{
  /* One difference will do: content isn't read if there is another. Else all of them are found, and
   * an object that turns out to be corrupt is an error, as nothing can be said then. */
  UL_CHECKOUT_COMPARE_FIRST = 1 << 0,
  /* A hardlink of the object is read, too, to see whether it's sound. */
  UL_CHECKOUT_COMPARE_LINKS = 1 << 1,
  /* As ostree's union modes compare: what has no owner of its own (user mode) must be the caller's,
   * and over a canonical file xattrs don't count. */
  UL_CHECKOUT_COMPARE_TO_UNITE = 1 << 2,
} UlCheckoutCompare;

/* @st: the lstat of the entry's name. @hasher is scratch. */
gboolean ul_checkout_compare_file (const UlCheckoutEntry *entry, const struct stat *st,
                                   UlCheckoutCompare how, UlHasher *hasher,
                                   UlCheckoutAspects *out_differs, GError **error);

/* @fd is not O_PATH; @meta: the dirmeta. What is in the directory is not looked at. */
gboolean ul_checkout_compare_dir (const UlCheckoutPlan *plan, int fd, GVariant *meta,
                                  UlCheckoutAspects *out_differs, GError **error);

G_END_DECLS
