// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/tombstone.h"

#include "core/object.h"
#include "util/fd.h"

gboolean
ul_tombstone_write (UlRepo *repo, const UlChecksum *commit, gboolean sync, GError **error)
{
  g_autofree char *hex = ul_checksum_dup_hex (commit);
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "commit", g_variant_new_bytestring (hex));
  g_autoptr (GVariant) tombstone = g_variant_ref_sink (g_variant_builder_end (&builder));

  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (commit, UL_OBJECT_TOMBSTONE_COMMIT, FALSE, path);
  const char dir[3] = { path[0], path[1], '\0' };
  const int dfd = ul_repo_objects_dfd (repo);
  return ul_fd_make_dirs_at (dfd, dir, 0777, error)
         && ul_fd_replace_file_at (dfd, path, g_variant_get_data (tombstone),
                                   g_variant_get_size (tombstone), 0644, sync, error);
}
