// SPDX-License-Identifier: LGPL-2.1-or-later
#include "build/intake.h"

#include <sys/stat.h>

#include "build/modifier.h"
#include "core/whiteout.h"
#include "util/error.h"

gboolean
ul_intake_skips (const UlIntake *self, const char *path)
{
  if (self->modifier->skip_list == NULL || !g_hash_table_contains (self->modifier->skip_list, path))
    return FALSE;
  g_hash_table_add (self->skip_matched, g_strdup (path));
  return TRUE;
}

static gboolean
check_had (UlTree *tree, const char *had, const char *deleted, GError **error)
{
  return !ul_tree_had (tree, had)
         || ul_throw (error, UL_ERROR_INVALID, "both %s and a whiteout of it come together",
                      deleted);
}

gboolean
ul_intake_check_name (const UlIntake *self, UlTree *tree, const char *name, GError **error)
{
  if (!self->modifier->retarget_whiteouts)
    return TRUE;
  g_autofree char *marker = g_strconcat (UL_WHITEOUT_COMMIT_PREFIX, name, NULL);
  return check_had (tree, marker, name, error);
}

gboolean
ul_intake_check_marker (const UlIntake *self, UlTree *tree, const char *deleted, GError **error)
{
  return !self->modifier->retarget_whiteouts || check_had (tree, deleted, deleted, error);
}

gboolean
ul_intake_store_dirmeta (const UlIntake *self, UlWriter *writer, const char *path, guint32 uid,
                         guint32 gid, guint32 mode, GVariant *xattrs, UlChecksum *out,
                         GError **error)
{
  g_autoptr (GVariant) wanted = NULL;
  if (!ul_modifier_xattrs (self->modifier, path, S_IFDIR, 0, xattrs, &wanted, error))
    return FALSE;
  ul_modifier_apply (self->modifier, path, &uid, &gid, &mode);
  g_autoptr (GVariant) dirmeta = g_variant_ref_sink (ul_dirmeta_new (uid, gid, mode, wanted));
  return ul_writer_metadata (writer, UL_OBJECT_DIRMETA, dirmeta, out, error);
}
