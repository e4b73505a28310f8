// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/split-xattrs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/file-meta.h"
#include "repo/objects.h"
#include "repo/transaction-private.h"
#include "util/error.h"
#include "util/fd.h"

#define MAX_SIZE (16 * 1024 * 1024)

static gboolean
write_bytes (UlTransaction *transaction, const char *path, GVariant *xattrs, GError **error)
{
  return ul_fd_replace_file_at (ul_transaction_staging_dfd (transaction), path,
                                g_variant_get_data (xattrs), g_variant_get_size (xattrs), 0644,
                                ul_transaction_syncs_each (transaction), error);
}

/* The file that all links are made of may be what is broken. */
static gboolean
drop_if_broken (UlTransaction *transaction, const UlChecksum *checksum, gboolean *io_has,
                GError **error)
{
  if (!*io_has || !ul_transaction_is_repair (transaction))
    return TRUE;
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  g_autoptr (GBytes) bytes = NULL;
  UlChecksum actual;
  ul_object_loose_path (checksum, UL_OBJECT_FILE_XATTRS, FALSE, path);
  if (!ul_fd_read_file_at (ul_repo_objects_dfd (ul_transaction_repo (transaction)), path, MAX_SIZE,
                           TRUE, &bytes, error))
    return FALSE;
  const gsize len = bytes != NULL ? g_bytes_get_size (bytes) : 0;
  ul_checksum_of_data (len > 0 ? g_bytes_get_data (bytes, NULL) : "", len, &actual);
  *io_has = bytes != NULL && ul_checksum_equal (&actual, checksum);
  if (!*io_has)
    ul_transaction_replace (transaction, UL_OBJECT_FILE_XATTRS, checksum);
  return TRUE;
}

/* Never in place of another's: a link () from a file that is being replaced fails. */
static gboolean
write_shared (UlTransaction *transaction, const char *path, GVariant *xattrs, GError **error)
{
  const int dfd = ul_transaction_staging_dfd (transaction);
  char tmp[UL_STAGED_TMP_MAX];
  ul_transaction_tmp_name (transaction, tmp);
  if (!write_bytes (transaction, tmp, xattrs, error))
    return FALSE;
  const gboolean ok = linkat (dfd, tmp, dfd, path, 0) == 0 || errno == EEXIST
                      || ul_throw_errno (error, "link shared xattrs");
  (void) unlinkat (dfd, tmp, 0);
  return ok;
}

/* In staging, all links are made from a file named for its content; whoever needs it first makes
 * it. */
static gboolean
find_shared (UlTransaction *transaction, const UlChecksum *checksum, GVariant *xattrs, int *out_dfd,
             char **out_path, GError **error)
{
  UlRepo *repo = ul_transaction_repo (transaction);
  gboolean has;
  if (!ul_transaction_has (transaction, UL_OBJECT_FILE_XATTRS, checksum, &has, error)
      || !drop_if_broken (transaction, checksum, &has, error))
    return FALSE;
  if (has)
    {
      char path[UL_OBJECT_LOOSE_PATH_MAX];
      ul_object_loose_path (checksum, UL_OBJECT_FILE_XATTRS, FALSE, path);
      *out_dfd = ul_repo_objects_dfd (repo);
      *out_path = g_strdup (path);
      return TRUE;
    }
  char hex[UL_CHECKSUM_HEX_LEN + 1];
  ul_checksum_to_hex (checksum, hex);
  g_autofree char *shared = g_strconcat ("xattrs-", hex, NULL);
  const int dfd = ul_transaction_staging_dfd (transaction);
  if (faccessat (dfd, shared, F_OK, AT_SYMLINK_NOFOLLOW) != 0
      && !write_shared (transaction, shared, xattrs, error))
    return FALSE;
  *out_dfd = dfd;
  *out_path = g_steal_pointer (&shared);
  return TRUE;
}

static gboolean
stage_link (UlTransaction *transaction, UlObjectType type, const UlChecksum *checksum, int from_dfd,
            const char *from, GVariant *xattrs, GError **error)
{
  gboolean claimed;
  char path[UL_STAGED_PATH_MAX];
  if (!ul_transaction_claim (transaction, type, checksum, &claimed, error))
    return FALSE;
  if (!claimed)
    return TRUE;
  if (!ul_transaction_staged_path (transaction, type, checksum, path, error))
    return FALSE;
  const int dfd = ul_transaction_staging_dfd (transaction);
  if (linkat (from_dfd, from, dfd, path, 0) != 0
      && (errno != EMLINK ? !ul_throw_errno (error, "link xattrs object")
                          : !write_bytes (transaction, path, xattrs, error)))
    return FALSE;
  ul_transaction_staged (transaction, type, checksum);
  return TRUE;
}

gboolean
ul_split_xattrs_stage (UlTransaction *transaction, const UlChecksum *file, GVariant *xattrs,
                       GError **error)
{
  UlChecksum checksum;
  const gsize len = g_variant_get_size (xattrs);
  ul_checksum_of_data (len > 0 ? g_variant_get_data (xattrs) : "", len, &checksum);

  int dfd;
  g_autofree char *shared = NULL;
  return find_shared (transaction, &checksum, xattrs, &dfd, &shared, error)
         && stage_link (transaction, UL_OBJECT_FILE_XATTRS, &checksum, dfd, shared, xattrs, error)
         && stage_link (transaction, UL_OBJECT_FILE_XATTRS_LINK, file, dfd, shared, xattrs, error);
}

gboolean
ul_split_xattrs_load (UlRepo *repo, const UlChecksum *file, GVariant **out_xattrs, GError **error)
{
  char path[UL_OBJECT_LOOSE_PATH_MAX];
  ul_object_loose_path (file, UL_OBJECT_FILE_XATTRS_LINK, FALSE, path);
  g_autoptr (GBytes) bytes = NULL;
  if (!ul_fd_read_file_at (ul_repo_objects_dfd (repo), path, MAX_SIZE, TRUE, &bytes, error))
    return FALSE;
  if (bytes == NULL)
    return ul_throw (error, UL_ERROR_CORRUPT, "has no xattrs link");
  g_autoptr (GVariant) xattrs
      = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE ("a(ayay)"), bytes, FALSE));
  if (!ul_file_meta_validate_xattrs (xattrs, error))
    return FALSE;
  *out_xattrs = g_steal_pointer (&xattrs);
  return TRUE;
}
