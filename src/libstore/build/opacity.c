// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/opacity.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/whiteout.h"
#include "util/error.h"

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

/* May a directory of @uid have a trusted.overlay.opaque that we don't see? */
static gboolean
may_hide_opaque (UlSight sight, uid_t uid)
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

void
ul_opacity_read (GVariant *xattrs, UlOpacity *out)
{
  UlOpacity opacity = { 0 };
  for (gsize i = 0; i < g_variant_n_children (xattrs); i++)
    {
      const char *name;
      g_autoptr (GVariant) value = NULL;
      g_variant_get_child (xattrs, i, "(^&ay@ay)", &name, &value);
      gsize len;
      const void *data = g_variant_get_fixed_array (value, &len, 1);
      opacity.opaque |= ul_whiteout_is_opaque_xattr (name, data, len);
      opacity.xattr_whiteouts |= ul_whiteout_announces_xattr_form (name, data, len);
    }
  *out = opacity;
}

gboolean
ul_opacity_check (const UlOpacity *self, const UlModifier *modifier, UlSight sight, uid_t uid,
                  GError **error)
{
  if (!modifier->retarget_whiteouts)
    return TRUE;
  if (modifier->no_xattrs && !modifier->keep_opaque && self->opaque)
    return ul_throw (error, UL_ERROR_UNSUPPORTED,
                     "directory is opaque, which can't be stored without xattrs");
  if (may_hide_opaque (sight, uid))
    return ul_throw (
        error, UL_ERROR_UNSUPPORTED,
        "directory belongs to uid %u and may be made opaque by trusted.overlay.opaque, "
        "which only root with CAP_SYS_ADMIN can see",
        uid);
  return TRUE;
}
