// SPDX-License-Identifier: LGPL-2.1-or-later
#include "repo/sizes.h"

#include <string.h>

#include "core/checksum-set.h"
#include "core/dirtree.h"
#include "repo/mode.h"
#include "repo/objects.h"
#include "repo/transaction-private.h"
#include "util/error.h"
#include "util/fd.h"

typedef struct
{
  UlTransaction *transaction;
  UlRepo *repo;
  UlChecksumSet *seen;
  GArray *sizes;    /* of UlSize */
  GArray *dirtrees; /* of UlChecksum: still to be looked into, as depth comes from disk */
} Listing;

/* Staged by this transaction, or in the repository. */
static gboolean
load_metadata (Listing *listing, UlObjectType type, const UlChecksum *checksum,
               GVariant **out_variant, GError **error)
{
  char path[UL_STAGED_PATH_MAX];
  g_autoptr (GBytes) bytes = NULL;
  if (!ul_objects_load_if_exists (listing->repo, type, checksum, out_variant, error))
    return FALSE;
  if (*out_variant != NULL)
    return TRUE;
  ul_staged_path (checksum, type, TRUE, path);
  if (!ul_fd_read_file_at (ul_transaction_staging_dfd (listing->transaction), path,
                           UL_OBJECT_MAX_METADATA_SIZE, FALSE, &bytes, error))
    return FALSE;
  *out_variant
      = g_variant_ref_sink (g_variant_new_from_bytes (ul_object_variant_type (type), bytes, FALSE));
  return ul_object_validate (type, *out_variant, error);
}

static gboolean
measure_staged (Listing *listing, UlSize *size, gboolean *out_found, GError **error)
{
  char path[UL_STAGED_PATH_MAX];
  g_auto (UlStored) stored = UL_STORED_INIT;
  ul_staged_path (&size->checksum, UL_OBJECT_FILE, TRUE, path);
  if (!ul_mode_open_object (ul_transaction_staging_dfd (listing->transaction), path, out_found,
                            &stored, error))
    return FALSE;
  if (!*out_found)
    return TRUE;
  size->stored = stored.size;
  if (!ul_repo_mode_ops (listing->repo)
           ->load (listing->repo, &size->checksum, path, &stored, error))
    return FALSE;
  size->unpacked
      = stored.meta.symlink_target != NULL ? strlen (stored.meta.symlink_target) : stored.size;
  return TRUE;
}

static gboolean
measure_file (Listing *listing, UlSize *size, GError **error)
{
  gboolean found;
  g_auto (UlFileMeta) meta = { 0 };
  if (!measure_staged (listing, size, &found, error))
    return FALSE;
  if (found)
    return TRUE;
  if (!ul_objects_stored_size (listing->repo, UL_OBJECT_FILE, &size->checksum, &size->stored, error)
      || !ul_objects_load_file_meta (listing->repo, &size->checksum, &meta, &size->unpacked, error))
    return FALSE;
  if (meta.symlink_target != NULL)
    size->unpacked = strlen (meta.symlink_target);
  return TRUE;
}

static gboolean
add_file (Listing *listing, const UlChecksum *checksum, GError **error)
{
  UlSize size = { .checksum = *checksum, .type = UL_OBJECT_FILE };
  if (!ul_checksum_set_add (listing->seen, checksum))
    return TRUE;
  if (!measure_file (listing, &size, error))
    return FALSE;
  g_array_append_val (listing->sizes, size);
  return TRUE;
}

static gboolean
add_metadata (Listing *listing, UlObjectType type, const UlChecksum *checksum,
              GVariant **out_variant, GError **error)
{
  UlSize size = { .checksum = *checksum, .type = type };
  if (!ul_checksum_set_add (listing->seen, checksum))
    return TRUE;
  if (!load_metadata (listing, type, checksum, out_variant, error))
    return FALSE;
  size.stored = size.unpacked = g_variant_get_size (*out_variant);
  g_array_append_val (listing->sizes, size);
  return TRUE;
}

static gboolean
add_dirmeta (Listing *listing, const UlChecksum *checksum, GError **error)
{
  g_autoptr (GVariant) dirmeta = NULL;
  return add_metadata (listing, UL_OBJECT_DIRMETA, checksum, &dirmeta, error);
}

static gboolean
add_dirtree (Listing *listing, const UlChecksum *checksum, GError **error)
{
  g_autoptr (GVariant) dirtree = NULL;
  g_auto (UlDirtreeView) view = { 0 };
  if (!add_metadata (listing, UL_OBJECT_DIRTREE, checksum, &dirtree, error))
    return FALSE;
  if (dirtree == NULL)
    return TRUE; /* seen */
  ul_dirtree_view_init (&view, dirtree);
  for (gsize i = 0; i < view.n_files; i++)
    {
      UlDirtreeFile file;
      ul_dirtree_view_file (&view, i, &file);
      if (!add_file (listing, &file.checksum, error))
        return FALSE;
    }
  for (gsize i = 0; i < view.n_dirs; i++)
    {
      UlDirtreeDir dir;
      ul_dirtree_view_dir (&view, i, &dir);
      if (!add_dirmeta (listing, &dir.meta, error))
        return FALSE;
      g_array_append_val (listing->dirtrees, dir.tree);
    }
  return TRUE;
}

static gboolean
add_all (Listing *listing, const UlChecksum *tree, const UlChecksum *meta, GError **error)
{
  if (!add_dirmeta (listing, meta, error))
    return FALSE;
  g_array_append_vals (listing->dirtrees, tree, 1);
  while (listing->dirtrees->len > 0)
    {
      const guint last = listing->dirtrees->len - 1;
      const UlChecksum next = g_array_index (listing->dirtrees, UlChecksum, last);
      g_array_set_size (listing->dirtrees, last);
      if (!add_dirtree (listing, &next, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ul_transaction_list_sizes (UlTransaction *transaction, const UlChecksum *tree,
                           const UlChecksum *meta, GVariant **out_sizes, GError **error)
{
  UlRepo *repo = ul_transaction_repo (transaction);
  if (!ul_repo_is_compressed (repo))
    {
      *out_sizes = NULL;
      return TRUE;
    }
  g_autoptr (UlChecksumSet) seen = ul_checksum_set_new (0);
  g_autoptr (GArray) sizes = g_array_new (FALSE, FALSE, sizeof (UlSize));
  g_autoptr (GArray) dirtrees = g_array_new (FALSE, FALSE, sizeof (UlChecksum));
  Listing listing = {
    .transaction = transaction,
    .repo = repo,
    .seen = seen,
    .sizes = sizes,
    .dirtrees = dirtrees,
  };
  if (!add_all (&listing, tree, meta, error))
    return ul_prefix (error, "listing sizes");
  *out_sizes = ul_sizes_new ((UlSize *) sizes->data, sizes->len);
  return TRUE;
}
