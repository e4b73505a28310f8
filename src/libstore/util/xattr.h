// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gio/gio.h>

/* Extended attributes of files as a GVariant a(ayay): (name with its NUL, value), sorted by name.
 * That is the form all of OSTree's formats carry. The returned variants are normal and not
 * floating. */

G_BEGIN_DECLS

/* The list without entries; the same for everyone, never freed. */
GVariant *ul_xattr_empty (void);

/* All xattrs of an open file or directory that have a value: OSTree knows no empty ones. A file
 * system without xattrs gives the empty list. */
gboolean ul_xattr_read_fd (int fd, GVariant **out_xattrs, GError **error);

/* All xattrs of @name (one component) below @dfd, of a symlink itself. */
gboolean ul_xattr_read_at (int dfd, const char *name, GVariant **out_xattrs, GError **error);

/* Is the attribute there, whatever its value? What the lists above leave out, empty ones, counts. A
 * file system without xattrs has none. */
gboolean ul_xattr_has_fd (int fd, const char *xattr, gboolean *out_has, GError **error);
gboolean ul_xattr_has_at (int dfd, const char *name, const char *xattr, gboolean *out_has,
                          GError **error);

/* The POSIX ACLs that what is made in a directory gets from that directory's default ACL: its own,
 * and of a directory its default one. */
#define UL_XATTR_ACL_ACCESS  "system.posix_acl_access"
#define UL_XATTR_ACL_DEFAULT "system.posix_acl_default"

/* The SELinux label, which ends with a NUL. */
#define UL_XATTR_SELINUX "security.selinux"

/* Remove the attribute; *out_had (may be NULL): was it there? */
gboolean ul_xattr_drop_fd (int fd, const char *xattr, gboolean *out_had, GError **error);

/* Set every attribute in @xattrs; others stay. */
gboolean ul_xattr_write_fd (int fd, GVariant *xattrs, GError **error);
gboolean ul_xattr_write_at (int dfd, const char *name, GVariant *xattrs, GError **error);

G_END_DECLS
