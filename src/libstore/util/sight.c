// SPDX-License-Identifier: LGPL-2.1-or-later
#include "util/sight.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the kernel shows for ids that a user namespace has no map for. */
#define OVERFLOW_UID 65534

static gboolean
has_sys_admin (void)
{
  g_autofree char *status = NULL;
  const char *line;
  guint64 effective = 0;
  return g_file_get_contents ("/proc/self/status", &status, NULL, NULL)
         && (line = strstr (status, "\nCapEff:")) != NULL
         && sscanf (line, "\nCapEff: %" G_GINT64_MODIFIER "x", &effective) == 1
         && (effective & (G_GUINT64_CONSTANT (1) << CAP_SYS_ADMIN)) != 0;
}

UlSight
ul_sight_find (void)
{
  g_autofree char *map = NULL;
  guint64 inside;
  guint64 outside;
  guint64 length;
  if (!g_file_get_contents ("/proc/self/uid_map", &map, NULL, NULL)
      || sscanf (map, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &inside,
                 &outside, &length)
             != 3)
    return UL_SIGHT_NONE;
  if (inside != 0 || outside != 0 || length != G_MAXUINT32)
    return geteuid () == 0 ? UL_SIGHT_IN_NAMESPACE : UL_SIGHT_NONE;
  return has_sys_admin () ? UL_SIGHT_ALL : UL_SIGHT_NONE;
}

gboolean
ul_sight_may_hide (UlSight sight, uid_t uid)
{
  switch (sight)
    {
    case UL_SIGHT_ALL:
      return FALSE;
    case UL_SIGHT_IN_NAMESPACE:
      return uid == OVERFLOW_UID;
    case UL_SIGHT_NONE:
      return geteuid () == 0 || uid != geteuid ();
    }
  g_assert_not_reached ();
}
