// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

/* In what an entry of a directory differs from what a commit has there. Times, link counts and what
 * the kernel adds by itself (labels) don't count. */

G_BEGIN_DECLS

typedef enum
{
  UL_CHECKOUT_SAME = 0,
  UL_CHECKOUT_TYPE = 1 << 0, /* nothing else is compared then */
  UL_CHECKOUT_CONTENT = 1 << 1,
  UL_CHECKOUT_TARGET = 1 << 2, /* of a symlink */
  UL_CHECKOUT_MODE = 1 << 3,
  UL_CHECKOUT_OWNER = 1 << 4,
  UL_CHECKOUT_XATTRS = 1 << 5,
  /* It is a hardlink of the right object, which isn't what its checksum says any more: content or
   * metadata were written to through some link, or the disk has lost them. */
  UL_CHECKOUT_OBJECT = 1 << 6,
} UlCheckoutAspects;

/* "content, mode"; "" for none. */
char *ul_checkout_aspects_to_string (UlCheckoutAspects aspects);

G_END_DECLS
