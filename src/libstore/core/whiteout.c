// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/whiteout.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "util/error.h"

static const char *
prefix_of (UlWhiteoutForm form)
{
  return form == UL_WHITEOUT_COMMIT ? UL_WHITEOUT_COMMIT_PREFIX : UL_WHITEOUT_LAYER_PREFIX;
}

gboolean
ul_whiteout_may_be_marker (UlWhiteoutForm form, const char *name)
{
  return g_str_has_prefix (name, prefix_of (form));
}

gboolean
ul_whiteout_decode (UlWhiteoutForm form, const char *name, gboolean empty_regular,
                    UlWhiteoutKind *out_kind, const char **out_name, GError **error)
{
  if (!empty_regular || !ul_whiteout_may_be_marker (form, name))
    {
      *out_kind = UL_WHITEOUT_NONE;
      *out_name = NULL;
      return TRUE;
    }
  if (form == UL_WHITEOUT_LAYER && g_str_equal (name, UL_WHITEOUT_LAYER_OPAQUE))
    {
      *out_kind = UL_WHITEOUT_OPAQUE;
      *out_name = NULL;
      return TRUE;
    }

  const char *deleted = name + strlen (prefix_of (form));
  g_autoptr (GError) cause = NULL;
  if (!ul_name_validate (deleted, &cause))
    return ul_throw (error, UL_ERROR_INVALID, "whiteout marker %s: %s", name, cause->message);
  *out_kind = UL_WHITEOUT_DELETED;
  *out_name = deleted;
  return TRUE;
}

gboolean
ul_whiteout_encode (UlWhiteoutForm form, const char *name, char **out_marker, GError **error)
{
  const char *prefix = prefix_of (form);
  if (!ul_name_validate (name, error))
    return ul_prefix (error, "encode whiteout");
  const gsize max = NAME_MAX - strlen (prefix);
  if (strlen (name) > max)
    return ul_throw (error, UL_ERROR_INVALID,
                     "encode whiteout %s: a name of %zu bytes leaves no room for the prefix %s "
                     "(at most %zu)",
                     name, strlen (name), prefix, max);
  if (form == UL_WHITEOUT_LAYER && ul_whiteout_may_be_marker (form, name))
    return ul_throw (error, UL_ERROR_INVALID,
                     "encode whiteout %s: a layer can't delete what is named like its markers",
                     name);
  *out_marker = g_strconcat (prefix, name, NULL);
  return TRUE;
}

gboolean
ul_whiteout_check_collision (const UlDirtreeView *view, const char *name, const char *path,
                             GError **error)
{
  UlDirtreeFile file;
  UlDirtreeDir dir;
  if (!ul_dirtree_view_find_file (view, name, &file)
      && !ul_dirtree_view_find_dir (view, name, &dir))
    return TRUE;
  return ul_throw (error, UL_ERROR_INVALID, "directory %s holds both %s and its whiteout %s%s",
                   path, name, UL_WHITEOUT_COMMIT_PREFIX, name);
}

gboolean
ul_whiteout_is_device (mode_t mode, dev_t rdev)
{
  return S_ISCHR (mode) && rdev == makedev (0, 0);
}

gboolean
ul_whiteout_is_opaque_xattr (const char *name, const void *value, gsize len)
{
  return len == 1 && *(const char *) value == 'y'
         && (g_str_equal (name, UL_WHITEOUT_OPAQUE_TRUSTED)
             || g_str_equal (name, UL_WHITEOUT_OPAQUE_USER)
             || g_str_equal (name, UL_WHITEOUT_OPAQUE_FUSE));
}

static gboolean
is_opaque_pair (GVariant *pair)
{
  const char *name;
  g_autoptr (GVariant) value = NULL;
  g_variant_get (pair, "(^&ay@ay)", &name, &value);
  gsize len;
  const void *data = g_variant_get_fixed_array (value, &len, 1);
  return ul_whiteout_is_opaque_xattr (name, data, len);
}

gboolean
ul_whiteout_strip_opaque (GVariant **xattrs)
{
  const gsize n = g_variant_n_children (*xattrs);
  g_autoptr (GPtrArray) rest = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) pair = g_variant_get_child_value (*xattrs, i);
      if (!is_opaque_pair (pair))
        g_ptr_array_add (rest, g_steal_pointer (&pair));
    }
  if (rest->len == n)
    return FALSE;
  GVariant *stripped = g_variant_ref_sink (
      g_variant_new_array (G_VARIANT_TYPE ("(ayay)"), (GVariant *const *) rest->pdata, rest->len));
  g_variant_unref (*xattrs);
  *xattrs = stripped;
  return TRUE;
}

gboolean
ul_whiteout_announces_xattr_form (const char *name, const void *value, gsize len)
{
  return len == 1 && *(const char *) value == 'x'
         && (g_str_equal (name, UL_WHITEOUT_OPAQUE_TRUSTED)
             || g_str_equal (name, UL_WHITEOUT_OPAQUE_USER));
}

gboolean
ul_whiteout_is_fuse_junk (const char *name, mode_t mode, dev_t rdev, guint64 size)
{
  if (g_str_equal (name, ".wh..opq"))
    return ul_whiteout_is_device (mode, rdev);
  return g_str_equal (name, UL_WHITEOUT_LAYER_OPAQUE) && S_ISREG (mode) && size == 0;
}
