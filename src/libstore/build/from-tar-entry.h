// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/commit.h"
#include "core/file-meta.h"
#include "core/tar-path.h"
#include "util/archive.h"

/* An archive's entry, taken apart and checked. Private to build/. */

G_BEGIN_DECLS

typedef struct
{
  char *path;     /* "a/b", "" for the root; renamed already, valid names only */
  char *hardlink; /* the same of what it is a link to, or NULL */
  dev_t rdev;
  guint64 size;    /* of the content that follows; 0 if none does */
  gboolean sparse; /* the content may have holes, also at its end */
  /* uid, gid, mode with file type, target, xattrs: as in the archive, no modifier applied. The type
   * is any, and for a hardlink as good as none. */
  UlFileMeta meta;
  gboolean xattr_whiteout; /* has the (empty) xattr that overlayfs writes for a deleted name */
} UlTarEntry;

/* UL_ERROR_CORRUPT or UL_ERROR_UNSUPPORTED for what can't be stored. */
gboolean ul_tar_entry_read (const UlArchive *lib, struct archive_entry *entry,
                            const UlModifier *modifier, const UlTarOptions *options,
                            UlTarEntry *out, GError **error);
void ul_tar_entry_clear (UlTarEntry *entry);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlTarEntry, ul_tar_entry_clear)

/* The ACL of @type (ARCHIVE_ENTRY_ACL_TYPE_ACCESS or _DEFAULT) in the form of the kernel's xattr;
 * *out is NULL if the entry has none that says more than the mode. With an access ACL, *mode gets
 * its mask for the group's bits, as in a file system. */
gboolean ul_tar_acl_read (const UlArchive *lib, struct archive_entry *entry, int type,
                          GByteArray **out, guint32 *mode, GError **error);

G_END_DECLS
