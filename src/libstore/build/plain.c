// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/plain.h"

#include "build/plain-private.h"
#include "build/tree.h"
#include "core/commit.h"
#include "util/error.h"

static gboolean
add_file (UlTree *tree, UlWriter *writer, const UlPlainFile *file, GError **error)
{
  const UlFileMeta meta = ul_plain_meta ();
  UlChecksum checksum;
  guint n;
  if (!ul_writer_file (writer, &meta, &file->source, &checksum, error)
      || !ul_tree_add_file (tree, file->name, error))
    return ul_prefix (error, "%s", file->name);
  ul_tree_added_files (tree, &n)[n - 1].checksum = checksum;
  return TRUE;
}

gboolean
ul_plain_commit (UlTransaction *transaction, UlWriter *writer, const UlPlainFile *files,
                 gsize n_files, GVariant *metadata, gint64 timestamp, UlChecksum *out,
                 GError **error)
{
  g_autoptr (UlTree) tree = ul_tree_new ();
  g_autoptr (GVariant) owned = metadata != NULL ? g_variant_ref_sink (metadata) : NULL;
  g_autoptr (GVariant) dirmeta
      = g_variant_ref_sink (ul_dirmeta_new (0, 0, S_IFDIR | 0755, ul_xattr_empty ()));
  UlChecksum contents;
  UlChecksum meta;
  if (!ul_tree_open (tree, ul_transaction_repo (transaction), error))
    return FALSE;
  for (gsize i = 0; i < n_files; i++)
    if (!add_file (tree, writer, &files[i], error))
      return FALSE;
  if (!ul_writer_metadata (writer, UL_OBJECT_DIRMETA, dirmeta, &meta, error))
    return FALSE;
  ul_tree_set_meta (tree, &meta);
  if (!ul_tree_write (tree, writer, &contents, &meta, error))
    return FALSE;
  g_autoptr (GVariant) commit = g_variant_ref_sink (
      ul_commit_new (owned, NULL, NULL, NULL, (guint64) timestamp, &contents, &meta));
  return ul_writer_metadata (writer, UL_OBJECT_COMMIT, commit, out, error);
}
