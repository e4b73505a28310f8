// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/labels.h"

#include <string.h>

#include "core/file-meta.h"

/* "a//b/" and "/a/b" are "/a/b", "/" is "". */
static char *
plain_path (const char *path)
{
  /* Two slashes at the beginning would stay. */
  g_autofree char *absolute = g_canonicalize_filename (path + strspn (path, "/"), "/");
  return g_strdup (g_str_equal (absolute, "/") ? "" : absolute);
}

void
ul_checkout_labels_init (UlCheckoutLabels *self, UlSelinux *policy, const char *prefix,
                         const char *subpath, gboolean is_file)
{
  g_autofree char *root = plain_path (prefix != NULL ? prefix : subpath != NULL ? subpath : "/");
  if (is_file && prefix == NULL)
    *strrchr (root, '/') = '\0';
  *self = (UlCheckoutLabels){
    .policy = policy,
    .root = g_steal_pointer (&root),
    .is_file = is_file && prefix != NULL,
  };
}

void
ul_checkout_labels_clear (UlCheckoutLabels *self)
{
  g_clear_pointer (&self->root, g_free);
}

static char *
policy_path (const UlCheckoutLabels *self, const char *dir, const char *name)
{
  if (self->is_file)
    return g_strdup (self->root);
  const char *below = g_str_equal (dir, "/") ? "" : dir;
  if (name != NULL)
    return g_strconcat (self->root, below, "/", name, NULL);
  return *self->root == '\0' ? g_strdup (dir) : g_strconcat (self->root, below, NULL);
}

gboolean
ul_checkout_labels_apply (const UlCheckoutLabels *self, const char *dir, const char *name,
                          mode_t mode, GVariant *stored, GVariant **out_xattrs, GError **error)
{
  const char *label = NULL;
  if (self->policy != NULL)
    {
      g_autofree char *path = policy_path (self, dir, name);
      if (!ul_selinux_lookup (self->policy, path, mode, &label, error))
        return FALSE;
    }
  *out_xattrs = ul_file_meta_set_label (stored, label);
  return TRUE;
}
