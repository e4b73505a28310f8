// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/dirtree.h"
#include <gio/gio.h>
#include <sys/types.h>

/* Whiteouts: the one place that knows how "NAME is deleted" and "this directory is opaque" are
 * written. Names in, names out; no I/O, no state, any thread. The case tables are in
 * docs/design/whiteouts.md.
 *
 *                 overlayfs                     commit                       OCI layer
 *  NAME deleted   char device 0:0 NAME          empty file .ostree-wh.NAME   empty file .wh.NAME
 *  opaque         xattr {trusted,user}.         xattr trusted.overlay.       empty file
 * .wh..wh..opq overlay.opaque = y            opaque = y
 *
 * Sources: the kernel's overlayfs documentation, the OCI image specification (layer.md), and
 * commits written by ostree 2022.7. */

G_BEGIN_DECLS

/* Who writes the marker decides its prefix. */
typedef enum
{
  UL_WHITEOUT_COMMIT, /* .ostree-wh.NAME */
  UL_WHITEOUT_LAYER,  /* .wh.NAME and .wh..wh..opq */
} UlWhiteoutForm;

typedef enum
{
  UL_WHITEOUT_NONE,    /* content like any other */
  UL_WHITEOUT_DELETED, /* stands for a name that is deleted */
  UL_WHITEOUT_OPAQUE,  /* makes the directory that it is in opaque */
} UlWhiteoutKind;

#define UL_WHITEOUT_COMMIT_PREFIX  ".ostree-wh."
#define UL_WHITEOUT_LAYER_PREFIX   ".wh."
#define UL_WHITEOUT_LAYER_OPAQUE   ".wh..wh..opq"
#define UL_WHITEOUT_OPAQUE_TRUSTED "trusted.overlay.opaque"
#define UL_WHITEOUT_OPAQUE_USER    "user.overlay.opaque"
#define UL_WHITEOUT_OPAQUE_FUSE    "user.fuseoverlayfs.opaque"

/* The other form that overlayfs (kernel 6.7 and later) has of a deleted name: an empty regular file
 * with one of these xattrs, whatever the value, in a directory whose opaque xattr is the byte `x`.
 */
#define UL_WHITEOUT_XATTR_TRUSTED "trusted.overlay.whiteout"
#define UL_WHITEOUT_XATTR_USER    "user.overlay.whiteout"

/* The longest name, in bytes, that a marker in a commit can carry. */
#define UL_WHITEOUT_COMMIT_NAME_MAX (255 - (sizeof UL_WHITEOUT_COMMIT_PREFIX - 1))

/* Does @name begin with the form's prefix, so that it's worth finding out whether the file is
 * empty? */
gboolean ul_whiteout_may_be_marker (UlWhiteoutForm form, const char *name);

/**
 * ul_whiteout_decode:
 * @name: a name in a directory
 * @empty_regular: whether it is an empty regular file; nothing else can be a marker
 * @out_kind: what it is
 * @out_name: for UL_WHITEOUT_DELETED the deleted name, which points into @name; else NULL
 *
 * UL_ERROR_INVALID, with @name in the message, if it is a marker for no valid name.
 */
gboolean ul_whiteout_decode (UlWhiteoutForm form, const char *name, gboolean empty_regular,
                             UlWhiteoutKind *out_kind, const char **out_name, GError **error);

/* The marker for "@name is deleted". UL_ERROR_INVALID if @name is no valid file name, too long to
 * carry the prefix, or, in a layer, one that begins with the prefix itself: `.wh..wh.` is reserved
 * there. */
gboolean ul_whiteout_encode (UlWhiteoutForm form, const char *name, char **out_marker,
                             GError **error);

/* A directory that holds @name, as a file or directory, beside the marker of it says two things at
 * once: UL_ERROR_INVALID, naming the directory @path. */
gboolean ul_whiteout_check_collision (const UlDirtreeView *view, const char *name, const char *path,
                                      GError **error);

/* Is this (st_mode, st_rdev) what overlayfs takes for a whiteout? Mode bits and link count don't
 * matter. */
gboolean ul_whiteout_is_device (mode_t mode, dev_t rdev);

/* Is this xattr one that makes its directory opaque, in the rootful, rootless or fuse-overlayfs
 * form? The value must be the one byte `y`: `x` means something else to the kernel, and everything
 * else means nothing. */
gboolean ul_whiteout_is_opaque_xattr (const char *name, const void *value, gsize len);

/* Take the xattrs that make a directory opaque out of *xattrs, an a(ayay) which is replaced. FALSE
 * if there were none. */
gboolean ul_whiteout_strip_opaque (GVariant **xattrs);

/* Does this xattr of a directory say that whiteouts in it have the xattr form? */
gboolean ul_whiteout_announces_xattr_form (const char *name, const void *value, gsize len);

/* What fuse-overlayfs writes into an opaque directory besides the xattr: device `.wh..opq`, empty
 * file
 * `.wh..wh..opq`. In a directory that is opaque they say nothing new. */
gboolean ul_whiteout_is_fuse_junk (const char *name, mode_t mode, dev_t rdev, guint64 size);

G_END_DECLS
