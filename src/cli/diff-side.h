// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "build/scan.h"
#include "cli/command.h"
#include "repo/tree-diff.h"

/* One of the two things that diff compares, a commit or a directory, and what is in it. */

G_BEGIN_DECLS

typedef struct
{
  UlTreeDiffSide root;
  UlChecksum commit; /* if it's one */
  UlScan scan;       /* else */
  int fd;            /* of the directory, -1 for a commit */
  const UlModifier *modifier;
} UlDiffSide;

#define UL_DIFF_SIDE_INIT                                                                          \
  {                                                                                                \
    .fd = -1                                                                                       \
  }

/* Does @arg mean a directory, as ostree takes it: "/..." or "./..."? */
gboolean ul_diff_side_is_dir (const char *arg);

/* @modifier applies to directories; it's borrowed. */
gboolean ul_diff_side_open (UlDiffSide *side, UlRepo *repo, const char *arg,
                            const UlModifier *modifier, const UlInvocation *inv, GError **error);
void ul_diff_side_clear (UlDiffSide *side);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlDiffSide, ul_diff_side_clear)

/* What can be said of an entry. */
typedef struct
{
  UlFileMeta meta; /* with the file type of what it is */
  guint64 size;    /* of content */
} UlDiffMeta;

void ul_diff_meta_clear (UlDiffMeta *meta);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlDiffMeta, ul_diff_meta_clear)

/* @path: as tree-diff gives it. */
gboolean ul_diff_side_load (const UlDiffSide *side, const char *path, const UlEntry *entry,
                            UlDiffMeta *out, GError **error);

/* Have the two regular files of the same size the same content? */
gboolean ul_diff_side_same_content (const UlDiffSide *a, const UlEntry *entry_a,
                                    const UlDiffSide *b, const UlEntry *entry_b, const char *path,
                                    gboolean *out_same, GError **error);

G_END_DECLS
