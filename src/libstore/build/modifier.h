// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/commit.h"

/* Applies a UlModifier to an entry's metadata. Pure, any thread. Private to build/. */

G_BEGIN_DECLS

/* Owner, group and mode (with its file type) of the entry at @path ("/a/b"). */
void ul_modifier_apply (const UlModifier *self, const char *path, guint32 *uid, guint32 *gid,
                        guint32 *mode);

/* Is the entry's path needed at all? Building it for each file costs. */
gboolean ul_modifier_needs_path (const UlModifier *self);

/* May entries at @path change at all, whatever metadata they have? FALSE: nothing need be read. */
gboolean ul_modifier_touches (const UlModifier *self, const char *path);

/* Would apply () leave these as they are? */
gboolean ul_modifier_keeps (const UlModifier *self, const char *path, guint32 uid, guint32 gid,
                            guint32 mode);

/* Is an inode's object more than a matter of the inode, as its paths are treated differently? */
gboolean ul_modifier_treats_by_path (const UlModifier *self);

/* The xattrs that go into the commit for the entry at @path, of type @mode and with @size bytes of
 * content. With retarget_whiteouts, overlayfs's own bookkeeping is dropped, the rootless opaque
 * form becomes the rootful one, and what would lose data (metacopy, redirect, index, protattr) is
 * UL_ERROR_UNSUPPORTED. The policy's label replaces another one; a whiteout is labelled as the
 * device, whose path and type a caller gives that makes the marker of it. Consumes nothing;
 * *out_xattrs is a new reference. */
gboolean ul_modifier_xattrs (const UlModifier *self, const char *path, guint32 mode, guint64 size,
                             GVariant *xattrs, GVariant **out_xattrs, GError **error);

/* The error for an xattr that says that an upper directory has only a part of the file. Always
 * FALSE. */
gboolean ul_modifier_refuse_xattr (const char *name, GError **error);

G_END_DECLS
