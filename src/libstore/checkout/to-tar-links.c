// SPDX-License-Identifier: LGPL-2.1-or-later
#include "checkout/to-tar-links.h"

#include "core/hardlinks.h"
#include "repo/file-counts.h"
#include "util/error.h"

typedef struct
{
  UlChecksum checksum;
  char path[];
} First;

struct _UlTarLinks
{
  GArray *recorded;    /* of UlHardlink; NULL: by content */
  GHashTable *firsts;  /* of group + 1, or of UlChecksum * -> First */
  guint32 next_number; /* of a file in walk order */
};

static UlTarLinks *
links_new (GArray *recorded)
{
  UlTarLinks *self = g_new0 (UlTarLinks, 1);
  self->recorded = recorded;
  /* By content the key is in the value. */
  self->firsts = recorded != NULL ? g_hash_table_new_full (NULL, NULL, NULL, g_free)
                                  : g_hash_table_new_full (ul_checksum_hash, ul_checksum_equal_func,
                                                           NULL, g_free);
  return self;
}

gboolean
ul_tar_links_new (UlRepo *repo, const UlCommit *commit, const UlToTarOptions *options,
                  UlTarLinks **out_links, GError **error)
{
  GArray *recorded = NULL;
  const gboolean by_content = options->hardlinks;
  if (!by_content && !options->ignore_hardlinks && !ul_hardlinks_load (commit, &recorded, error))
    return FALSE;
  g_autoptr (UlTarLinks) self = by_content || recorded != NULL ? links_new (recorded) : NULL;
  g_autoptr (UlFileCounts) counts = ul_file_counts_new (repo);
  if (recorded != NULL && options->subpath != NULL
      && !ul_file_counts_before (counts, &commit->tree, options->subpath, &self->next_number,
                                 error))
    return FALSE;
  *out_links = g_steal_pointer (&self);
  return TRUE;
}

void
ul_tar_links_free (UlTarLinks *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->recorded, g_array_unref);
  g_hash_table_unref (self->firsts);
  g_free (self);
}

gboolean
ul_tar_links_are_recorded (const UlTarLinks *self)
{
  return self != NULL && self->recorded != NULL;
}

gboolean
ul_tar_links_enter (UlTarLinks *self, gsize n_files, guint32 *out_number, GError **error)
{
  *out_number = self->next_number;
  return self->recorded == NULL || ul_file_counts_sum (&self->next_number, n_files, error);
}

static First *
first_new (const UlChecksum *checksum, const char *path)
{
  const gsize size = strlen (path) + 1;
  First *first = g_malloc (sizeof *first + size);
  first->checksum = *checksum;
  memcpy (first->path, path, size);
  return first;
}

gboolean
ul_tar_links_find (UlTarLinks *self, guint32 number, const UlChecksum *checksum, const char *path,
                   const char **out_first, GError **error)
{
  const UlHardlink *link
      = self->recorded != NULL ? ul_hardlinks_find (self->recorded, number) : NULL;
  *out_first = NULL;
  if (self->recorded != NULL && link == NULL)
    return TRUE;
  gconstpointer key = link != NULL ? GUINT_TO_POINTER (link->group + 1) : (gconstpointer) checksum;
  First *first = g_hash_table_lookup (self->firsts, key);
  if (first == NULL)
    {
      first = first_new (checksum, path);
      g_hash_table_insert (self->firsts, link != NULL ? (gpointer) key : &first->checksum, first);
      return TRUE;
    }
  if (!ul_checksum_equal (&first->checksum, checksum))
    return ul_throw (error, UL_ERROR_CORRUPT,
                     "metadata key " UL_COMMIT_KEY_HARDLINKS ": a hardlink of a different file");
  *out_first = first->path;
  return TRUE;
}
