// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/skopeo-policy.h"

#include <fcntl.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/json.h"

#define MAX_POLICY (1024 * 1024)

static gboolean
check (GBytes *bytes, const char *path, GError **error)
{
  UlJsonValue root;
  UlJsonValue defaults;
  guint n;
  g_autoptr (UlJson) json = ul_json_parse (bytes, path, MAX_POLICY, error);
  if (json == NULL || !ul_json_root (json, UL_JSON_OBJECT, &root, error)
      || !ul_json_get_array (&root, "default", UL_JSON_REQUIRED, 1000, &defaults, &n, error))
    return FALSE;
  g_autoptr (GPtrArray) types = ul_json_strings_called (json, "type");
  for (guint i = 0; i < types->len; i++)
    if (!g_str_equal (types->pdata[i], "insecureAcceptAnything"))
      {
        g_autofree char *shown = ul_json_shown (types->pdata[i]);
        return ul_throw (
            error, UL_ERROR_UNSUPPORTED,
            "%s asks for %s, which skopeo verifies only when it copies: copy the image "
            "to a layout by 'skopeo copy', or give --insecure-policy",
            path, shown);
      }
  return n > 0 || ul_throw (error, UL_ERROR_CORRUPT, "%s: no default", path);
}

gboolean
ul_skopeo_check_policy (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  return ul_fd_read_file_at (AT_FDCWD, path, MAX_POLICY, FALSE, &bytes, error)
         && check (bytes, path, error);
}
