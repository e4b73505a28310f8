// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/modifier.h"

#include <string.h>
#include <sys/stat.h>

#include "core/file-meta.h"
#include "core/whiteout.h"
#include "util/error.h"
#include "util/xattr.h"

static guint32
override_mode (const UlModifier *self, const char *path, guint32 mode)
{
  UlStatOverride *o
      = self->statoverride != NULL ? g_hash_table_lookup (self->statoverride, path) : NULL;
  if (o == NULL)
    return mode;
  g_atomic_int_set (&o->matched, TRUE);
  if (o->replace)
    return (mode & S_IFMT) | o->mode;
  return S_ISREG (mode) ? mode | o->mode : mode;
}

void
ul_modifier_apply (const UlModifier *self, const char *path, guint32 *uid, guint32 *gid,
                   guint32 *mode)
{
  if (self->set_uid)
    *uid = self->owner_uid;
  if (self->set_gid)
    *gid = self->owner_gid;
  if (self->mode_ro_executables && S_ISREG (*mode) && (*mode & 0111) != 0)
    *mode &= ~(guint32) 0222;
  /* After it, as ostree has it: what is said of one path wins. */
  if (path != NULL)
    *mode = override_mode (self, path, *mode);
  if (self->canonical_permissions)
    {
      *uid = 0;
      *gid = 0;
      if (!S_ISLNK (*mode))
        *mode &= S_IFMT | 0755;
    }
}

gboolean
ul_modifier_needs_path (const UlModifier *self)
{
  return self->statoverride != NULL || self->skip_list != NULL || self->selinux != NULL;
}

gboolean
ul_modifier_treats_by_path (const UlModifier *self)
{
  return self->statoverride != NULL || self->selinux != NULL;
}

gboolean
ul_modifier_touches (const UlModifier *self, const char *path)
{
  if (self->set_uid || self->set_gid || self->canonical_permissions || self->mode_ro_executables
      || self->no_xattrs || self->selinux != NULL)
    return TRUE;
  return self->statoverride != NULL && g_hash_table_contains (self->statoverride, path);
}

gboolean
ul_modifier_keeps (const UlModifier *self, const char *path, guint32 uid, guint32 gid, guint32 mode)
{
  guint32 new_uid = uid;
  guint32 new_gid = gid;
  guint32 new_mode = mode;
  ul_modifier_apply (self, path, &new_uid, &new_gid, &new_mode);
  return new_uid == uid && new_gid == gid && new_mode == mode && !self->no_xattrs
         && self->selinux == NULL;
}

typedef enum
{
  KEEP,
  DROP,
  REFUSE,
  OPAQUE,
} Fate;

/* What overlayfs and fuse-overlayfs write on an upper directory, by the name behind "overlay.". An
 * `opaque` that gets here has a value that means nothing. */
static Fate
overlay_fate (const char *key)
{
  static const char *const dropped[]
      = { "origin", "impure", "uuid", "upper", "opaque", "whiteout", NULL };
  static const char *const refused[] = { "metacopy", "redirect", "nlink", "protattr", NULL };
  if (g_strv_contains (dropped, key))
    return DROP;
  return g_strv_contains (refused, key) ? REFUSE : KEEP;
}

static Fate
fate_of (const char *name, GVariant *value)
{
  gsize len;
  const void *data = g_variant_get_fixed_array (value, &len, 1);
  if (ul_whiteout_is_opaque_xattr (name, data, len))
    return OPAQUE;
  if (ul_whiteout_announces_xattr_form (name, data, len)
      || g_str_has_prefix (name, "user.fuseoverlayfs."))
    return DROP;
  if (g_str_has_prefix (name, "trusted.overlay."))
    return overlay_fate (name + strlen ("trusted.overlay."));
  if (g_str_has_prefix (name, "user.overlay."))
    return overlay_fate (name + strlen ("user.overlay."));
  return KEEP;
}

gboolean
ul_modifier_refuse_xattr (const char *name, GError **error)
{
  return ul_throw (error, UL_ERROR_UNSUPPORTED,
                   "xattr %s: only the overlay mount has the whole of it; mount without metacopy, "
                   "redirect_dir and index, or commit the merged directory",
                   name);
}

static GVariant *
opaque_entry (const char *name)
{
  return g_variant_new ("(^ay@ay)", name,
                        g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, "y", 1, 1));
}

static gboolean
retarget (GVariant *xattrs, GVariant **out_xattrs, GError **error)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  gboolean opaque = FALSE;
  for (gsize i = 0; i < g_variant_n_children (xattrs); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (xattrs, i);
      g_autoptr (GVariant) value = g_variant_get_child_value (entry, 1);
      const char *name;
      g_variant_get_child (entry, 0, "^&ay", &name);
      switch (fate_of (name, value))
        {
        case KEEP:
          g_ptr_array_add (kept, g_steal_pointer (&entry));
          break;
        case OPAQUE:
          opaque = TRUE;
          break;
        case DROP:
          break;
        case REFUSE:
          return ul_modifier_refuse_xattr (name, error);
        }
    }
  if (opaque)
    g_ptr_array_add (kept, g_variant_ref_sink (opaque_entry (UL_WHITEOUT_OPAQUE_TRUSTED)));
  g_autoptr (GVariant) all = g_variant_ref_sink (
      g_variant_new_array (G_VARIANT_TYPE ("(ayay)"), (GVariant *const *) kept->pdata, kept->len));
  *out_xattrs = ul_file_meta_sort_xattrs (all);
  return TRUE;
}

static GVariant *
only_opaque (GVariant *xattrs)
{
  static const char *const names[] = { UL_WHITEOUT_OPAQUE_TRUSTED, UL_WHITEOUT_OPAQUE_USER };
  GVariant *entries[G_N_ELEMENTS (names)];
  gsize n = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GVariant) value = ul_file_meta_find_xattr (xattrs, names[i]);
      if (value != NULL)
        entries[n++] = opaque_entry (names[i]);
    }
  return g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("(ayay)"), entries, n));
}

static gboolean
keep_wanted (const UlModifier *self, gboolean is_dir, GVariant *xattrs, GVariant **out_xattrs,
             GError **error)
{
  g_autoptr (GVariant) wanted = g_variant_ref (xattrs);
  if (self->retarget_whiteouts && g_variant_n_children (xattrs) > 0)
    {
      g_clear_pointer (&wanted, g_variant_unref);
      if (!retarget (xattrs, &wanted, error))
        return FALSE;
    }
  if (!self->no_xattrs)
    *out_xattrs = g_steal_pointer (&wanted);
  else if (is_dir && self->keep_opaque)
    *out_xattrs = only_opaque (wanted);
  else
    *out_xattrs = g_variant_ref (ul_xattr_empty ());
  return TRUE;
}

/* A marker's label is that of the device which it will be: "/a/.ostree-wh.b" is looked up as device
 * "/a/b". */
static gboolean
find_label (const UlModifier *self, const char *path, guint32 mode, guint64 size,
            const char **out_label, GError **error)
{
  const char *name = strrchr (path, '/') + 1;
  const char *deleted;
  UlWhiteoutKind kind;
  if (!S_ISREG (mode) || size > 0 || !ul_whiteout_may_be_marker (UL_WHITEOUT_COMMIT, name)
      || !ul_whiteout_decode (UL_WHITEOUT_COMMIT, name, TRUE, &kind, &deleted, NULL))
    return ul_selinux_lookup (self->selinux, path, mode, out_label, error);
  g_autofree char *dir = g_strndup (path, (gsize) (name - path));
  g_autofree char *device = g_strconcat (dir, deleted, NULL);
  return ul_selinux_lookup (self->selinux, device, S_IFCHR, out_label, error);
}

gboolean
ul_modifier_xattrs (const UlModifier *self, const char *path, guint32 mode, guint64 size,
                    GVariant *xattrs, GVariant **out_xattrs, GError **error)
{
  g_autoptr (GVariant) wanted = NULL;
  const char *label = NULL;
  const gboolean is_dir = S_ISDIR (mode);
  if (!keep_wanted (self, is_dir, xattrs, &wanted, error))
    return FALSE;
  if (self->selinux != NULL && (is_dir || !self->label_only_dirs)
      && !find_label (self, path, mode, size, &label, error))
    return FALSE;
  *out_xattrs = ul_file_meta_set_label (wanted, label);
  return TRUE;
}
