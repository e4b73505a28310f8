// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/import-guess.h"

#include "core/image-name.h"
#include "image/records.h"
#include "repo/objects.h"
#include "repo/refs.h"

static gboolean
load_image (UlRepo *repo, const char *name, UlCommit *out)
{
  g_autofree char *ref = ul_image_name_to_ref (name);
  UlChecksum checksum;
  gboolean found;
  return ul_refs_find (repo, ref, &found, &checksum, NULL) && found
         && ul_objects_load_commit (repo, &checksum, out, NULL);
}

/* Of all images called so but for tag and digest. */
static gboolean
load_newest (UlRepo *repo, const char *name, UlCommit *out)
{
  g_autoptr (GPtrArray) names = NULL;
  g_autofree char *wanted = ul_image_name_get_repository (name);
  gboolean found = FALSE;
  if (!ul_image_list (repo, &names, NULL))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *repository = ul_image_name_get_repository (names->pdata[i]);
      g_auto (UlCommit) commit = { 0 };
      if (!g_str_equal (repository, wanted) || !load_image (repo, names->pdata[i], &commit)
          || (found && commit.timestamp < out->timestamp))
        continue;
      ul_commit_clear (out);
      *out = commit;
      commit = (UlCommit){ 0 };
      found = TRUE;
    }
  return found;
}

UlGuess *
ul_import_guess_new (UlRepo *repo, const char *name)
{
  UlGuess *guess = ul_guess_new (repo);
  g_auto (UlCommit) last = { 0 };
  g_autofree const char **ids = NULL;
  if ((!load_image (repo, name, &last) && !load_newest (repo, name, &last))
      || !g_variant_lookup (last.metadata, UL_IMAGE_KEY_LAYERS, "^a&s", &ids))
    return guess;
  for (guint i = g_strv_length ((char **) ids); i > 0; i--)
    {
      g_autoptr (UlImageLayer) layer = NULL;
      if (ul_image_layer_find (repo, ids[i - 1], &layer, NULL) && layer != NULL)
        ul_guess_add_commit (guess, &layer->commit);
    }
  return guess;
}
