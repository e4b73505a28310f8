// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/bootable.h"

#include "util/error.h"

static gboolean
enter_modules (UlTree *root, UlRepo *repo, UlTree **out, GError **error)
{
  static const char *const parts[] = { "usr", "lib", "modules" };
  g_autoptr (GString) path = g_string_new (NULL);
  UlTree *at = root;
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      const UlTreeFile *file;
      g_string_append_printf (path, "/%s", parts[i]);
      if (!ul_tree_lookup (at, repo, parts[i], &at, &file, error))
        return FALSE;
      if (at == NULL)
        return ul_throw (error, UL_ERROR_NOT_FOUND, "No such file or directory: %s", path->str);
    }
  *out = at;
  return TRUE;
}

gboolean
ul_bootable_find_kernel (UlTree *root, UlRepo *repo, char **out_version, GError **error)
{
  UlTree *modules = NULL;
  g_autoptr (GPtrArray) names = NULL;
  if (!enter_modules (root, repo, &modules, error)
      || !ul_tree_list_dirs (modules, repo, &names, error))
    return FALSE;
  const char *version = NULL;
  for (guint i = 0; i < names->len; i++)
    {
      UlTree *dir;
      const UlTreeFile *file;
      if (!ul_tree_lookup (modules, repo, names->pdata[i], &dir, &file, error)
          || !ul_tree_lookup (dir, repo, "vmlinuz", &dir, &file, error))
        return FALSE;
      if (file == NULL)
        continue;
      if (version != NULL)
        return ul_throw (error, UL_ERROR_INVALID, "Multiple kernels found in /usr/lib/modules");
      version = names->pdata[i];
    }
  if (version == NULL)
    return ul_throw (error, UL_ERROR_NOT_FOUND, "No kernel found in /usr/lib/modules");
  *out_version = g_strdup (version);
  return TRUE;
}
