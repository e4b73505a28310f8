// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "cli/diff-side.h"

/* What differs between two trees, as `diff` and `image diff` print it. */

G_BEGIN_DECLS

typedef enum
{
  /* Takes no notice of the root's own metadata, nor of what is in a directory that was a file. */
  UL_DIFF_LIKE_OSTREE,
  UL_DIFF_ALL,
} UlDiffStyle;

/* A line each: letter and path. @title, which may be "", goes before the first. */
gboolean ul_diff_print_text (const UlDiffSide *a, const UlDiffSide *b, UlDiffStyle style,
                             const char *title, GError **error);

/* The same as an array of objects. */
gboolean ul_diff_print_json (const UlDiffSide *a, const UlDiffSide *b, GError **error);

/* How much that is, with all that is below what is gone or new. */
typedef struct
{
  guint64 entries;
  guint64 old_bytes; /* of the content of regular files */
  guint64 new_bytes;
} UlDiffCount;

#define UL_DIFF_KINDS (UL_TREE_CHANGED + 1)

/* @counts: by UlTreeDiffKind. */
gboolean ul_diff_count (const UlDiffSide *a, const UlDiffSide *b, UlDiffCount counts[UL_DIFF_KINDS],
                        GError **error);

G_END_DECLS
