// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/opacity.h"

#include "core/whiteout.h"
#include "util/error.h"

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
ul_opacity_refuse (GError **error)
{
  return ul_throw (error, UL_ERROR_UNSUPPORTED,
                   "directory is opaque, which can't be stored without xattrs");
}

gboolean
ul_opacity_check (const UlOpacity *self, const UlModifier *modifier, UlSight sight, uid_t uid,
                  GError **error)
{
  if (!modifier->retarget_whiteouts)
    return TRUE;
  if (modifier->no_xattrs && !modifier->keep_opaque && self->opaque)
    return ul_opacity_refuse (error);
  if (ul_sight_may_hide (sight, uid))
    return ul_throw (
        error, UL_ERROR_UNSUPPORTED,
        "directory belongs to uid %u and may be made opaque by trusted.overlay.opaque, "
        "which only root with CAP_SYS_ADMIN can see",
        uid);
  return TRUE;
}
