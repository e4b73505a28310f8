// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/transaction.h"

/* Copying a single object from one repository into another, of whatever modes: what a pull does for
 * each object of a commit, and a repair for one that is broken. Nothing it refers to is looked at.
 */

G_BEGIN_DECLS

typedef struct
{
  gboolean untrusted;          /* verify everything, share no inode with the source */
  gboolean bareuseronly_files; /* refuse regular files with mode bits beyond 0775 */
} UlImportOptions;

typedef enum
{
  UL_IMPORT_EXISTED, /* it was there, or is staged already */
  UL_IMPORT_LINKED,
  UL_IMPORT_COPIED,
} UlImportKind;

typedef struct
{
  UlImportKind kind;
  guint64 size; /* bytes of content written: none unless copied */
} UlImported;

/**
 * ul_writer_import:
 * @from: the other repository
 * @type: any object but detached metadata, tombstones and what belongs to a mode
 * @options: may be NULL
 *
 * Stage the object @checksum of @from, unless it's there; it's published when the transaction is
 * committed. It's hardlinked where both modes (ul_repo_import_links ()) and the file system let it;
 * else cloned, or packed content copied as it lies; else read, and whatever is read is verified.
 * A link or a clone from a source that is trusted isn't read, so it's as sound as the source.
 *
 * UL_ERROR_NOT_FOUND if @from hasn't the object, UL_ERROR_CORRUPT if it isn't what its name says,
 * UL_ERROR_INVALID if this repository's mode can't hold it. After a failure the transaction is as
 * it was before: the object may be asked of another repository.
 */
gboolean ul_writer_import (UlWriter *writer, UlRepo *from, UlObjectType type,
                           const UlChecksum *checksum, const UlImportOptions *options,
                           UlImported *out, GError **error);

/* Load a metadata object of a repository that may hold anything under its name: verified, and NULL
 * if there is none. A new reference. */
gboolean ul_import_load_metadata (UlRepo *from, UlObjectType type, const UlChecksum *checksum,
                                  GVariant **out_variant, GError **error);

G_END_DECLS
