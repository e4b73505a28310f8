// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

#include "core/checksum.h"

/* The metadata of a content object, and the three serialised forms it has:
 *
 *  - the content header, (uuuusa(ayay)): hashed before the content, never stored;
 *  - the archive header, (tuuuusa(ayay)): at the start of a .filez, with the content's size;
 *  - the bare-user form, (uuua(ayay)): the value of the xattr user.ostreemeta.
 *
 * Integers are big-endian. The two headers stand behind a prefix of 8 bytes: their size as a
 * big-endian u32 and 4 zero bytes. Source: ostree-core.h, and objects written by ostree 2022.7. */

G_BEGIN_DECLS

typedef struct
{
  guint32 uid;
  guint32 gid;
  guint32 mode;         /* S_IFREG or S_IFLNK, and permissions */
  char *symlink_target; /* owned; NULL for a regular file */
  GVariant *xattrs;     /* a(ayay), a reference; never NULL in a filled struct */
} UlFileMeta;

void ul_file_meta_clear (UlFileMeta *meta);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlFileMeta, ul_file_meta_clear)

/* What precedes content in the checksum: prefix and content header. */
GBytes *ul_file_meta_to_content_header (const UlFileMeta *meta);

/* Begin the checksum of a file with that; its content is to follow. */
void ul_file_meta_start_hash (const UlFileMeta *meta, UlHasher *hasher);

/* Prefix and archive header for content of @size bytes (0 for symlinks). */
GBytes *ul_file_meta_to_archive_header (const UlFileMeta *meta, guint64 size);

/* Size in bytes of the archive header with its prefix, from the prefix alone (8 bytes).
 * UL_ERROR_CORRUPT if it is out of bounds: nothing should be allocated for it. */
#define UL_FILE_META_PREFIX_LEN 8
gboolean ul_file_meta_archive_header_size (const guint8 prefix[UL_FILE_META_PREFIX_LEN],
                                           gsize *out_size, GError **error);

/* Parse a whole archive header (prefix included). Checked: normal form, mode, target, xattrs. */
gboolean ul_file_meta_from_archive_header (const void *data, gsize len, UlFileMeta *out,
                                           guint64 *out_size, GError **error);

/* The value of user.ostreemeta. A symlink's target is the object's content, so it isn't in there:
 * from_ leaves symlink_target NULL for the caller to fill in. */
GBytes *ul_file_meta_to_user_xattr (const UlFileMeta *meta);
gboolean ul_file_meta_from_user_xattr (const void *data, gsize len, UlFileMeta *out,
                                       GError **error);

/* Regular file or symlink, and no bits beyond type and permissions. */
gboolean ul_file_meta_validate_mode (guint32 mode, GError **error);

/* An a(ayay) from disk: normal form; names not empty, ended by NUL, none twice. They need not be in
 * order: ostree appends security.selinux to what it reads from a file, and the checksum is over
 * what it has then. So whoever stores or hashes an object that exists keeps the order. */
gboolean ul_file_meta_validate_xattrs (GVariant *xattrs, GError **error);

/* Are they as the kernel's are when they're read, strictly in order? */
gboolean ul_file_meta_xattrs_in_order (GVariant *xattrs);

/* The same in order, to compare (a new reference). */
GVariant *ul_file_meta_sort_xattrs (GVariant *xattrs);

/* The value of xattr @name as `ay` (a new reference), or NULL. */
GVariant *ul_file_meta_find_xattr (GVariant *xattrs, const char *name);

/* @xattrs with @name set to @len bytes, which there is at least one of (a new reference): in order
 * if they were. */
GVariant *ul_file_meta_set_xattr (GVariant *xattrs, const char *name, const void *value, gsize len);

/* Those of @xattrs whose names don't begin with @prefix (a new reference). */
GVariant *ul_file_meta_without_xattrs (GVariant *xattrs, const char *prefix);

/* @xattrs with this SELinux label; as they are if it's NULL (a new reference). */
GVariant *ul_file_meta_set_label (GVariant *xattrs, const char *label);

G_END_DECLS
