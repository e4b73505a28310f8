// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <glib.h>

/* Who holds an open file description lock. The kernel's own answer (F_OFD_GETLK, /proc/locks) has
 * no process for such a lock, since it belongs to a descriptor; /proc/PID/fdinfo tells which
 * descriptors hold one. Looks at every process: for a message, not for a decision. */

G_BEGIN_DECLS

/* For a message, on one line: "process 4711 (ostree prune --repo=r)", several joined by commas, or
 * "another process" if none that this user may look into holds a lock on @path below @dfd. */
char *ul_lock_holders_describe_at (int dfd, const char *path);

G_END_DECLS
