// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "repo/objects.h"

/* What differs between two trees of directories, A and B. Directories with the same checksum are
 * skipped, so it takes time by what changed, not by what there is; files and dirmetas are compared
 * by checksum and not read. One thread; the depth of the trees isn't on the C stack. */

G_BEGIN_DECLS

/* The valid dirtree @tree of trees that are made when they're needed, a new reference; *out is NULL
 * where it's the repository's. Names of such trees may be anything, as long as equal ones are of
 * equal trees. */
typedef gboolean (*UlTreeDiffMake) (const UlChecksum *tree, gpointer data, GVariant **out,
                                    GError **error);

/* A root directory. */
typedef struct
{
  UlRepo *repo; /* NULL if @objects has all */
  UlChecksum tree;
  UlChecksum meta;
  GHashTable *objects; /* UlChecksum * -> GVariant *, valid dirtrees that are not in a repository;
                          NULL: none */
  UlTreeDiffMake make; /* asked for what isn't among them; NULL: nothing to ask */
  gpointer make_data;
} UlTreeDiffSide;

typedef enum
{
  UL_TREE_ADDED,   /* only in B */
  UL_TREE_REMOVED, /* only in A */
  /* In both: files of different checksums, directories of different dirmetas, or a file and a
   * directory. A directory whose contents alone differ isn't reported, only these. */
  UL_TREE_CHANGED,
  UL_TREE_INSIDE, /* with UL_TREE_DIFF_INSIDE: a directory that is in both as it is, and contents
                     differ */
} UlTreeDiffKind;

typedef enum
{
  UL_TREE_DIFF_INSIDE = 1 << 0, /* report the directories on the way, too */
} UlTreeDiffFlags;

typedef struct
{
  UlTreeDiffKind kind;
  const char *path; /* "/a/b"; "/" is the root, which can only be CHANGED or INSIDE */
  const char *name; /* its last component, "" for the root */
  const UlEntry *a; /* NULL if ADDED */
  const UlEntry *b; /* NULL if REMOVED */
} UlTreeDiffEntry;

/* Called for each difference, directories before what is in them: in each directory first what is
 * in A, files by name, then subdirectories by name, each with all below it; then what is only in B,
 * in the same order. What is below a directory that has no counterpart (of an entry that is ADDED,
 * REMOVED, or a directory on one side alone) is reported only if *descend, which is FALSE before,
 * is set. FALSE ends the walk with the error. */
typedef gboolean (*UlTreeDiffFunc) (const UlTreeDiffEntry *entry, gboolean *descend, gpointer data,
                                    GError **error);

/* UL_ERROR_NOT_FOUND or UL_ERROR_CORRUPT for a dirtree that is needed and can't be loaded. */
gboolean ul_tree_diff (const UlTreeDiffSide *a, const UlTreeDiffSide *b, UlTreeDiffFlags flags,
                       UlTreeDiffFunc func, gpointer data, GError **error);

G_END_DECLS
