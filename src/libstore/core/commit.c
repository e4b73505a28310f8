// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/commit.h"

#include "core/object.h"
#include "util/error.h"

void
ul_commit_clear (UlCommit *commit)
{
  g_clear_pointer (&commit->variant, g_variant_unref);
  g_clear_pointer (&commit->metadata, g_variant_unref);
  g_clear_pointer (&commit->related, g_variant_unref);
}

gboolean
ul_commit_parse (GVariant *variant, UlCommit *out, GError **error)
{
  if (!g_variant_is_of_type (variant, ul_object_variant_type (UL_OBJECT_COMMIT))
      || !g_variant_is_normal_form (variant))
    return ul_throw (error, UL_ERROR_CORRUPT, "commit is not in normal form");

  g_auto (UlCommit) commit = { .variant = g_variant_ref (variant) };
  g_autoptr (GVariant) parent = NULL;
  g_autoptr (GVariant) tree = NULL;
  g_autoptr (GVariant) meta = NULL;
  g_variant_get (variant, "(@a{sv}@ay@a(say)&s&st@ay@ay)", &commit.metadata, &parent,
                 &commit.related, &commit.subject, &commit.body, &commit.timestamp, &tree, &meta);
  commit.timestamp = GUINT64_FROM_BE (commit.timestamp);
  commit.has_parent = g_variant_n_children (parent) > 0;
  if (commit.has_parent && !ul_checksum_from_variant (parent, &commit.parent))
    return ul_throw (error, UL_ERROR_CORRUPT, "commit: invalid parent checksum");
  if (!ul_checksum_from_variant (tree, &commit.tree))
    return ul_throw (error, UL_ERROR_CORRUPT, "commit: invalid dirtree checksum");
  if (!ul_checksum_from_variant (meta, &commit.meta))
    return ul_throw (error, UL_ERROR_CORRUPT, "commit: invalid dirmeta checksum");
  *out = commit;
  commit = (UlCommit){ 0 };
  return TRUE;
}

GVariant *
ul_commit_new (GVariant *metadata, const UlChecksum *parent, const char *subject, const char *body,
               guint64 timestamp, const UlChecksum *tree, const UlChecksum *meta)
{
  if (metadata == NULL)
    metadata = g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
  GVariant *parent_v = parent != NULL ? ul_checksum_to_variant (parent)
                                      : g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, NULL, 0, 1);
  return g_variant_new ("(@a{sv}@ay@a(say)sst@ay@ay)", metadata, parent_v,
                        g_variant_new_array (G_VARIANT_TYPE ("(say)"), NULL, 0),
                        subject != NULL ? subject : "", body != NULL ? body : "",
                        GUINT64_TO_BE (timestamp), ul_checksum_to_variant (tree),
                        ul_checksum_to_variant (meta));
}
