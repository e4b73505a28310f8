// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/resolve.h"

#include <string.h>

#include "core/image-name.h"
#include "image/records.h"
#include "repo/refs.h"
#include "util/error.h"

const char *
ul_image_id_digits (const char *text)
{
  static const char algorithm[] = "sha256:";
  if (g_str_has_prefix (text, algorithm))
    text += strlen (algorithm);
  const gsize len = strlen (text);
  return len >= UL_IMAGE_MIN_ID && len <= UL_CHECKSUM_HEX_LEN
                 && strspn (text, "0123456789abcdef") == len
             ? text
             : NULL;
}

static gboolean
has_id (UlRepo *repo, const char *name, const char *digits)
{
  g_autoptr (UlImage) image = ul_image_load_documents (repo, name, NULL);
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  if (image == NULL)
    return FALSE;
  ul_checksum_to_hex (&image->documents->manifest->config.digest, hex);
  return g_str_has_prefix (hex, digits);
}

/* *io_found is NULL as long as there is none. A name that @repo has stands for what it has. */
static gboolean
find_id_in (UlRepo *repo, UlRepo *at, const char *digits, char **io_found, GError **error)
{
  g_autoptr (GPtrArray) names = NULL;
  if (!ul_image_list (at, &names, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      if (g_strcmp0 (name, *io_found) == 0 || !has_id (repo, name, digits))
        continue;
      if (*io_found != NULL)
        return ul_throw (error, UL_ERROR_INVALID, "ID %s fits %s and %s: say which by its name",
                         digits, *io_found, name);
      *io_found = g_strdup (name);
    }
  return TRUE;
}

/* *out is NULL for none. */
static gboolean
find_id (UlRepo *repo, const char *digits, char **out, GError **error)
{
  g_autofree char *found = NULL;
  for (UlRepo *at = repo; at != NULL; at = ul_repo_parent (at))
    if (!find_id_in (repo, at, digits, &found, error))
      return FALSE;
  *out = g_steal_pointer (&found);
  return TRUE;
}

gboolean
ul_image_resolve (UlRepo *repo, const char *text, char **out_name, GError **error)
{
  g_autofree char *name = NULL;
  char *by_id = NULL;
  UlChecksum commit;
  gboolean found;
  if (!ul_image_name_normalize (text, &name, error))
    return FALSE;
  const char *digits = ul_image_id_digits (text);
  if (digits != NULL)
    {
      g_autofree char *ref = ul_image_name_to_ref (name);
      if (!ul_refs_find (repo, ref, &found, &commit, error)
          || (!found && !find_id (repo, digits, &by_id, error)))
        return FALSE;
    }
  *out_name = by_id != NULL ? by_id : g_steal_pointer (&name);
  return TRUE;
}
