// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/hardlinks.h"

#include <string.h>

#include "core/varint.h"
#include "util/error.h"

static int
compare_files (gconstpointer a, gconstpointer b)
{
  const UlHardlink *x = a;
  const UlHardlink *y = b;
  return (x->file > y->file) - (x->file < y->file);
}

static int
compare_groups (gconstpointer a, gconstpointer b)
{
  const UlHardlink *x = a;
  const UlHardlink *y = b;
  return x->group != y->group ? (x->group > y->group) - (x->group < y->group)
                              : compare_files (a, b);
}

static void
put_number (GByteArray *bytes, guint32 number)
{
  guint8 buffer[UL_VARINT_MAX];
  g_byte_array_append (bytes, buffer, (guint) (ul_varint_put (buffer, number) - buffer));
}

/* Groups numbered anew by their first file, which stand in order then; those of one are gone. */
static GArray *
order_groups (GArray *links)
{
  g_autoptr (GHashTable) counts = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) numbers = g_hash_table_new (NULL, NULL);
  GArray *ordered = g_array_new (FALSE, FALSE, sizeof (UlHardlink));
  for (guint i = 0; i < links->len; i++)
    {
      const gpointer group = GUINT_TO_POINTER (g_array_index (links, UlHardlink, i).group);
      const guint count = GPOINTER_TO_UINT (g_hash_table_lookup (counts, group));
      g_hash_table_insert (counts, group, GUINT_TO_POINTER (count + 1));
    }
  for (guint i = 0; i < links->len; i++)
    {
      const UlHardlink *link = &g_array_index (links, UlHardlink, i);
      const gpointer group = GUINT_TO_POINTER (link->group);
      if (GPOINTER_TO_UINT (g_hash_table_lookup (counts, group)) < 2)
        continue;
      if (!g_hash_table_contains (numbers, group))
        g_hash_table_insert (numbers, group, GUINT_TO_POINTER (g_hash_table_size (numbers)));
      const UlHardlink kept = { .file = link->file,
                                .group = GPOINTER_TO_UINT (g_hash_table_lookup (numbers, group)) };
      g_array_append_val (ordered, kept);
    }
  g_array_sort (ordered, compare_groups);
  return ordered;
}

GVariant *
ul_hardlinks_new (const UlChecksum *tree, GArray *links)
{
  g_autoptr (GArray) ordered = order_groups (links);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint32 above_first = 0; /* the lowest number that the next group's first file can have */
  for (guint start = 0, end; start < ordered->len; start = end)
    {
      const UlHardlink *group = &g_array_index (ordered, UlHardlink, start);
      for (end = start; end < ordered->len; end++)
        if (g_array_index (ordered, UlHardlink, end).group != group->group)
          break;
      put_number (bytes, end - start - 2);
      put_number (bytes, group->file - above_first);
      for (guint i = start + 1; i < end; i++)
        put_number (bytes, group[i - start].file - group[i - start - 1].file - 1);
      above_first = group->file + 1;
    }
  if (bytes->len > UL_HARDLINKS_MAX_BYTES)
    return NULL;
  return g_variant_new (
      "(@ay@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, tree, sizeof *tree, 1),
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes->data, bytes->len, 1));
}

typedef struct
{
  const guint8 *p;
  const guint8 *end;
} Reader;

static gboolean
throw_corrupt (GError **error)
{
  return ul_throw (error, UL_ERROR_CORRUPT, "metadata key " UL_COMMIT_KEY_HARDLINKS ": bad value");
}

static gboolean
get_number (Reader *reader, guint32 *out, GError **error)
{
  const guint8 *start = reader->p;
  guint64 number;
  if (!ul_varint_get (&reader->p, reader->end, &number) || number > G_MAXUINT32
      || (reader->p - start > 1 && reader->p[-1] == 0)) /* longer than it takes */
    return throw_corrupt (error);
  *out = (guint32) number;
  return TRUE;
}

static gboolean
parse_group (Reader *reader, guint64 *above_first, guint32 group, GArray *links, GError **error)
{
  guint32 more;
  guint32 distance;
  if (!get_number (reader, &more, error) || !get_number (reader, &distance, error))
    return FALSE;
  guint64 file = *above_first + distance;
  *above_first = file + 1;
  for (guint64 i = 0; i < (guint64) more + 2; i++)
    {
      if (i > 0 && !get_number (reader, &distance, error))
        return FALSE;
      if (i > 0)
        file += (guint64) distance + 1;
      if (file >= G_MAXUINT32)
        return throw_corrupt (error);
      const UlHardlink link = { .file = (guint32) file, .group = group };
      g_array_append_val (links, link);
    }
  return TRUE;
}

gboolean
ul_hardlinks_parse (GVariant *value, const UlChecksum *tree, GArray **out_links, GError **error)
{
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE ("(ayay)")) || !g_variant_is_normal_form (value))
    return throw_corrupt (error);
  g_autoptr (GVariant) of = g_variant_get_child_value (value, 0);
  g_autoptr (GVariant) groups = g_variant_get_child_value (value, 1);
  gsize tree_len;
  gsize len;
  const void *tree_bytes = g_variant_get_fixed_array (of, &tree_len, 1);
  const guint8 *bytes = g_variant_get_fixed_array (groups, &len, 1);
  if (tree_len != sizeof *tree || len > UL_HARDLINKS_MAX_BYTES)
    return throw_corrupt (error);
  if (memcmp (tree_bytes, tree, sizeof *tree) != 0)
    {
      *out_links = NULL;
      return TRUE;
    }

  g_autoptr (GArray) links = g_array_new (FALSE, FALSE, sizeof (UlHardlink));
  Reader reader = { .p = bytes, .end = len > 0 ? bytes + len : bytes }; /* NULL if empty */
  guint64 above_first = 0;
  for (guint32 group = 0; reader.p < reader.end; group++)
    if (!parse_group (&reader, &above_first, group, links, error))
      return FALSE;
  g_array_sort (links, compare_files);
  for (guint i = 1; i < links->len; i++)
    if (g_array_index (links, UlHardlink, i).file == g_array_index (links, UlHardlink, i - 1).file)
      return throw_corrupt (error);
  *out_links = g_steal_pointer (&links);
  return TRUE;
}

gboolean
ul_hardlinks_load (const UlCommit *commit, GArray **out_links, GError **error)
{
  g_autoptr (GVariant) value
      = g_variant_lookup_value (commit->metadata, UL_COMMIT_KEY_HARDLINKS, NULL);
  if (value != NULL)
    return ul_hardlinks_parse (value, &commit->tree, out_links, error);
  *out_links = NULL;
  return TRUE;
}

const UlHardlink *
ul_hardlinks_find (GArray *links, guint32 file)
{
  const UlHardlink key = { .file = file };
  guint index;
  return g_array_binary_search (links, &key, compare_files, &index)
             ? &g_array_index (links, UlHardlink, index)
             : NULL;
}
