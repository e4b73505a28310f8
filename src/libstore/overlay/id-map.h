// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

/* Which ids others stand for, as a user namespace has it, and an idmapped mount that is made with
 * one: files on disk have the ids inside, and are shown with those outside. Any thread. */

G_BEGIN_DECLS

typedef struct
{
  guint32 inside;
  guint32 outside;
  guint32 count;
} UlIdRange;

typedef struct
{
  GArray *uids; /* UlIdRange, by inside */
  GArray *gids;
} UlIdMap;

UlIdMap *ul_id_map_new (void);
void ul_id_map_free (UlIdMap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlIdMap, ul_id_map_free)

/* Of @ranges: what shows @inside, or FALSE. */
gboolean ul_id_ranges_map (const GArray *ranges, guint32 inside, guint32 *out_outside);

/* As /proc/PID/uid_map is written. */
char *ul_id_ranges_format (const GArray *ranges);

/* A user namespace with that map and nobody in it, open. For root. */
gboolean ul_id_map_open_userns (const UlIdMap *map, int *out_fd, GError **error);

G_END_DECLS
