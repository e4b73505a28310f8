// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

/* What of the trusted.* xattrs this process can see; the kernel leaves out the others without a
 * word (xattr(7)). Read from /proc; the same as long as the process keeps its user. */

G_BEGIN_DECLS

/* They are for CAP_SYS_ADMIN in the initial user namespace, whose map is the identity over all ids.
 */
typedef enum
{
  UL_SIGHT_ALL,
  UL_SIGHT_NONE,         /* and root's directories may have some */
  UL_SIGHT_IN_NAMESPACE, /* as root of a user namespace: what root made is not among its ids */
} UlSight;

UlSight ul_sight_find (void);

/* May a file or directory of @uid have some that we don't see? A user's own can't, unless root made
 * them. */
gboolean ul_sight_may_hide (UlSight sight, uid_t uid);

G_END_DECLS
