// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/image-options.h"

#include <string.h>
#include <sys/utsname.h>

#include "image/resolve.h"
#include "util/error.h"

gboolean
ul_cli_parse_devices (const char *value, UlDevicePolicy *out, GError **error)
{
  if (g_str_equal (value, "error"))
    *out = UL_DEVICES_ERROR;
  else if (g_str_equal (value, "skip"))
    *out = UL_DEVICES_SKIP;
  else
    return ul_throw (error, UL_ERROR_INVALID, "--devices must be error or skip, not '%s'", value);
  return TRUE;
}

UlOciPlatform *
ul_cli_platform (const char *value, GError **error)
{
  struct utsname host;
  if (value != NULL)
    {
      UlOciPlatform *platform = ul_oci_platform_parse (value, error);
      if (platform == NULL)
        ul_prefix (error, "--platform");
      return platform;
    }
  if (uname (&host) != 0)
    {
      ul_throw_errno (error, "uname");
      return NULL;
    }
  return ul_oci_platform_of_machine (host.machine);
}

gboolean
ul_cli_parse_tls_verify (const char *value, UlCliRegistry *registry, GError **error)
{
  gboolean verify;
  if (!ul_parse_boolean (value, &verify, error))
    return ul_prefix (error, "--tls-verify");
  registry->insecure_tls = !verify;
  return TRUE;
}

gboolean
ul_cli_check_location (const char *location, GError **error)
{
  static const char docker[] = "docker://";
  if (!g_str_has_prefix (location, docker))
    return TRUE;
  const char *at = strchr (location + strlen (docker), '@');
  /* Behind a name there may be a digest, which has no slash. */
  return at == NULL || strchr (at, '/') == NULL
         || ul_throw (error, UL_ERROR_INVALID,
                      "docker:// takes no user or password, see --authfile and skopeo-login(1)");
}

gboolean
ul_cli_image_names (UlRepo *repo, char **argv, GPtrArray **out, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (; *argv != NULL; argv++)
    {
      char *name;
      if (!ul_image_resolve (repo, *argv, &name, error))
        return FALSE;
      g_ptr_array_add (names, name);
    }
  g_ptr_array_add (names, NULL);
  *out = g_steal_pointer (&names);
  return TRUE;
}

gboolean
ul_cli_select_images (UlRepo *repo, GPtrArray *names, char **argv, GError **error)
{
  g_autoptr (GPtrArray) wanted = NULL;
  if (*argv == NULL)
    return TRUE;
  if (!ul_cli_image_names (repo, argv, &wanted, error))
    return FALSE;
  const char *const *list = (const char *const *) wanted->pdata;
  for (const char *const *name = list; *name != NULL; name++)
    if (!g_ptr_array_find_with_equal_func (names, *name, g_str_equal, NULL))
      return ul_throw (error, UL_ERROR_NOT_FOUND, "image %s: not there", *name);
  for (guint i = names->len; i-- > 0;)
    if (!g_strv_contains (list, names->pdata[i]))
      g_ptr_array_remove_index (names, i);
  return TRUE;
}

gboolean
ul_cli_check_broken (guint n, guint broken, GError **error)
{
  return broken == 0
         || ul_throw (error, UL_ERROR_CORRUPT, "Of %u image%s %u can't be read", n,
                      n == 1 ? "" : "s", broken);
}
