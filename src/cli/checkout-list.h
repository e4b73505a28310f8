// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* The list of `checkout` --from-file and --from-stdin. */

G_BEGIN_DECLS

typedef struct
{
  char *rev;
  char *subpath; /* NULL: the whole tree */
} UlCheckoutItem;

/* REV NUL SUBPATH NUL ..., as ostree takes it: an empty REV ends the list; the last SUBPATH may
 * lack its NUL, or be left out. @path NULL reads standard input. Returns an array of
 * UlCheckoutItem. */
GArray *ul_checkout_list_read (const char *path, GError **error);

G_END_DECLS
