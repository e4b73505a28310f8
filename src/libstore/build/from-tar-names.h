// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/from-tar-entry.h"
#include "build/intake.h"

/* The names of an archive, which come in any order, over the tree that was there before: what is at
 * a path so far, what a hardlink stands for. About 150 bytes an entry. One thread; workers fill in
 * the checksums of inodes. Private to build/.
 *
 * A later entry replaces an earlier one of the same name; a file and a directory don't replace each
 * other. A hardlink is what its target is when the link comes, as when the archive is unpacked, and
 * only if the archive has had no such entry yet, what the target is in the end. */

G_BEGIN_DECLS

typedef struct _UlTarName UlTarName;

/* A file or symlink with one or several names. */
typedef struct _UlTarInode UlTarInode;
struct _UlTarInode
{
  UlChecksum checksum;
  UlTarInode *replaced_by;     /* a link that brought content of its own */
  const UlTarName *brought_by; /* the name that its content came with */
};

/* What a directory is that the archive has no entry for. */
typedef enum
{
  UL_TAR_PARENTS_REQUIRED,  /* an error, unless the tree before has it */
  UL_TAR_PARENTS_MADE,      /* 0:0, 0755 */
  UL_TAR_PARENTS_INHERITED, /* as in the layers below: the archive is one (from-tar-layer.h) */
} UlTarParents;

typedef struct _UlTarDir UlTarDir;
typedef struct _UlTarNames UlTarNames;

/* @root is the tree, for which ul_tree_open () isn't called by others until free. */
UlTarNames *ul_tar_names_new (const UlIntake *intake, UlTarParents parents, UlTree *root,
                              GError **error);
void ul_tar_names_free (UlTarNames *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlTarNames, ul_tar_names_free)

/* The directory in which the last component of @path is: *out_name points to that in @path.
 * UL_ERROR_NOT_FOUND if it isn't there and parents aren't to be made. */
gboolean ul_tar_names_enter (UlTarNames *self, const char *path, UlTarDir **out_dir,
                             const char **out_name, GError **error);

/* Does the directory's entry say that it's opaque, or that whiteouts in it have the xattr form? */
gboolean ul_tar_dir_is_opaque (const UlTarDir *dir);
gboolean ul_tar_dir_has_xattr_whiteouts (const UlTarDir *dir);
/* Make it opaque, whatever its entry says. */
void ul_tar_dir_set_opaque (UlTarDir *dir);

/* Directory @path ("" is the root) with the metadata of its entry. */
gboolean ul_tar_names_add_dir (UlTarNames *self, const char *path, const UlFileMeta *meta,
                               GError **error);

/* A file or symlink, whose checksum is to be filled in before finish (). */
gboolean ul_tar_names_add_file (UlTarNames *self, UlTarDir *dir, const char *name,
                                UlTarInode **out_inode, GError **error);
/* The marker for "@name is deleted". */
gboolean ul_tar_names_add_marker (UlTarNames *self, UlTarDir *dir, const char *name,
                                  UlTarInode **out_inode, GError **error);

/* The same of a layer, which is kept in mind: what lies below decides whether there'll be one. */
gboolean ul_tar_names_add_whiteout (UlTarNames *self, UlTarDir *dir, const char *name, guint32 uid,
                                    guint32 gid, GError **error);

/* A hardlink to @target, a path. */
gboolean ul_tar_names_add_link (UlTarNames *self, UlTarDir *dir, const char *name,
                                const char *target, GError **error);
/* One that brought content, which is that of all its other names then. */
gboolean ul_tar_names_add_link_with_content (UlTarNames *self, UlTarDir *dir, const char *name,
                                             const char *target, UlTarInode **out_inode,
                                             GError **error);

/* All checksums are there: resolve links, store dirmetas, complete the tree. */
gboolean ul_tar_names_finish (UlTarNames *self, UlWriter *writer, GError **error);

G_END_DECLS
