// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "overlay/id-map.h"

/* A directory mounted a second time, with other owners: what idmapped mounts of Linux 5.12 and
 * later are for. Nothing of it is on disk. Needs CAP_SYS_ADMIN. */

G_BEGIN_DECLS

/* The directory @dfd, without what is mounted below it, with the owners that @map has for it,
 * read-only, and with no set-id bits or devices of its own: a mount that has no place yet, and goes
 * with its descriptor. Ids that @map doesn't have are shown as nobody. UL_ERROR_UNSUPPORTED where
 * kernel or file system can't do it, or @dfd is such a mount already. */
gboolean ul_idmap_mount_new (int dfd, const UlIdMap *map, const char *what, int *out_fd,
                             GError **error);

/* Mount it on directory @dfd, which is called @what. */
gboolean ul_idmap_mount_attach (int mount_fd, int dfd, const char *what, GError **error);

typedef enum
{
  UL_PLACE_PLAIN,    /* nothing is mounted there */
  UL_PLACE_MOUNT,    /* something else */
  UL_PLACE_IDMAPPED, /* an idmapped mount, read-only and with no set-id bits, as made here */
} UlPlace;

/* What directory @dfd is, opened after what is mounted there. */
gboolean ul_idmap_mount_at (int dfd, const char *what, UlPlace *out, GError **error);

/* Unmount what is at @path, and no symlink. What uses it as a lower layer goes on to have it. */
gboolean ul_idmap_mount_detach (const char *path, GError **error);

G_END_DECLS
