// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/split-xattrs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "core/file-meta.h"
#include "repo/objects.h"
#include "repo/transaction-private.h"
#include "util/error.h"
#include "util/fd.h"

#define MAX_SIZE (16 * 1024 * 1024)

/* In staging, all links are made from a file named for its content; whoever needs it first makes
 * it. */
static gboolean
make_shared (int dfd, const char *shared, GVariant *xattrs, GError **error)
{
  return ul_fd_replace_file_at (dfd, shared, g_variant_get_data (xattrs),
                                g_variant_get_size (xattrs), 0644, FALSE, error);
}

static gboolean
stage_link (UlTransaction *transaction, UlObjectType type, const UlChecksum *checksum, int from_dfd,
            const char *from, GVariant *xattrs, GError **error)
{
  if (!ul_transaction_claim (transaction, type, checksum))
    return TRUE;
  const int dfd = ul_transaction_staging_dfd (transaction);
  char name[UL_STAGED_NAME_MAX];
  ul_transaction_next_name (transaction, name);
  if (linkat (from_dfd, from, dfd, name, 0) != 0)
    {
      if (errno != EMLINK)
        return ul_throw_errno (error, "link xattrs object");
      if (!make_shared (dfd, name, xattrs, error))
        return FALSE;
    }
  ul_transaction_staged (transaction, type, checksum, name);
  return TRUE;
}

gboolean
ul_split_xattrs_stage (UlTransaction *transaction, const UlChecksum *file, GVariant *xattrs,
                       GError **error)
{
  UlRepo *repo = ul_transaction_repo (transaction);
  UlChecksum checksum;
  const gsize len = g_variant_get_size (xattrs);
  ul_checksum_of_data (len > 0 ? g_variant_get_data (xattrs) : "", len, &checksum);

  gboolean has;
  if (!ul_objects_has (repo, UL_OBJECT_FILE_XATTRS, &checksum, &has, error))
    return FALSE;
  if (has)
    {
      char path[UL_OBJECT_LOOSE_PATH_MAX];
      ul_object_loose_path (&checksum, UL_OBJECT_FILE_XATTRS, FALSE, path);
      return stage_link (transaction, UL_OBJECT_FILE_XATTRS_LINK, file, ul_repo_objects_dfd (repo),
                         path, xattrs, error);
    }

  const int dfd = ul_transaction_staging_dfd (transaction);
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (&checksum, hex);
  g_autofree char *shared = g_strconcat ("xattrs-", hex, NULL);
  if (faccessat (dfd, shared, F_OK, AT_SYMLINK_NOFOLLOW) != 0
      && !make_shared (dfd, shared, xattrs, error))
    return FALSE;
  return stage_link (transaction, UL_OBJECT_FILE_XATTRS, &checksum, dfd, shared, xattrs, error)
         && stage_link (transaction, UL_OBJECT_FILE_XATTRS_LINK, file, dfd, shared, xattrs, error);
}

gboolean
ul_split_xattrs_load (UlRepo *repo, const UlChecksum *file, GVariant **out_xattrs, GError **error)
{
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (file, UL_OBJECT_FILE_XATTRS_LINK, FALSE, path);
  g_autoptr (GBytes) bytes = NULL;
  if (!ul_fd_read_file_at (ul_repo_objects_dfd (repo), path, MAX_SIZE, FALSE, &bytes, error))
    return FALSE;
  g_autoptr (GVariant) xattrs
      = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE ("a(ayay)"), bytes, FALSE));
  if (!ul_file_meta_validate_xattrs (xattrs, error))
    return FALSE;
  *out_xattrs = g_steal_pointer (&xattrs);
  return TRUE;
}
