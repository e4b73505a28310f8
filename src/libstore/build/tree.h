// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/dirtree.h"
#include "repo/repo.h"
#include "repo/transaction.h"

/* A directory tree being built: names and checksums in memory, about 60 bytes a file and its name.
 * Parts taken over from a commit stay a checksum until something below them changes. One thread
 * builds; workers may fill in the checksums of files already added (see from-dir.h), and release
 * directories. Private to build/. */

G_BEGIN_DECLS

typedef struct _UlTree UlTree;

/* As in a dirtree; the name is the tree's. */
typedef UlDirtreeFile UlTreeFile;

UlTree *ul_tree_new (void);
void ul_tree_free (UlTree *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UlTree, ul_tree_free)

/* Make @tree, which is empty, what these objects are, without loading them yet. */
void ul_tree_set_base (UlTree *tree, const UlChecksum *contents, const UlChecksum *meta);

void ul_tree_set_meta (UlTree *tree, const UlChecksum *meta);
gboolean ul_tree_has_meta (UlTree *tree);
/* Its dirmeta, which it has. Belongs to the tree. */
const UlChecksum *ul_tree_meta (UlTree *tree);

/* Neither entries nor metadata nor a base: a directory that was just made. */
gboolean ul_tree_is_blank (UlTree *tree);
/* Has it no entries? Asked after open (). */
gboolean ul_tree_is_empty (UlTree *tree);

/* Before entries are added to a directory: load what it stands for, sort what it has. */
gboolean ul_tree_open (UlTree *tree, UlRepo *repo, GError **error);

/* Add or replace a file; its checksum is to be filled in. UL_ERROR_EXISTS where a directory was
 * before open (). The name is copied. */
gboolean ul_tree_add_file (UlTree *tree, const char *name, GError **error);
/* Files added since open (), in the order added; the array stays where it is until the next add or
 * open. */
UlTreeFile *ul_tree_added_files (UlTree *tree, guint *out_n);

/* Was there a file or directory of that name before open ()? */
gboolean ul_tree_had (UlTree *tree, const char *name);
/* The same, and what it was; NULL if it wasn't that. The file belongs to the tree, until the next
 * add. */
UlTree *ul_tree_had_dir (UlTree *tree, const char *name);
const UlTreeFile *ul_tree_had_file (UlTree *tree, const char *name);

/* The subdirectory @name, made if it isn't there. UL_ERROR_EXISTS where a file was before open ().
 */
gboolean ul_tree_ensure_dir (UlTree *tree, const char *name, UlTree **out_child, GError **error);

/* Look a path up. *out_file or *out_dir is set, or neither if nothing is there. Loads what it
 * passes. */
gboolean ul_tree_lookup (UlTree *tree, UlRepo *repo, const char *name, UlTree **out_dir,
                         const UlTreeFile **out_file, GError **error);

/* Names of the subdirectories, sorted; borrowed pointers. */
gboolean ul_tree_list_dirs (UlTree *tree, UlRepo *repo, GPtrArray **out_names, GError **error);

/* Call @func for each file ("/a/b") of a tree of which nothing is written yet, with its number as
 * core/hardlinks.h counts. All of it gets loaded. UL_ERROR_UNSUPPORTED if there are too many. */
typedef void (*UlTreeFileFunc) (const char *path, guint32 number, const UlChecksum *checksum,
                                gpointer data);
gboolean ul_tree_foreach_file (UlTree *root, UlRepo *repo, UlTreeFileFunc func, gpointer data,
                               GError **error);

/* Writing a directory's dirtree as soon as everything in it is known, by whoever comes last. Each
 * hold keeps the directory, and those above it, from being written; the first hold on a directory
 * is taken while somebody holds the one above. Any thread may release, with a writer of its own.
 * The last release writes, and then nothing may be added any more: ul_tree_write () finds it done.
 */
void ul_tree_hold (UlTree *tree);
gboolean ul_tree_release (UlTree *tree, UlWriter *writer, GError **error);

/* Write the dirtrees, deepest first. Empties the tree as it goes. Every directory has its meta. */
gboolean ul_tree_write (UlTree *tree, UlWriter *writer, UlChecksum *out_contents,
                        UlChecksum *out_meta, GError **error);

G_END_DECLS
