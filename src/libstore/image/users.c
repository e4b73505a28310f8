// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image/users.h"

#include "image/records.h"

static void
add (GHashTable *users, const char *id, const char *name)
{
  GPtrArray *names = g_hash_table_lookup (users, id);
  if (names == NULL)
    {
      names = g_ptr_array_new_with_free_func (g_free);
      g_hash_table_insert (users, g_strdup (id), names);
    }
  g_ptr_array_add (names, g_strdup (name));
}

gboolean
ul_image_users (UlRepo *repo, GHashTable **out, GError **error)
{
  g_autoptr (GPtrArray) names = NULL;
  if (!ul_image_list (repo, &names, error))
    return FALSE;
  g_autoptr (GHashTable) users
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (UlImage) image = ul_image_load_documents (repo, names->pdata[i], NULL);
      g_autoptr (GPtrArray) ids = image != NULL ? ul_image_layer_ids (image) : NULL;
      for (guint j = 0; ids != NULL && j < ids->len; j++)
        add (users, ids->pdata[j], names->pdata[i]);
    }
  *out = g_steal_pointer (&users);
  return TRUE;
}
