// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/checksum.h"
#include "repo/prune.h"
#include "repo/repo.h"

/* What refs take: in all, alone, and together with others; and what no ref or commit needs. Sizes
 * are what the files of objects/ occupy on disk, as du(1) counts. Takes no lock; about 55 bytes an
 * object, and a walk of its whole history for each ref. */

G_BEGIN_DECLS

typedef struct
{
  guint64 objects; /* commits, dirtrees, dirmetas, files; a commit's size includes its detached
                      metadata */
  guint64 bytes;
} UlDfSize;

typedef struct
{
  char *name; /* refspec, or "(COLLECTION, REF)" */
  UlChecksum commit;
  guint64 n_commits; /* of its history that are there */
  UlDfSize total;
  UlDfSize exclusive; /* of it, what no other ref reaches */
} UlDfRef;

typedef struct
{
  guint jobs;           /* 0: all CPUs */
  UlPruneDepth depth;   /* how much of a ref's history counts; zeros: all */
  UlProgress *progress; /* may be NULL */
} UlDfOptions;

typedef struct
{
  GPtrArray *refs;       /* of UlDfRef, sorted by name; aliases aren't among them */
  UlDfSize all;          /* that there is */
  UlDfSize shared;       /* reached by more than one ref */
  UlDfSize unreferenced; /* reached by no ref: what prune with refs_only and depth deletes */
  UlDfSize unreachable;  /* of it, what no commit reaches: what prune deletes without options */
  guint64
      n_missing; /* directories that are missing or broken, so that what is below isn't counted */
} UlDfResult;

void ul_df_result_clear (UlDfResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UlDfResult, ul_df_result_clear)

gboolean ul_df_run (UlRepo *repo, const UlDfOptions *options, UlDfResult *out_result,
                    GError **error);

G_END_DECLS
